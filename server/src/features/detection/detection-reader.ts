/**
 * The reader of the event log that raises alerts. A range is committed once every alert it gave is stored; read again after a crash, it gives
 * the same candidates with the same keys and events, which the alerts feature knows by then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventLog, LogRange } from '@merlon/event-log';
import type { Logger } from '../../telemetry/log.ts';
import type { AlertCandidate, Alerts } from '../alerts/index.ts';
import { decodeBatchRecord } from '../ingest/index.ts';
import { AlertBudget } from './alert-budget.ts';
import type { DetectionMetrics } from './detection-metrics.ts';
import type { Detected, DeviceBatch } from './detector.ts';
import type { DetectorThread } from './detector-thread.ts';
import type { RuleBook } from './rule-book.ts';

/** A range this long is copied and handed over in a few milliseconds. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_RECORDS = 1_000;
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];
/** A range that ends the thread this often is left behind, said loudly: all later ones would wait for it for ever. */
const MAX_ATTEMPTS = 5;

export interface DetectionReaderDeps {
  readonly eventLog: Pick<EventLog, 'reader'>;
  readonly detector: Pick<DetectorThread, 'detect'>;
  readonly rules: Pick<RuleBook, 'ready'>;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Empty: the device is not known. */
  readonly osOf: (tenantId: string, deviceId: string) => Promise<string>;
  /** Tables in which rules may match. */
  readonly tables: ReadonlySet<string>;
  readonly metrics: DetectionMetrics;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export async function runDetectionReader(deps: DetectionReaderDeps): Promise<void> {
  const reader = deps.eventLog.reader('detection');
  const budget = new AlertBudget();
  while (!deps.signal.aborted) {
    const range = await reader.next({ maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES, signal: deps.signal });
    if (!range) return;
    const { batches, newest } = decode(range, deps);
    const ready = await untilDone(deps, 'detection cannot read its rules or devices', () =>
      prepare(batches, deps),
    );
    if (ready === null) return;
    if (ready.length > 0) {
      const detected = await detect(range, ready, deps);
      if (detected === null) return;
      deps.metrics.detected(detected);
      const { candidates, exceeded } = budget.fit(detected.candidates, Date.parse(newest ?? ''));
      for (const deviceId of exceeded)
        deps.log.warn(
          { deviceId },
          'a device has more findings than are told apart; further ones are joined by rule',
        );
      for (const candidate of candidates) if (!(await raise(candidate, deps))) return;
    }
    await range.commit();
    if (newest !== null) deps.metrics.readUpTo(newest);
  }
}

type Undecided = Omit<DeviceBatch, 'osPlatform'>;

function decode(range: LogRange, deps: DetectionReaderDeps): { batches: Undecided[]; newest: string | null } {
  const batches: Undecided[] = [];
  let newest: string | null = null;
  for (const { payload, position } of range.records) {
    try {
      const { tenantId, deviceId, deviceName, machineGroup, receivedAt, sections } =
        decodeBatchRecord(payload);
      newest = receivedAt;
      const wanted = sections.filter(({ table }) => deps.tables.has(table));
      if (wanted.length > 0) batches.push({ tenantId, deviceId, deviceName, machineGroup, sections: wanted });
    } catch (error) {
      deps.metrics.lost('record');
      deps.log.error({ err: error, position }, 'a record of the event log is not a batch; no rule saw it');
    }
  }
  return { batches, newest };
}

async function prepare(batches: readonly Undecided[], deps: DetectionReaderDeps): Promise<DeviceBatch[]> {
  for (const tenantId of new Set(batches.map((batch) => batch.tenantId))) await deps.rules.ready(tenantId);
  const platforms = new Map<string, string>();
  const out: DeviceBatch[] = [];
  for (const batch of batches) {
    let osPlatform = platforms.get(batch.deviceId);
    if (osPlatform === undefined) {
      osPlatform = await deps.osOf(batch.tenantId, batch.deviceId);
      platforms.set(batch.deviceId, osPlatform);
    }
    out.push({ ...batch, osPlatform });
  }
  return out;
}

async function detect(
  range: LogRange,
  batches: readonly DeviceBatch[],
  deps: DetectionReaderDeps,
): Promise<Detected | null> {
  for (let attempt = 1; !deps.signal.aborted; attempt++) {
    try {
      return await deps.detector.detect(batches);
    } catch (error) {
      if (deps.signal.aborted) return null;
      if (attempt >= MAX_ATTEMPTS) {
        deps.metrics.lost('range');
        deps.log.error(
          { err: error, range: range.id },
          'no rule saw these events: the detection thread ended each time',
        );
        return { rows: 0, matches: 0, unreadable: 0, candidates: [] };
      }
      deps.log.warn({ err: error, range: range.id }, 'the detection thread ended; it is started again');
      await rest(attempt, deps.signal);
    }
  }
  return null;
}

/** False: the server stops before the alert is stored. */
async function raise(candidate: AlertCandidate, deps: DetectionReaderDeps): Promise<boolean> {
  const outcome = await untilDone(deps, 'an alert could not be stored; it is tried again', async () => {
    try {
      const { created } = await deps.alerts.raise(candidate);
      return created ? ('raised' as const) : ('folded' as const);
    } catch (error) {
      // The database will refuse it each time, and all later alerts would wait behind it.
      if (!isRefusal(error)) throw error;
      deps.log.error(
        { err: error, ruleId: candidate.ruleId, deviceId: candidate.deviceId },
        'an alert was refused by the database and is lost',
      );
      return 'refused' as const;
    }
  });
  if (outcome === null) return false;
  if (outcome === 'refused') deps.metrics.lost('alert');
  else deps.metrics.raised(outcome, candidate.severity);
  return true;
}

/** PostgreSQL's classes 22 (data) and 23 (constraint): it is the values, not the moment. */
function isRefusal(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

/** Null: the server stops. */
async function untilDone<T>(
  deps: DetectionReaderDeps,
  problem: string,
  work: () => Promise<T>,
): Promise<T | null> {
  for (let attempt = 1; !deps.signal.aborted; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (deps.signal.aborted) return null;
      deps.log.warn({ err: error }, problem);
      await rest(attempt, deps.signal);
    }
  }
  return null;
}

async function rest(attempt: number, signal: AbortSignal): Promise<void> {
  const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1] ?? 5_000;
  await delay(wait, undefined, { signal }).catch(() => {});
}
