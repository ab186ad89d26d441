/** Worker thread: shapes one batch after another and hands over the record that the log keeps. */
import { parentPort } from 'node:worker_threads';
import { type BatchHeader, encodeBatchRecord } from './batch-record.ts';
import { type BatchRefusal, type Encoding, type ShapedBatch, shapeBatch } from './shape-batch.ts';

export interface ShapeJob {
  readonly id: number;
  readonly body: Uint8Array;
  readonly encoding: Encoding;
  readonly stamp: BatchHeader;
  readonly retentionDays: number;
}

export interface ShapedRecord extends Omit<ShapedBatch, 'sections'> {
  readonly record: Uint8Array<ArrayBuffer>;
}

export interface ShapeAnswer {
  readonly id: number;
  readonly result: ShapedRecord | BatchRefusal;
}

parentPort?.on('message', ({ id, body, encoding, stamp, retentionDays }: ShapeJob) => {
  const shaped = shapeBatch(body, encoding, stamp, retentionDays);
  if ('refused' in shaped) {
    parentPort?.postMessage({ id, result: shaped } satisfies ShapeAnswer);
    return;
  }
  const { sections, ...counts } = shaped;
  const bytes = encodeBatchRecord(stamp, sections);
  const record = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  parentPort?.postMessage({ id, result: { ...counts, record } } satisfies ShapeAnswer, [record.buffer]);
});
