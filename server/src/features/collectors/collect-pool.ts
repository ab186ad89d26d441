/** The threads that read what collectors send, with a bound on what may wait for them. A thread that dies takes its requests along, which the senders repeat. */
import { Worker } from 'node:worker_threads';
import { ApiError } from '@merlon/contract';
import type { Collected, CollectRequest, HostDecision, HostSeen } from './collect-batch.ts';
import type { FromWorker, ToWorker } from './collect-worker.ts';

export interface CollectWork {
  readonly tenantId: string;
  readonly collectorId: string;
  readonly request: CollectRequest;
  readonly retentionDays: number;
  /** Which hosts the collector may speak for. */
  decide(hosts: readonly HostSeen[]): Promise<readonly HostDecision[]>;
  /** Puts the records into the log. What it throws is what the request is answered. */
  keep(collected: Collected): Promise<void>;
}

export interface CollectPool {
  /** Throws ApiError: the request's refusal, or TooManyRequests when too much waits already. */
  run(work: CollectWork): Promise<Collected>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
  readonly worker: number;
}

const BUSY_RETRY_S = 2;
/** A record may come to many times its size as objects. */
const HEAP_MB = 1024;
/** The rows of a request live until it is answered: with less they would be moved about meanwhile. */
const YOUNG_MB = 64;

export function startCollectPool(options: {
  workers: number;
  workerUrl: URL;
  maxWaitingBytes: number;
}): CollectPool {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let waitingBytes = 0;
  let closed = false;

  const open = (index: number): Worker => {
    const worker = new Worker(options.workerUrl, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', (message: FromWorker) => {
      const entry = waiting.get(message.id);
      waiting.delete(message.id);
      entry?.resolve(message);
    });
    const failed = (detail: string) => {
      for (const [id, entry] of waiting) {
        if (entry.worker !== index) continue;
        waiting.delete(id);
        entry.reject(unavailable(detail));
      }
      workers[index] = undefined;
    };
    worker.on('error', (error) => failed(error.message));
    worker.on('exit', (code) => {
      if (!closed && code === 0) failed('a collecting worker ended');
    });
    worker.unref();
    return worker;
  };
  /** Each begins with what is first asked of it: most servers have no collectors. */
  const workers: (Worker | undefined)[] = [];

  const ask = (index: number, message: ToWorker): Promise<FromWorker> =>
    new Promise((resolve, reject) => {
      waiting.set(message.id, { resolve, reject, worker: index });
      workers[index] ??= open(index);
      workers[index].postMessage(message);
    });

  return {
    async run({ tenantId, collectorId, request, retentionDays, decide, keep }) {
      const bytes = request.body.byteLength;
      if (closed) throw unavailable('the server stops');
      if (waitingBytes + bytes > options.maxWaitingBytes)
        throw new ApiError('TooManyRequests', 'Too much of what collectors send waits already.', {
          retryAfterSeconds: BUSY_RETRY_S,
        });
      const worker = threadOf(collectorId, options.workers);
      const id = nextId++;
      waitingBytes += bytes;
      let kept = false;
      try {
        const mapped = await ask(worker, { kind: 'map', id, tenantId, request });
        if (mapped.kind === 'refused') throw new ApiError(mapped.refusal.code, mapped.refusal.message);
        if (mapped.kind !== 'mapped') throw new Error(`a collecting worker answered ${mapped.kind}`);
        const decisions = await decide(mapped.hosts);
        const shaped = await ask(worker, { kind: 'shape', id, decisions, retentionDays });
        if (shaped.kind !== 'shaped') throw new Error(`a collecting worker answered ${shaped.kind}`);
        await keep(shaped.collected);
        kept = true;
        return shaped.collected;
      } finally {
        waitingBytes -= bytes;
        workers[worker]?.postMessage({ kind: 'done', id, kept } satisfies ToWorker);
      }
    },
    async close() {
      closed = true;
      await Promise.all(workers.map((worker) => worker?.terminate()));
      for (const { reject } of waiting.values()) reject(unavailable('the server stops'));
      waiting.clear();
    },
  };
}

/** The same one for everything a collector sends. */
function threadOf(collectorId: string, workers: number): number {
  return Number.parseInt(collectorId.slice(0, 8), 16) % workers;
}

function unavailable(privateDetail: string): ApiError {
  return new ApiError('ServiceUnavailable', undefined, { retryAfterSeconds: 1, privateDetail });
}
