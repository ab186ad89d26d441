/**
 * The pump of one setting: takes ranges of the log, one after another, and is done with each once the destination has acknowledged it and what
 * became of it is counted. It never skips: what cannot be delivered is waited with, until the log may keep no more of it for this setting.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LogRange, LogReader } from '@merlon/event-log';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { HourCount, PartLimits } from './delivery-job.ts';
import type { DeliveryOutcome, RowCount } from './export-protocol.ts';
import type { ExportBatch, ExportThread } from './export-thread.ts';
import type { LogBatches } from './log-batches.ts';
import { type PumpFault, retryDelayMs } from './pump-state.ts';
import type { PumpStatus } from './pump-status.ts';
import { RefusedFileFull, type RefusedRecords } from './refused-records.ts';
import type { SettledRanges } from './settled-ranges.ts';
import type { Settled, SettledHour } from './store.ts';

/** What a fault may repeat is part of one range. */
const RANGE = { maxRecords: 1_000, maxBytes: 4 * 1024 * 1024 };
const PART: PartLimits = { rows: 5_000, bytes: 4 * 1024 * 1024 };
/** Rows as JSON take about so many times the room they have in the log. */
const JSON_TO_LOG = 6;
const LEAST_RANGE_BYTES = 256 * 1024;
/** A range is in memory as a whole, as JSON too. */
const MOST_RANGE_BYTES = 16 * 1024 * 1024;
/** A quiet system rests shortly, so that rows gather and every range costs less; one that is behind does not rest. */
const REST_MS = 100;
const BUSY_BYTES = 1024 * 1024;
/** A client library that says nothing for so long is given up on. */
const ATTEMPT_MS = 300_000;
const GATHER_LOOK_MS = 250;
const STORE_RETRY_MS = 1_000;

export interface PumpDeps {
  readonly settingId: string;
  readonly tenantId: string;
  /** Name of the open stream in the export thread. */
  readonly stream: string;
  readonly tables: ReadonlySet<string>;
  /** Null: all devices. */
  readonly deviceGroups: ReadonlySet<number> | null;
  /** How much the kind of destination would like in one call. */
  readonly wants: { readonly rows: number; readonly bytes: number; readonly waitMs: number } | null;
  readonly reader: LogReader;
  readonly exporter: Pick<ExportThread, 'deliver' | 'count'>;
  readonly batches: LogBatches;
  readonly settled: SettledRanges;
  readonly refused: RefusedRecords;
  readonly status: PumpStatus;
  /** Aborts when the log can keep no more for this setting; a new one after each range. */
  readonly overBound: () => boolean;
  readonly onOverBound: (stop: () => void) => () => void;
  readonly lagBytes: () => number;
  readonly groupOf: (tenantId: string, deviceId: string) => Promise<number>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export async function runPump(deps: PumpDeps): Promise<void> {
  const { signal, reader, status } = deps;
  status.started();
  try {
    while (!signal.aborted) {
      await gather(deps);
      const range = await reader.next({ ...rangeLimits(deps), signal });
      if (!range) return;
      if (!(await settle(range, deps))) return;
      await range.commit();
      status.caughtUp();
      const bytes = range.records.reduce((sum, { payload }) => sum + payload.length, 0);
      if (bytes < BUSY_BYTES) await rest(REST_MS, signal);
    }
  } finally {
    status.stopped();
  }
}

export function rangeLimits({ wants }: Pick<PumpDeps, 'wants'>): { maxRecords: number; maxBytes: number } {
  return wants === null
    ? RANGE
    : { maxRecords: Math.max(RANGE.maxRecords, wants.rows), maxBytes: logBytes(wants) };
}

function partLimits({ wants }: PumpDeps): PartLimits {
  return wants === null ? PART : { rows: wants.rows, bytes: wants.bytes };
}

/** How much of the log gives what a destination would like to have. */
function logBytes({ bytes }: { readonly bytes: number }): number {
  return Math.min(Math.max(Math.floor(bytes / JSON_TO_LOG), LEAST_RANGE_BYTES), MOST_RANGE_BYTES);
}

/** Of a destination for which small deliveries make bad files: until enough is there, or the oldest has waited long enough. */
async function gather({ wants, lagBytes, signal, clock }: PumpDeps): Promise<void> {
  if (wants === null) return;
  let since: number | null = null;
  while (!signal.aborted) {
    const lag = lagBytes();
    const now = clock.now().getTime();
    if (lag > 0) since ??= now;
    if (lag >= logBytes(wants) || (since !== null && now - since >= wants.waitMs)) return;
    await rest(GATHER_LOOK_MS, signal);
  }
}

/** False: the server stops, or the setting is changed, before the range is settled. */
async function settle(range: LogRange, deps: PumpDeps): Promise<boolean> {
  const { status } = deps;
  const chosen = await untilKnown(deps, () => chosenBatches(range, deps));
  if (chosen === null) return false;
  const { batches, result } = chosen;
  if (batches.length > 0) {
    status.took(batches[0]?.receivedAt ?? null);
    if (!(await deliverRange(batches, result, deps))) return false;
  }
  if (result.isEmpty) return true;
  const settled = result.settled(range, deps);
  const stored = await untilKnown(deps, async () => {
    await deps.settled.settle(settled);
    return true;
  });
  if (stored === null) return false;
  status.settled(settled);
  return true;
}

/** The state store may be away for a while; nothing is settled meanwhile. Null: the pump stops. */
async function untilKnown<T>(
  { signal, log, settingId }: PumpDeps,
  work: () => Promise<T>,
): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) return null;
      log.warn({ err: error, settingId }, 'an export waits for the state store');
      await rest(STORE_RETRY_MS, signal);
    }
  }
  return null;
}

interface ChosenBatch extends ExportBatch {
  readonly receivedAt: string;
}

/** The tenant's, of devices in its groups, that hold a table it wants. */
async function chosenBatches(
  range: LogRange,
  deps: PumpDeps,
): Promise<{ batches: ChosenBatch[]; result: RangeResult }> {
  const batches: ChosenBatch[] = [];
  const result = new RangeResult();
  for (const record of range.records) {
    const head = deps.batches.head(record);
    if (head === null || head.tenantId !== deps.tenantId) continue;
    const wanted = [...head.tables].filter(([table]) => deps.tables.has(table));
    if (wanted.length === 0) continue;
    const hour = head.receivedAt.slice(0, 13);
    if (
      deps.deviceGroups !== null &&
      !deps.deviceGroups.has(await deps.groupOf(head.tenantId, head.deviceId))
    )
      for (const [table, rows] of wanted) result.leaveOut({ table, hour, rows });
    else batches.push({ key: String(record.position), payload: record.payload, receivedAt: head.receivedAt });
  }
  return { batches, result };
}

/** Until it is delivered, or given up since the log may keep no more. False: the pump stops first. */
async function deliverRange(
  batches: readonly ChosenBatch[],
  result: RangeResult,
  deps: PumpDeps,
): Promise<boolean> {
  const { status, signal } = deps;
  for (let attempt = 1; !signal.aborted; attempt++) {
    if (deps.overBound()) {
      if (await giveUp(batches, result, deps)) return true;
      await rest(STORE_RETRY_MS, signal);
      continue;
    }
    const failure = await tryRange(batches, result, deps);
    if (failure === null) {
      status.delivered();
      return true;
    }
    if (signal.aborted) return false;
    if (result.progressed()) attempt = 1;
    const wait = retryDelayMs(failure.fault, attempt, failure.retryAfterMs, Math.random());
    status.failed(failure.fault, failure.message, wait);
    await restUnlessOverBound(wait, deps);
  }
  return false;
}

interface Failure {
  readonly fault: PumpFault;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

async function tryRange(
  batches: readonly ExportBatch[],
  result: RangeResult,
  deps: PumpDeps,
): Promise<Failure | null> {
  const hurry = new AbortController();
  const stopListening = deps.onOverBound(() => hurry.abort());
  const late = AbortSignal.timeout(ATTEMPT_MS);
  try {
    const outcome = await deps.exporter.deliver(
      deps.stream,
      batches,
      { skip: result.done, refusedBefore: deps.status.refusedInARow, limits: partLimits(deps) },
      AbortSignal.any([deps.signal, hurry.signal, late]),
    );
    await deps.refused.keep(deps.settingId, outcome.refused);
    deps.status.refusals(outcome.refused.length, outcome.counts);
    for (const { reason, record } of outcome.refused)
      deps.log.error(
        { settingId: deps.settingId, record: record.id, reason },
        'the destination refuses a record for good; it is set aside',
      );
    result.add(outcome);
    return outcome.failure;
  } catch (error) {
    if (error instanceof RefusedFileFull)
      return { fault: 'refused', message: error.message, retryAfterMs: null };
    if (late.aborted)
      return { fault: 'unreachable', message: 'The destination did not answer in time.', retryAfterMs: null };
    if (!deps.signal.aborted && !hurry.signal.aborted)
      deps.log.error({ err: error, settingId: deps.settingId }, 'an export met a defect and stands still');
    return {
      fault: 'internal',
      message: 'A defect of the server: its log has the details.',
      retryAfterMs: null,
    };
  } finally {
    stopListening();
  }
}

/** The rows of the range that are not settled yet are gone for this setting: counted, by filter as all are, and said. False: they could not be counted. */
async function giveUp(
  batches: readonly ChosenBatch[],
  result: RangeResult,
  deps: PumpDeps,
): Promise<boolean> {
  const counted = await deps.exporter.count(deps.stream, batches, deps.signal).catch(() => null);
  if (counted === null) return false;
  const [first, last] = [batches[0]?.receivedAt ?? null, batches.at(-1)?.receivedAt ?? null];
  const dropped = result.drop(counted, first, last);
  deps.log.error(
    { settingId: deps.settingId, rows: dropped, from: first, to: last },
    'an export is so far behind that the event log can keep no more for it: rows were given up; a replay brings them',
  );
  return true;
}

async function restUnlessOverBound(ms: number, deps: PumpDeps): Promise<void> {
  const wake = new AbortController();
  const stopListening = deps.onOverBound(() => wake.abort());
  await rest(ms, AbortSignal.any([deps.signal, wake.signal]));
  stopListening();
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** What became of a range so far, over all attempts. */
class RangeResult {
  readonly #hours = new Map<string, { -readonly [K in keyof SettledHour]: SettledHour[K] }>();
  #done = 0;
  #progressSeen = 0;
  #bytes = 0;
  #newest: string | null = null;
  #dropped: { from: string | null; to: string | null } | null = null;

  /** Records that are settled. */
  get done(): number {
    return this.#done;
  }

  get isEmpty(): boolean {
    return this.#hours.size === 0;
  }

  /** Whether anything was settled since it was last asked. */
  progressed(): boolean {
    const seen = this.#progressSeen;
    this.#progressSeen = this.#done;
    return this.#done > seen;
  }

  add({ settled, counts, bytes, newest, leftOut }: DeliveryOutcome): void {
    this.#done += settled;
    this.#bytes += bytes;
    if (newest !== null && (this.#newest === null || newest > this.#newest)) this.#newest = newest;
    for (const { table, hour, delivered, refused } of counts as readonly HourCount[]) {
      const entry = this.#hour(table, hour);
      entry.delivered += delivered;
      entry.refused += refused;
    }
    for (const one of leftOut) this.leaveOut(one);
  }

  leaveOut({ table, hour, rows }: RowCount): void {
    this.#hour(table, hour).leftOut += rows;
  }

  /** @returns how many rows that is */
  drop(
    counted: { readonly chosen: readonly RowCount[]; readonly leftOut: readonly RowCount[] },
    from: string | null,
    to: string | null,
  ): number {
    let dropped = 0;
    for (const { table, hour, rows } of counted.chosen) {
      const entry = this.#hour(table, hour);
      const lost = rows - entry.delivered - entry.refused;
      entry.dropped += lost;
      dropped += lost;
    }
    for (const one of counted.leftOut) this.leaveOut(one);
    if (dropped > 0) this.#dropped = { from, to };
    return dropped;
  }

  settled(range: LogRange, { tenantId, settingId, clock }: PumpDeps): Settled {
    const cut = range.id.lastIndexOf('.');
    return {
      tenantId,
      settingId,
      log: range.id.slice(0, cut),
      upTo: Number(range.id.slice(range.id.lastIndexOf('-') + 1)),
      bytes: this.#bytes,
      newest: this.#newest,
      droppedFrom: this.#dropped?.from ?? null,
      droppedTo: this.#dropped?.to ?? null,
      at: clock.now(),
      counts: [...this.#hours.values()],
    };
  }

  #hour(table: string, hour: string) {
    const key = `${table} ${hour}`;
    const entry = this.#hours.get(key) ?? { table, hour, delivered: 0, leftOut: 0, refused: 0, dropped: 0 };
    this.#hours.set(key, entry);
    return entry;
  }
}
