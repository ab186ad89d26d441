/** Runs a pump for each setting that is on, of all tenants, and keeps to settings as they change, here or by another server. */
import { type DestinationKind, destinationKinds } from '@merlon/destinations';
import type { EventLog, LogReader } from '@merlon/event-log';
import type { StateStore } from '@merlon/state-store';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { withSecrets } from './destination-secrets.ts';
import type { DestinationSpec, StreamSpec } from './export-protocol.ts';
import type { StoredSetting } from './export-setting.ts';
import type { ExportThread } from './export-thread.ts';
import type { LogBatches } from './log-batches.ts';
import { PumpStatus } from './pump-status.ts';
import type { RefusedRecords } from './refused-records.ts';
import { runPump } from './setting-pump.ts';
import type { SettledRanges } from './settled-ranges.ts';
import type { StreamingStore } from './store.ts';
import type { SettingGauges, StreamingMetrics } from './streaming-metrics.ts';

/** Servers tell each other that settings changed. */
const CHANNEL = 'exports';
/** For what a listener missed while it was reconnecting. */
const SWEEP_MS = 60_000;
/** How soon it is seen that the log can keep no more. */
const WATCH_MS = 500;
const DAY_MS = 86_400_000;

const READER = 'export.';
const readerOf = (settingId: string) => READER + settingId;

export interface Pumps {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** From now on the log keeps rows for the setting, which the transaction at work is about to make or to turn on. */
  reserve(settingId: string): void;
  /** Settings changed. Within a transaction: once it stands. */
  changed(): Promise<void>;
  status(settingId: string): PumpStatus | null;
  lagBytes(settingId: string): number;
  nearLoss(settingId: string): boolean;
  gauges(): readonly SettingGauges[];
}

export interface PumpsDeps {
  readonly store: Pick<StreamingStore, 'all' | 'forgetHoursBefore'>;
  readonly state: Pick<StateStore, 'listen' | 'notify'>;
  readonly eventLog: Pick<EventLog, 'reader' | 'dropReader' | 'stats'>;
  readonly exporter: ExportThread;
  readonly seal: SecretSeal;
  readonly batches: LogBatches;
  readonly settled: SettledRanges;
  readonly refused: RefusedRecords;
  readonly metrics: () => StreamingMetrics;
  /** Bytes of the log that are kept for a setting. */
  readonly retainBytes: number;
  /** Hourly counts older than this many days say nothing: their rows are gone from the event store. */
  readonly retentionDays: number;
  readonly groupOf: (tenantId: string, deviceId: string) => Promise<number>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stopping: AbortSignal;
}

interface Running {
  readonly setting: StoredSetting;
  readonly status: PumpStatus;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly overBound: Set<() => void>;
  warned: boolean;
  /** It met an error that it does not know how to wait out; it is begun anew at the next sweep. */
  dead: boolean;
}

export function createPumps(deps: PumpsDeps): Pumps {
  const { eventLog, log, exporter } = deps;
  const running = new Map<string, Running>();
  const reserved = new Set<string>();
  let reloading: Promise<void> = Promise.resolve();
  let stopListening: () => Promise<void> = async () => {};
  const timers: NodeJS.Timeout[] = [];

  const lagOf = (settingId: string): number =>
    eventLog.stats().readers.find(({ name }) => name === readerOf(settingId))?.lagBytes ?? 0;

  const takePlace = (settingId: string): LogReader =>
    eventLog.reader(readerOf(settingId), { from: 'newest' });

  async function begin(setting: StoredSetting): Promise<void> {
    const stream = await streamOf(setting, deps.seal);
    const stop = new AbortController();
    const status = new PumpStatus(setting.id, { clock: deps.clock, log, metrics: deps.metrics() });
    const overBound = new Set<() => void>();
    exporter.open(stream);
    const reader = takePlace(setting.id);
    reserved.delete(setting.id);
    const ended = runPump({
      ...deps,
      settingId: setting.id,
      tenantId: setting.tenantId,
      stream: stream.id,
      tables: new Set(setting.tables),
      deviceGroups: setting.deviceGroups.length === 0 ? null : new Set(setting.deviceGroups),
      wants: kindNamed(setting.kind)?.wants ?? null,
      reader,
      status,
      overBound: () => lagOf(setting.id) > deps.retainBytes,
      onOverBound(listener) {
        overBound.add(listener);
        return () => overBound.delete(listener);
      },
      lagBytes: () => lagOf(setting.id),
      signal: AbortSignal.any([deps.stopping, stop.signal]),
    })
      .catch((error: unknown) => {
        if (deps.stopping.aborted || stop.signal.aborted) return;
        log.error({ err: error, settingId: setting.id }, 'an export broke off; it is begun anew');
        status.failed('internal', 'A defect of the server: its log has the details.', SWEEP_MS);
        one.dead = true;
      })
      .finally(() => exporter.close(stream.id));
    const one: Running = { setting, status, stop, ended, overBound, warned: false, dead: false };
    running.set(setting.id, one);
  }

  async function end(settingId: string): Promise<void> {
    const one = running.get(settingId);
    if (!one) return;
    one.stop.abort();
    await one.ended;
    running.delete(settingId);
  }

  async function reload(): Promise<void> {
    const settings = new Map((await deps.store.all()).map((setting) => [setting.id, setting]));
    for (const [id, { setting, dead }] of running) {
      const now = settings.get(id);
      if (now?.revision !== setting.revision || !now.enabled || dead) await end(id);
    }
    for (const setting of settings.values()) {
      if (!setting.enabled || running.has(setting.id)) continue;
      await begin(setting).catch((error: unknown) =>
        log.error({ err: error, settingId: setting.id }, 'an export cannot begin; it is tried again'),
      );
    }
    // Nobody reads on there: what they keep the log from deleting is nobody's.
    for (const { name } of eventLog.stats().readers) {
      if (!name.startsWith(READER)) continue;
      const id = name.slice(READER.length);
      if (settings.get(id)?.enabled || reserved.has(id) || running.has(id)) continue;
      await eventLog.dropReader(name);
      if (!settings.has(id)) await deps.refused.forget(id);
    }
  }

  const soon = (): Promise<void> => {
    reloading = reloading.then(async () => {
      if (deps.stopping.aborted) return;
      await reload().catch((error: unknown) => {
        if (!deps.stopping.aborted)
          log.warn({ err: error }, 'export settings could not be read; they will be');
      });
    });
    return reloading;
  };

  function watch(): void {
    for (const one of running.values()) {
      const lag = lagOf(one.setting.id);
      if (lag > deps.retainBytes) for (const listener of [...one.overBound]) listener();
      const near = lag > deps.retainBytes / 2;
      if (near && !one.warned)
        log.error(
          { settingId: one.setting.id, name: one.setting.name, lagBytes: lag, keptBytes: deps.retainBytes },
          'an export is far behind: when the event log can keep no more for it, rows will be given up',
        );
      one.warned = near;
    }
  }

  function sweep(): void {
    void soon();
    // A place that was reserved for a setting which then was not made.
    reserved.clear();
    const oldest = new Date(deps.clock.now().getTime() - (deps.retentionDays + 2) * DAY_MS);
    deps.store
      .forgetHoursBefore(oldest)
      .catch((error: unknown) =>
        log.warn({ err: error }, 'old counts of exports were not removed; they will be'),
      );
  }

  return {
    async start() {
      stopListening = await deps.state.listen(CHANNEL, () => void soon());
      await soon();
      timers.push(setInterval(watch, WATCH_MS), setInterval(sweep, SWEEP_MS));
      for (const timer of timers) timer.unref();
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await stopListening();
      await reloading;
      await Promise.all([...running.keys()].map(end));
    },
    reserve(settingId) {
      reserved.add(settingId);
      takePlace(settingId);
    },
    changed: () => deps.state.notify(CHANNEL, ''),
    status: (settingId) => running.get(settingId)?.status ?? null,
    lagBytes: lagOf,
    nearLoss: (settingId) => lagOf(settingId) > deps.retainBytes / 2,
    gauges: () =>
      [...running.values()].map(({ setting: { id }, status }) => ({
        id,
        state: status.state,
        lagSeconds: status.lagSeconds,
        lagBytes: lagOf(id),
        nearLoss: lagOf(id) > deps.retainBytes / 2,
      })),
  };
}

export const kindNamed = (name: string): DestinationKind | undefined =>
  destinationKinds.find((kind) => kind.name === name);

async function streamOf(setting: StoredSetting, seal: SecretSeal): Promise<StreamSpec> {
  return {
    id: `${setting.id}/${setting.revision}`,
    tables: setting.tables,
    filters: setting.plans,
    destination: await destinationOf(setting, seal),
  };
}

export async function destinationOf(setting: StoredSetting, seal: SecretSeal): Promise<DestinationSpec> {
  return { kind: setting.kind, settings: await withSecrets(setting, seal) };
}
