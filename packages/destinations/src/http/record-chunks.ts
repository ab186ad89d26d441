/** Cuts a batch into parts of bounded size, in order. The same records give the same parts. */
import type { ExportRecord } from '../destination.ts';

export interface ChunkLimits {
  readonly records: number;
  /** Of the texts; one record alone may be larger. */
  readonly bytes: number;
}

export function* recordChunks<T>(
  records: readonly ExportRecord[],
  limits: ChunkLimits,
  encode: (record: ExportRecord) => T,
  sizeOf: (encoded: T) => number,
): Generator<{ readonly records: readonly ExportRecord[]; readonly encoded: readonly T[] }> {
  let start = 0;
  let bytes = 0;
  let encoded: T[] = [];
  for (const [index, record] of records.entries()) {
    const one = encode(record);
    const size = sizeOf(one);
    if (encoded.length > 0 && (encoded.length >= limits.records || bytes + size > limits.bytes)) {
      yield { records: records.slice(start, index), encoded };
      start = index;
      bytes = 0;
      encoded = [];
    }
    encoded.push(one);
    bytes += size;
  }
  if (encoded.length > 0) yield { records: records.slice(start), encoded };
}
