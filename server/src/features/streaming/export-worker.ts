/**
 * The export thread: renders rows and talks to destinations, so that neither takes time from ingest. It asks for records of the log that it does
 * not hold yet.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import {
  DeliveryError,
  type Destination,
  type DestinationKind,
  destinationKinds,
  type ExportRecord,
} from '@merlon/destinations';
import { rowFilter } from '@merlon/kql/row-filter';
import { deliveryContext } from '../../outbound/delivery-context.ts';
import { failureOf } from './delivery-failure.ts';
import { deliverAll } from './delivery-job.ts';
import type { DestinationSpec, FromExporter, RowCount, StreamSpec, ToExporter } from './export-protocol.ts';
import { type HeldRecord, RenderedRecords } from './rendered-records.ts';

export interface ExporterData {
  /** Null: any address may be connected to. */
  readonly networks: readonly string[] | null;
}

const CACHE_BYTES = 96 * 1024 * 1024;
/** Rendering this long holds up the answers that other settings wait for. */
const TURN_MS = 10;
const PROBE_MS = 20_000;

const { networks } = workerData as ExporterData;
const context = deliveryContext(networks, () => Date.now());

interface Stream {
  readonly spec: StreamSpec;
  readonly filters: ReadonlyMap<string, ReturnType<typeof rowFilter>>;
  destination: Promise<Destination> | null;
}

const records = new RenderedRecords(CACHE_BYTES);
const streams = new Map<string, Stream>();
const aborts = new Map<number, AbortController>();
const waiting = new Map<number, (payloads: readonly Uint8Array[]) => void>();
const say = (message: FromExporter) => parentPort?.postMessage(message);

function kindOf(spec: DestinationSpec): DestinationKind {
  const kind = destinationKinds.find(({ name }) => name === spec.kind);
  if (!kind) throw new DeliveryError('settings', `There is no kind of destination named ${spec.kind}.`);
  return kind;
}

function secretsOf(spec: DestinationSpec): readonly string[] {
  return destinationKinds.find(({ name }) => name === spec.kind)?.secrets ?? [];
}

const open = async (spec: DestinationSpec): Promise<Destination> => kindOf(spec).open(spec.settings, context);

async function close(stream: Stream): Promise<void> {
  const destination = stream.destination;
  stream.destination = null;
  await destination?.then((one) => one.close()).catch(() => {});
}

/** Those of the log's records that are not held here are asked for, all at once. */
async function heldRecords(
  job: number,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly HeldRecord[]> {
  const found = new Map(keys.map((key) => [key, records.find(key)]));
  const missing = keys.filter((key) => found.get(key) === undefined);
  if (missing.length > 0) {
    const payloads = await new Promise<readonly Uint8Array[]>((resolve, reject) => {
      waiting.set(job, resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      say({ kind: 'need', job, keys: missing });
    }).finally(() => waiting.delete(job));
    for (const [i, key] of missing.entries()) {
      const bytes = payloads[i];
      if (bytes === undefined) throw new Error(`record ${key} did not come`);
      found.set(key, records.add(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    }
  }
  return keys.flatMap((key) => found.get(key) ?? []);
}

class Tally {
  readonly #rows = new Map<string, { table: string; hour: string; rows: number }>();

  add({ table, time }: ExportRecord): void {
    const hour = time.slice(0, 13);
    const key = `${table} ${hour}`;
    const entry = this.#rows.get(key) ?? { table, hour, rows: 0 };
    this.#rows.set(key, entry);
    entry.rows += 1;
  }

  get counts(): RowCount[] {
    return [...this.#rows.values()];
  }
}

/** What goes out, in the order of the log. */
async function* chosen(
  { spec, filters }: Stream,
  held: readonly HeldRecord[],
  leftOut: Tally,
): AsyncGenerator<ExportRecord> {
  const tables = new Set(spec.tables);
  let since = performance.now();
  for (const record of held) {
    for (const table of new Set(record.batch.sections.map((section) => section.table))) {
      if (!tables.has(table)) continue;
      if (performance.now() - since > TURN_MS) {
        await turn();
        since = performance.now();
      }
      const { rows, records: rendered } = record.section(table);
      const passes = filters.get(table);
      for (const [i, one] of rendered.entries()) {
        const row = rows[i];
        if (passes !== undefined && row !== undefined && !passes(row)) leftOut.add(one);
        else yield one;
      }
    }
  }
}

async function* after(skip: number, all: AsyncIterable<ExportRecord>): AsyncGenerator<ExportRecord> {
  let left = skip;
  for await (const record of all) {
    if (left > 0) left -= 1;
    else yield record;
  }
}

async function deliver(
  job: Extract<ToExporter, { kind: 'deliver' }>,
  stream: Stream,
  signal: AbortSignal,
): Promise<void> {
  const held = await heldRecords(job.job, job.keys, signal);
  const leftOut = new Tally();
  const { destination: target } = stream.spec;
  const secrets = secretsOf(target);
  const unsettled = { settled: 0, counts: [], bytes: 0, refused: [], newest: null, leftOut: [] };
  let destination: Destination;
  try {
    stream.destination ??= open(target);
    destination = await stream.destination;
  } catch (error) {
    stream.destination = null;
    say({
      kind: 'delivered',
      job: job.job,
      outcome: { ...unsettled, failure: failureOf(error, target, secrets) },
    });
    return;
  }
  const { failure, ...outcome } = await deliverAll({
    records: after(job.skip, chosen(stream, held, leftOut)),
    destination,
    limits: job.limits,
    refusedBefore: job.refusedBefore,
    signal,
  });
  say({
    kind: 'delivered',
    job: job.job,
    outcome: {
      ...outcome,
      failure: failure === null ? null : failureOf(failure.error, target, secrets),
      leftOut: failure === null ? leftOut.counts : [],
    },
  });
}

async function count(
  { job, keys }: Extract<ToExporter, { kind: 'count' }>,
  stream: Stream,
  signal: AbortSignal,
): Promise<void> {
  const [leftOut, tally] = [new Tally(), new Tally()];
  for await (const record of chosen(stream, await heldRecords(job, keys, signal), leftOut)) tally.add(record);
  say({ kind: 'counted', job, chosen: tally.counts, leftOut: leftOut.counts });
}

async function probe(
  { job, destination: spec, tables }: Extract<ToExporter, { kind: 'probe' }>,
  signal: AbortSignal,
): Promise<void> {
  let destination: Destination | null = null;
  try {
    destination = await open(spec);
    await destination.probe(AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]), tables);
    say({ kind: 'probed', job, failure: null });
  } catch (error) {
    say({ kind: 'probed', job, failure: failureOf(error, spec, secretsOf(spec)) });
  } finally {
    await destination?.close().catch(() => {});
  }
}

function run(job: number, work: (signal: AbortSignal) => Promise<void>): void {
  const abort = new AbortController();
  aborts.set(job, abort);
  work(abort.signal)
    .catch((error: unknown) =>
      say({ kind: 'broken', job, message: error instanceof Error ? error.message : String(error) }),
    )
    .finally(() => aborts.delete(job));
}

function streamOf(id: string): Stream {
  const stream = streams.get(id);
  if (stream === undefined) throw new Error(`stream ${id} is not open`);
  return stream;
}

parentPort?.on('message', (message: ToExporter) => {
  switch (message.kind) {
    case 'open': {
      const { stream } = message;
      streams.set(stream.id, {
        spec: stream,
        filters: new Map(Object.entries(stream.filters).map(([table, plan]) => [table, rowFilter(plan)])),
        destination: null,
      });
      return;
    }
    case 'close': {
      const stream = streams.get(message.stream);
      streams.delete(message.stream);
      if (stream) void close(stream);
      return;
    }
    case 'probe':
      run(message.job, (signal) => probe(message, signal));
      return;
    case 'deliver':
      run(message.job, async (signal) => deliver(message, streamOf(message.stream), signal));
      return;
    case 'count':
      run(message.job, async (signal) => count(message, streamOf(message.stream), signal));
      return;
    case 'records':
      waiting.get(message.job)?.(message.payloads);
      return;
    case 'abort':
      aborts.get(message.job)?.abort(new DeliveryError('unreachable', 'The delivery was broken off.'));
  }
});
