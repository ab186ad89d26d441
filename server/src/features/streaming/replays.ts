/**
 * Replays: what was received from a moment on is read out of the event store and delivered again, beside the live stream. Rows become batches as the
 * log has them, so that filter, record and id are made by the same code.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, isoToMs, nowIso7 } from '@merlon/contract';
import type { EventLog } from '@merlon/event-log';
import type { StateStore } from '@merlon/state-store';
import { type Static, Type } from 'typebox';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { encodeBatchRecord } from '../ingest/index.ts';
import type { EventRows, Slice, StoredRow } from './event-rows.ts';
import { ExportFailure, type StoredSetting } from './export-setting.ts';
import type { ExportBatch, ExportThread } from './export-thread.ts';
import { type PumpFault, retryDelayMs } from './pump-state.ts';
import { destinationOf } from './pumps.ts';
import type { RefusedRecords } from './refused-records.ts';
import { replayStates } from './replay-state.ts';
import type { StoredReplay, StreamingStore } from './store.ts';
import { blockOfStored } from './stored-block.ts';

const CHANNEL = 'export_replays';
const SLICE_ROWS = 10_000;
const PART = { rows: 5_000, bytes: 4 * 1024 * 1024 };
const LOOK_MS = 200;
const ATTEMPT_MS = 300_000;

const time = Type.Union([Type.String(), Type.Null()]);

export const Replay = Type.Object({
  id: Type.String(),
  exportId: Type.String(),
  /** By receive time. */
  from: Type.String(),
  to: Type.String(),
  state: Type.Enum([...replayStates]),
  /** Null until they are counted. */
  rowsTotal: Type.Union([Type.Integer(), Type.Null()]),
  /** Delivered, kept back by a filter or set aside. */
  rowsDone: Type.Integer(),
  bytes: Type.Integer(),
  lastError: Type.Union([ExportFailure, Type.Null()]),
  createdAt: Type.String(),
  finishedAt: time,
});
export type Replay = Static<typeof Replay>;

export interface Replays {
  create(tenantId: string, settingId: string, from: string, to: string): Promise<Replay>;
  list(tenantId: string, settingId: string): Promise<Replay[]>;
  cancel(tenantId: string, id: string): Promise<Replay>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReplaysDeps {
  readonly store: StreamingStore;
  readonly state: Pick<StateStore, 'listen' | 'notify'>;
  readonly rows: EventRows;
  readonly exporter: ExportThread;
  readonly eventLog: Pick<EventLog, 'stats'>;
  readonly refused: RefusedRecords;
  readonly seal: SecretSeal;
  readonly deviceOf: (tenantId: string, deviceId: string) => Promise<DeviceFacts>;
  /** The device an alert is about; empty for one that is gone. */
  readonly deviceOfAlert: (tenantId: string, alertId: string) => Promise<string>;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stopping: AbortSignal;
}

export interface DeviceFacts {
  readonly groupId: number;
  readonly groupName: string;
}

export function createReplays(deps: ReplaysDeps): Replays {
  const { store, log } = deps;
  const running = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  let stopListening: () => Promise<void> = async () => {};

  async function look(): Promise<void> {
    if (deps.stopping.aborted) return;
    const open = await store.openReplays();
    for (const [id, { stop }] of running) if (!open.some((one) => one.id === id)) stop.abort();
    for (const replay of open) {
      if (running.has(replay.id)) continue;
      const stop = new AbortController();
      const signal = AbortSignal.any([deps.stopping, stop.signal]);
      const ended = runReplay(replay, deps, signal)
        .catch((error: unknown) => {
          if (!signal.aborted)
            log.error({ err: error, replayId: replay.id }, 'a replay met a defect and stands still');
        })
        .finally(() => running.delete(replay.id));
      running.set(replay.id, { stop, ended });
    }
  }

  const soon = () =>
    void look().catch((error: unknown) => {
      if (!deps.stopping.aborted) log.warn({ err: error }, 'replays could not be read; they will be');
    });

  return {
    async create(tenantId, settingId, from, to) {
      await store.get(tenantId, settingId);
      const span = { from: nowIso7(new Date(from)), to: nowIso7(new Date(to)) };
      const now = deps.clock.now();
      if (span.from >= span.to || isoToMs(span.to) > now.getTime())
        throw new ApiError('InvalidInput', 'A replay begins before it ends, and ends in the past.');
      if (isoToMs(span.from) < now.getTime() - deps.retentionDays * 86_400_000)
        throw new ApiError('InvalidInput', `Rows are kept for ${deps.retentionDays} days.`);
      const made = await store.createReplay(tenantId, { id: randomUUID(), settingId, ...span, now });
      await deps.state.notify(CHANNEL, '');
      return shown(made);
    },
    async list(tenantId, settingId) {
      await store.get(tenantId, settingId);
      return (await store.replays(tenantId, settingId)).map(shown);
    },
    async cancel(tenantId, id) {
      const before = await store.findReplay(tenantId, id);
      const ended = await store.moveReplay(tenantId, id, {
        state: 'Cancelled',
        finishedAt: deps.clock.now(),
      });
      if (!ended) throw new ApiError('Conflict', `The replay is ${before.state} already.`);
      await deps.state.notify(CHANNEL, '');
      return shown(await store.findReplay(tenantId, id));
    },
    async start() {
      stopListening = await deps.state.listen(CHANNEL, soon);
      soon();
    },
    async stop() {
      await stopListening();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

function shown(replay: StoredReplay): Replay {
  return {
    id: replay.id,
    exportId: replay.settingId,
    from: replay.from,
    to: replay.to,
    state: replay.state,
    rowsTotal: replay.rowsTotal,
    rowsDone: replay.rowsDone,
    bytes: replay.bytes,
    lastError: replay.error,
    createdAt: nowIso7(replay.createdAt),
    finishedAt: replay.finishedAt === null ? null : nowIso7(replay.finishedAt),
  };
}

async function runReplay(replay: StoredReplay, deps: ReplaysDeps, signal: AbortSignal): Promise<void> {
  const { store, exporter } = deps;
  const setting = await store.get(replay.tenantId, replay.settingId);
  if (!(await untilStored(deps, signal))) return;
  const left = await slicesLeft(replay, setting, deps, signal);
  let rowsDone = replay.rowsDone;
  let bytes = replay.bytes;
  const rowsTotal = rowsDone + left.reduce((sum, { rows }) => sum + rows, 0);
  if (!(await store.moveReplay(replay.tenantId, replay.id, { state: 'Running', rowsTotal }))) return;
  const stream = `${setting.id}/replay/${replay.id}`;
  exporter.open({
    id: stream,
    tables: setting.tables,
    filters: setting.plans,
    destination: await destinationOf(setting, deps.seal),
  });
  try {
    for (const slice of left) {
      const batches = await batchesOf(slice, setting, replay.id, deps, signal);
      const sent = await deliverSlice(stream, batches, replay, setting, deps, signal);
      if (sent === null) return;
      rowsDone += slice.rows;
      bytes += sent;
      const goesOn = await store.moveReplay(replay.tenantId, replay.id, {
        place: { table: slice.table, until: slice.to },
        rowsDone,
        bytes,
        error: null,
      });
      if (!goesOn) return;
    }
    await store.moveReplay(replay.tenantId, replay.id, { state: 'Succeeded', finishedAt: deps.clock.now() });
  } finally {
    exporter.close(stream);
  }
}

/** What was received before the replay was asked for may still be on its way from the log to the event store. */
async function untilStored({ eventLog }: ReplaysDeps, signal: AbortSignal): Promise<boolean> {
  const { newest } = eventLog.stats();
  while (!signal.aborted) {
    const now = eventLog.stats();
    const reader = now.readers.find(({ name }) => name === 'event-store');
    if (reader === undefined || now.newest - reader.lagRecords >= newest) return true;
    await delay(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

async function slicesLeft(
  replay: StoredReplay,
  setting: StoredSetting,
  deps: ReplaysDeps,
  signal: AbortSignal,
): Promise<Slice[]> {
  const { place } = replay;
  const tables = place === null ? setting.tables : setting.tables.slice(setting.tables.indexOf(place.table));
  const slices: Slice[] = [];
  for (const table of tables) {
    const from = table === place?.table ? place.until : replay.from;
    if (from < replay.to)
      slices.push(
        ...(await deps.rows.slices(replay.tenantId, table, { from, to: replay.to }, SLICE_ROWS, signal)),
      );
  }
  return slices;
}

/** A batch a device, as the log has them. */
async function batchesOf(
  slice: Slice,
  setting: StoredSetting,
  replayId: string,
  deps: ReplaysDeps,
  signal: AbortSignal,
): Promise<ExportBatch[]> {
  const { tenantId } = setting;
  const byDevice = new Map<string, StoredRow[]>();
  const groups = setting.deviceGroups.length === 0 ? null : new Set(setting.deviceGroups);
  for (const row of await deps.rows.read(tenantId, slice, signal)) {
    const deviceId =
      typeof row.DeviceId === 'string'
        ? row.DeviceId
        : groups !== null && typeof row.AlertId === 'string'
          ? await deps.deviceOfAlert(tenantId, row.AlertId)
          : '';
    const own = byDevice.get(deviceId) ?? [];
    byDevice.set(deviceId, own);
    own.push(row);
  }
  const batches: ExportBatch[] = [];
  for (const [deviceId, rows] of byDevice) {
    const device = await deps.deviceOf(tenantId, deviceId);
    if (groups !== null && !groups.has(device.groupId)) continue;
    const block = blockOfStored(slice.table, rows);
    const header = {
      tenantId,
      deviceId,
      deviceName: '',
      machineGroup: device.groupName,
      receivedAt: slice.from,
    };
    batches.push({
      key: `replay ${replayId} ${slice.table} ${slice.from} ${deviceId}`,
      payload: encodeBatchRecord(header, [{ table: slice.table, rows: rows.length, block }]),
    });
  }
  return batches;
}

async function deliverSlice(
  stream: string,
  batches: readonly ExportBatch[],
  replay: StoredReplay,
  setting: StoredSetting,
  deps: ReplaysDeps,
  signal: AbortSignal,
): Promise<number | null> {
  let [bytes, skip, refusedInARow] = [0, 0, 0];
  if (batches.length === 0) return 0;
  for (let attempt = 1; !signal.aborted; attempt++) {
    let failure: { fault: PumpFault; message: string; retryAfterMs: number | null };
    try {
      const outcome = await deps.exporter.deliver(
        stream,
        batches,
        { skip, refusedBefore: refusedInARow, limits: PART },
        AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
      );
      await deps.refused.keep(setting.id, outcome.refused);
      const taken = outcome.counts.some(({ delivered }) => delivered > 0);
      refusedInARow = taken ? 0 : refusedInARow + outcome.refused.length;
      bytes += outcome.bytes;
      skip += outcome.settled;
      if (outcome.settled > 0) attempt = 1;
      if (outcome.failure === null) return bytes;
      failure = outcome.failure;
    } catch (error) {
      if (signal.aborted) return null;
      deps.log.error({ err: error, replayId: replay.id }, 'a replay met a defect and stands still');
      failure = {
        fault: 'internal',
        message: 'A defect of the server: its log has the details.',
        retryAfterMs: null,
      };
    }
    const at = nowIso7(deps.clock.now());
    const { fault, message } = failure;
    await deps.store.moveReplay(replay.tenantId, replay.id, { error: { fault, message, at } });
    const wait = retryDelayMs(fault, attempt, failure.retryAfterMs, Math.random());
    await delay(wait, undefined, { signal }).catch(() => {});
  }
  return null;
}
