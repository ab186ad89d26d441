/**
 * Records of the log as the export thread holds them: rendered once for all settings of their tenant, and kept within a bound for those that
 * come to them later. A job keeps hold of its own records itself, so what is forgotten here is only made again.
 */
import type { ExportRecord } from '@merlon/destinations';
import type { BlockRow } from '@merlon/event-store/row-block';
import { type BatchRecord, decodeBatchRecord } from '../ingest/index.ts';
import { renderSection } from './record-text.ts';

export interface RenderedSection {
  readonly rows: readonly BlockRow[];
  readonly records: readonly ExportRecord[];
}

/** One record of the log: a batch of a device. */
export class HeldRecord {
  readonly batch: BatchRecord;
  readonly #sections = new Map<string, RenderedSection>();
  readonly #grown: (bytes: number) => void;

  constructor(payload: Buffer, grown: (bytes: number) => void) {
    this.batch = decodeBatchRecord(payload);
    this.#grown = grown;
  }

  section(table: string): RenderedSection {
    const known = this.#sections.get(table);
    if (known) return known;
    const all = this.batch.sections
      .filter((section) => section.table === table)
      .map((section) => renderSection(this.batch, section));
    const rendered: RenderedSection = {
      rows: all.flatMap(({ rows }) => rows),
      records: all.flatMap(({ records }) => records),
    };
    this.#sections.set(table, rendered);
    this.#grown(rendered.records.reduce((sum, { json }) => sum + json.length, 0));
    return rendered;
  }
}

export class RenderedRecords {
  readonly #held = new Map<string, { record: HeldRecord; bytes: number }>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  find(key: string): HeldRecord | undefined {
    const entry = this.#held.get(key);
    if (entry === undefined) return undefined;
    // Map order is the order of use that eviction goes by.
    this.#held.delete(key);
    this.#held.set(key, entry);
    return entry.record;
  }

  add(key: string, payload: Buffer): HeldRecord {
    const known = this.find(key);
    if (known !== undefined) return known;
    const entry = { record: new HeldRecord(payload, (bytes) => this.#grow(entry, bytes)), bytes: 0 };
    this.#held.set(key, entry);
    this.#grow(entry, payload.length);
    return entry.record;
  }

  #grow(entry: { bytes: number; readonly record: HeldRecord }, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
    for (const [key, oldest] of this.#held) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#held.delete(key);
      this.#bytes -= oldest.bytes;
    }
  }
}
