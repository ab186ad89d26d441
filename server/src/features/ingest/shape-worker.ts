/** Worker thread: shapes batches one after another. */
import { parentPort } from 'node:worker_threads';
import type { BatchHeader, BatchSection } from './batch-record.ts';
import { type Encoding, type ShapedBatch, shapeBatch } from './shape-batch.ts';

export interface ShapeJob {
  readonly id: number;
  readonly body: Uint8Array;
  readonly encoding: Encoding;
  readonly stamp: BatchHeader;
}

parentPort?.on('message', (job: ShapeJob) => {
  const result = shapeBatch(job.body, job.encoding, job.stamp);
  const sections: readonly BatchSection[] =
    'refused' in result ? [] : (result satisfies ShapedBatch).sections;
  // Buffers made from strings may share the allocation pool, which cannot be moved: move only whole allocations.
  const movable = sections
    .map((section) => section.ndjson)
    .filter((b) => b.byteOffset === 0 && b.byteLength === b.buffer.byteLength)
    .map((b) => b.buffer as ArrayBuffer);
  parentPort?.postMessage({ id: job.id, result }, movable);
});
