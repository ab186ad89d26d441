/** A few worker threads that shape batches, with a bound on what may wait for them. */
import { Worker } from 'node:worker_threads';
import { ApiError } from '@merlon/contract';
import type { BatchHeader } from './batch-record.ts';
import type { Encoding } from './shape-batch.ts';
import type { ShapeAnswer, ShapedRecord, ShapeJob } from './shape-worker.ts';

export interface Shaper {
  /** Throws ApiError: the batch's refusal, or `ServiceUnavailable` when too much waits already. */
  shape(body: Buffer, encoding: Encoding, stamp: BatchHeader): Promise<ShapedRecord>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (batch: ShapedRecord) => void;
  readonly reject: (error: Error) => void;
  readonly bytes: number;
  readonly worker: number;
}

export function startShaper(options: {
  workers: number;
  workerUrl: URL;
  maxWaitingBytes: number;
  retentionDays: number;
}): Shaper {
  const waiting = new Map<number, Waiting>();
  const load = Array.from({ length: options.workers }, () => 0);
  let nextId = 1;
  let waitingBytes = 0;
  let closed = false;

  const settle = (id: number): Waiting | undefined => {
    const entry = waiting.get(id);
    if (!entry) return undefined;
    waiting.delete(id);
    waitingBytes -= entry.bytes;
    load[entry.worker] = (load[entry.worker] ?? 1) - 1;
    return entry;
  };

  const open = (index: number): Worker => {
    const worker = new Worker(options.workerUrl);
    worker.on('message', ({ id, result }: ShapeAnswer) => {
      const entry = settle(id);
      if (!entry) return;
      if ('refused' in result) entry.reject(new ApiError(result.refused.code, result.refused.message));
      else entry.resolve(result);
    });
    const failed = (detail: string) => {
      for (const [id, entry] of waiting) {
        if (entry.worker !== index) continue;
        settle(id);
        entry.reject(unavailable(detail));
      }
      if (!closed) workers[index] = open(index);
    };
    worker.on('error', (error) => failed(error.message));
    worker.on('exit', (code) => {
      if (!closed && code === 0) failed('a shaping worker ended');
    });
    worker.unref();
    return worker;
  };
  const workers: Worker[] = [];
  for (let i = 0; i < options.workers; i++) workers.push(open(i));

  return {
    shape(body, encoding, stamp) {
      if (closed || waitingBytes + body.length > options.maxWaitingBytes) {
        return Promise.reject(unavailable('too many batches wait to be shaped'));
      }
      const index = load.indexOf(Math.min(...load));
      const id = nextId++;
      waitingBytes += body.length;
      load[index] = (load[index] ?? 0) + 1;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, bytes: body.length, worker: index });
        const job: ShapeJob = { id, body, encoding, stamp, retentionDays: options.retentionDays };
        workers[index]?.postMessage(job);
      });
    },
    async close() {
      closed = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
      for (const id of [...waiting.keys()]) settle(id)?.reject(unavailable('the server stops'));
    },
  };
}

function unavailable(privateDetail: string): ApiError {
  return new ApiError('ServiceUnavailable', undefined, { retryAfterSeconds: 1, privateDetail });
}
