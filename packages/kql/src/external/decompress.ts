import { gunzipSync, inflateRawSync } from 'node:zlib';
import { ExternalError } from './external-error.ts';

/** Bytes of a file once unpacked. */
export const maxUnpackedBytes = 64 * 1024 * 1024;

/** The files behind an address: gzip and zip are told by how they begin, whatever the address ends in. */
export function unpacked(bytes: Uint8Array): Uint8Array[] {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    return [unpack(() => gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes }))];
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5)) return unzipped(bytes);
  return [bytes];
}

function unpack(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    const isLarge = error instanceof RangeError;
    throw new ExternalError(
      isLarge ? `a file of more than ${maxUnpackedBytes} bytes` : 'a damaged compressed file',
    );
  }
}

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const [stored, deflated] = [0, 8];

/** The files of a zip archive by its directory, which is at its end. */
function unzipped(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files: Uint8Array[] = [];
  let total = 0;
  return unpackArchive(() => {
    const end = directoryEnd(view);
    const entries = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    for (let index = 0; index < entries; index++) {
      if (view.getUint32(at, true) !== directoryEntry) throw new RangeError('no entry');
      const method = view.getUint16(at + 10, true);
      const [packedSize, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
      const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
      const header = view.getUint32(at + 42, true);
      const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
      const packed = bytes.subarray(start, start + packedSize);
      at += 46 + lengths.reduce((sum, length) => sum + length, 0);
      if (size === 0) continue;
      total += size;
      if (total > maxUnpackedBytes) throw new ExternalError(`files of more than ${maxUnpackedBytes} bytes`);
      if (method === stored) files.push(packed);
      else if (method === deflated)
        files.push(unpack(() => inflateRawSync(packed, { maxOutputLength: size })));
      else throw new ExternalError('a zip archive packed in another way than deflate');
    }
    return files;
  });
}

/** A damaged archive points outside itself. */
function unpackArchive(work: () => Uint8Array[]): Uint8Array[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExternalError) throw error;
    throw new ExternalError('a damaged compressed file');
  }
}

/** The record at the end may be followed by a comment of up to 64 KiB. */
function directoryEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === endOfDirectory) return at;
  }
  throw new RangeError('no directory');
}
