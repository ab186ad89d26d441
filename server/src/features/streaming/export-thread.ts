/** The export thread, seen from the server: opened streams are kept so that a new thread can be told again when one ends. */
import { Worker } from 'node:worker_threads';
import type {
  DeliveryFailure,
  DeliveryOutcome,
  DestinationSpec,
  FromExporter,
  RowCount,
  StreamSpec,
  ToExporter,
} from './export-protocol.ts';
import type { ExporterData } from './export-worker.ts';

export interface ExportBatch {
  /** Names the record for ever: what has it already is not handed over again. */
  readonly key: string;
  readonly payload: Buffer;
}

type DeliverOptions = Pick<Extract<ToExporter, { kind: 'deliver' }>, 'skip' | 'refusedBefore' | 'limits'>;

export interface ExportThread {
  open(stream: StreamSpec): void;
  close(stream: string): void;
  /** Rejects when the thread ends meanwhile, or meets a defect; ask again. */
  deliver(
    stream: string,
    batches: readonly ExportBatch[],
    options: DeliverOptions,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome>;
  /** What of the records would go out, and what would not. */
  count(
    stream: string,
    batches: readonly ExportBatch[],
    signal: AbortSignal,
  ): Promise<{ chosen: readonly RowCount[]; leftOut: readonly RowCount[] }>;
  /** Null: the settings work. */
  probe(
    destination: DestinationSpec,
    tables: readonly string[],
    signal: AbortSignal,
  ): Promise<DeliveryFailure | null>;
  end(): Promise<void>;
}

type Answer = Exclude<FromExporter, { kind: 'need' }>;

interface Pending {
  readonly batches: ReadonlyMap<string, Buffer>;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export function startExportThread(options: { workerUrl: URL; data: ExporterData }): ExportThread {
  const streams = new Map<string, StreamSpec>();
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let ended = false;
  let nextJob = 1;

  const send = (message: ToExporter, transfer: ArrayBuffer[] = []) =>
    running().postMessage(message, transfer);

  const running = (): Worker => {
    if (worker) return worker;
    const started = new Worker(options.workerUrl, { workerData: options.data });
    started.unref();
    started.on('message', (message: FromExporter) => {
      const waiting = pending.get(message.job);
      if (waiting === undefined) return;
      if (message.kind === 'need') {
        const { payloads, memory } = copied(message.keys.map((key) => waiting.batches.get(key)));
        send({ kind: 'records', job: message.job, payloads }, [memory]);
        return;
      }
      pending.delete(message.job);
      if (message.kind === 'broken') waiting.reject(new Error(message.message));
      else waiting.resolve(message);
    });
    const gone = (error: Error) => {
      // An error is followed by the exit, by which time another thread may be at work.
      if (worker !== started) return;
      worker = null;
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    };
    started.on('error', gone);
    started.on('exit', (code) => gone(new Error(`the export thread ended with code ${code}`)));
    worker = started;
    for (const stream of streams.values()) started.postMessage({ kind: 'open', stream } satisfies ToExporter);
    return started;
  };

  async function ask<K extends Answer['kind']>(
    answers: K,
    batches: readonly ExportBatch[],
    question: (job: number) => ToExporter,
    signal: AbortSignal,
  ): Promise<Extract<Answer, { kind: K }>> {
    if (ended) throw new Error('the export thread has ended');
    signal.throwIfAborted();
    const job = nextJob++;
    const abort = () => worker?.postMessage({ kind: 'abort', job } satisfies ToExporter);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        pending.set(job, {
          batches: new Map(batches.map(({ key, payload }) => [key, payload])),
          resolve,
          reject,
        });
        send(question(job));
      });
      if (answer.kind !== answers)
        throw new Error(`the export thread answered ${answer.kind}, not ${answers}`);
      return answer as Extract<Answer, { kind: K }>;
    } finally {
      signal.removeEventListener('abort', abort);
      pending.delete(job);
    }
  }

  return {
    open(stream) {
      streams.set(stream.id, stream);
      worker?.postMessage({ kind: 'open', stream } satisfies ToExporter);
    },
    close(stream) {
      streams.delete(stream);
      worker?.postMessage({ kind: 'close', stream } satisfies ToExporter);
    },
    async deliver(stream, batches, how, signal) {
      const keys = batches.map(({ key }) => key);
      const question = (job: number): ToExporter => ({ kind: 'deliver', job, stream, keys, ...how });
      return (await ask('delivered', batches, question, signal)).outcome;
    },
    async count(stream, batches, signal) {
      const keys = batches.map(({ key }) => key);
      return ask('counted', batches, (job) => ({ kind: 'count', job, stream, keys }), signal);
    },
    async probe(destination, tables, signal) {
      return (await ask('probed', [], (job) => ({ kind: 'probe', job, destination, tables }), signal))
        .failure;
    },
    async end() {
      ended = true;
      const ending = worker;
      worker = null;
      for (const { reject } of pending.values()) reject(new Error('the server stops'));
      pending.clear();
      await ending?.terminate();
    },
  };
}

/** Payloads are the log's memory, which must stay here: they are copied once, into memory that changes hands. */
function copied(payloads: readonly (Buffer | undefined)[]): { payloads: Uint8Array[]; memory: ArrayBuffer } {
  const memory = new ArrayBuffer(payloads.reduce((sum, payload) => sum + (payload?.length ?? 0), 0));
  let at = 0;
  const copies = payloads.map((payload) => {
    const copy = new Uint8Array(memory, at, payload?.length ?? 0);
    if (payload) copy.set(payload);
    at += copy.length;
    return copy;
  });
  return { payloads: copies, memory };
}
