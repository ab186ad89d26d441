/** What is done with settings: checked, tried and kept, whichever address asks. */
import { ApiError, nowIso7 } from '@merlon/contract';
import { DeliveryError, type DestinationKind, destinationKinds } from '@merlon/destinations';
import { Type } from 'typebox';
import { checkInput } from '../../http/validation.ts';
import { parted } from '../../secrets/sealed-settings.ts';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { sealed, withSecrets } from './destination-secrets.ts';
import type { EventRows } from './event-rows.ts';
import { tableOfCategory } from './event-types.ts';
import type { DestinationSpec } from './export-protocol.ts';
import type { ExportProgress, ExportSetting, SettingContent, StoredSetting } from './export-setting.ts';
import type { ExportThread } from './export-thread.ts';
import type { CompileFilters } from './filters.ts';
import { kindNamed, type Pumps } from './pumps.ts';
import type { StoredProgress, StreamingStore } from './store.ts';

export interface SettingInput {
  readonly name: string;
  readonly enabled: boolean;
  readonly eventTypes: readonly string[];
  readonly destination: DestinationSpec;
  readonly deviceGroups: readonly number[];
  readonly filters: Readonly<Record<string, string>>;
  /** Absent: as it was. */
  readonly resourceId?: string | null;
}

/** Checked, and tried at the destination; to be stored. */
export interface CheckedSetting {
  readonly content: Omit<SettingContent, 'sealed' | 'secretNames'>;
  readonly secret: Readonly<Record<string, unknown>>;
  /** What was changed; null: it is new. */
  readonly old: StoredSetting | null;
}

export interface SettingWork {
  list(tenantId: string): Promise<ExportSetting[]>;
  get(tenantId: string, id: string): Promise<ExportSetting>;
  /**
   * Asks other servers: not within a transaction.
   * @throws InvalidInput, DestinationUnusable
   */
  check(
    tenantId: string,
    input: SettingInput,
    old: StoredSetting | null,
    options: { probe: boolean },
  ): Promise<CheckedSetting>;
  create(tenantId: string, id: string, checked: CheckedSetting): Promise<ExportSetting>;
  update(tenantId: string, checked: CheckedSetting): Promise<ExportSetting>;
  remove(tenantId: string, id: string): Promise<ExportSetting>;
  /** @throws DestinationUnusable */
  probe(tenantId: string, id: string): Promise<void>;
}

export interface SettingWorkDeps {
  readonly store: StreamingStore;
  readonly pumps: Pumps;
  readonly exporter: Pick<ExportThread, 'probe'>;
  readonly compileFilters: CompileFilters;
  readonly seal: SecretSeal;
  readonly rows: Pick<EventRows, 'countAfter'>;
  readonly groups: (tenantId: string) => Promise<readonly { readonly id: number; readonly name: string }[]>;
  readonly maxSettings: number;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}

const NOTHING_YET: StoredProgress = {
  deliveredRows: 0,
  deliveredBytes: 0,
  leftOutRows: 0,
  refusedRows: 0,
  droppedRows: 0,
  droppedFrom: null,
  droppedTo: null,
  newestDelivered: null,
  lastSuccess: null,
};

export function settingWork(deps: SettingWorkDeps): SettingWork {
  const { store, pumps } = deps;

  async function lagRows(setting: StoredSetting, progress: StoredProgress): Promise<number | null> {
    const status = pumps.status(setting.id);
    if (status === null || status.lagSeconds === 0) return 0;
    try {
      const after = progress.newestDelivered ?? nowIso7(setting.createdAt);
      return await deps.rows.countAfter(setting.tenantId, setting.tables, after);
    } catch {
      return null;
    }
  }

  async function progressOf(setting: StoredSetting, stored: StoredProgress): Promise<ExportProgress> {
    const status = pumps.status(setting.id);
    return {
      state: status?.state ?? 'Stopped',
      lagSeconds: status?.lagSeconds ?? 0,
      lagRows: await lagRows(setting, stored),
      lagBytes: pumps.lagBytes(setting.id),
      nearLoss: pumps.nearLoss(setting.id),
      lastError: status?.lastError ?? null,
      lastSuccess: stored.lastSuccess === null ? null : nowIso7(stored.lastSuccess),
      newestDelivered: stored.newestDelivered,
      deliveredRows: stored.deliveredRows,
      deliveredBytes: stored.deliveredBytes,
      leftOutRows: stored.leftOutRows,
      refusedRows: stored.refusedRows,
      droppedRows: stored.droppedRows,
      droppedFrom: stored.droppedFrom,
      droppedTo: stored.droppedTo,
    };
  }

  async function shown(settings: readonly StoredSetting[], tenantId: string): Promise<ExportSetting[]> {
    const progress = await store.progress(tenantId);
    return Promise.all(
      settings.map(async (setting) => ({
        id: setting.id,
        name: setting.name,
        enabled: setting.enabled,
        eventTypes: [...setting.tables],
        destination: { kind: setting.kind, settings: setting.settings },
        secrets: [...setting.secretNames],
        deviceGroups: [...setting.deviceGroups],
        filters: setting.filters,
        createdAt: nowIso7(setting.createdAt),
        updatedAt: nowIso7(setting.updatedAt),
        progress: await progressOf(setting, progress.get(setting.id) ?? NOTHING_YET),
      })),
    );
  }

  async function one(setting: StoredSetting): Promise<ExportSetting> {
    const [found] = await shown([setting], setting.tenantId);
    if (found === undefined) throw new ApiError('ResourceNotFound');
    return found;
  }

  async function probe(destination: DestinationSpec, tables: readonly string[]): Promise<void> {
    const failure = await deps.exporter.probe(destination, tables, deps.stopping);
    if (failure !== null)
      throw new ApiError('DestinationUnusable', `${FAULTS[failure.fault]}: ${failure.message}`);
  }

  async function checkGroups(tenantId: string, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const known = new Set((await deps.groups(tenantId)).map(({ id }) => id));
    const unknown = ids.find((id) => !known.has(id));
    if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no device group ${unknown}.`);
  }

  return {
    list: async (tenantId) => shown(await store.list(tenantId), tenantId),
    get: async (tenantId, id) => one(await store.get(tenantId, id)),

    async check(tenantId, input, old, options) {
      const kind = kindNamed(input.destination.kind);
      if (!kind)
        throw new ApiError(
          'InvalidInput',
          `There is no kind of destination named ${input.destination.kind}; there are ${destinationKinds.map(({ name }) => name).join(', ')}.`,
        );
      const tables = tablesOf(input.eventTypes);
      const settings = await wholeSettings(kind, input.destination.settings, old, deps.seal);
      checkSettings(kind, settings, tables);
      await checkGroups(tenantId, input.deviceGroups);
      const stray = Object.keys(input.filters).find((table) => !tables.includes(table));
      if (stray !== undefined)
        throw new ApiError(
          'InvalidInput',
          `There is a filter for ${stray}, which is not among the event types.`,
        );
      const plans = await deps.compileFilters(input.filters);
      if (options.probe) await probe({ kind: kind.name, settings }, tables);
      const { open, secret } = parted(kind, settings);
      return {
        old,
        secret,
        content: {
          name: input.name,
          enabled: input.enabled,
          tables,
          kind: kind.name,
          settings: open,
          deviceGroups: [...new Set(input.deviceGroups)],
          filters: input.filters,
          plans,
          resourceId: input.resourceId === undefined ? (old?.resourceId ?? null) : input.resourceId,
        },
      };
    },

    async create(tenantId, id, { content, secret }) {
      const kept = await sealed({ tenantId, id }, secret, deps.seal);
      // Before it stands, so that nothing is missed between the two.
      if (content.enabled) pumps.reserve(id);
      const made = await store.create(
        tenantId,
        id,
        { ...content, ...kept },
        deps.clock.now(),
        deps.maxSettings,
      );
      await pumps.changed();
      return one(made);
    },

    async update(tenantId, { content, secret, old }) {
      if (old === null) throw new ApiError('ResourceNotFound');
      const kept = await sealed(old, secret, deps.seal);
      if (content.enabled && !old.enabled) pumps.reserve(old.id);
      const updated = await store.update(
        tenantId,
        old.id,
        old.revision,
        { ...content, ...kept },
        deps.clock.now(),
      );
      await pumps.changed();
      return one(updated);
    },

    async remove(tenantId, id) {
      const gone = await one(await store.get(tenantId, id));
      await store.remove(tenantId, id);
      await pumps.changed();
      return gone;
    },

    async probe(tenantId, id) {
      const setting = await store.get(tenantId, id);
      await probe({ kind: setting.kind, settings: await withSecrets(setting, deps.seal) }, setting.tables);
    },
  };
}

const FAULTS = {
  unreachable: 'The destination cannot be reached',
  credentials: 'The destination does not know these credentials',
  forbidden: 'It may not be written there',
  missing: 'What the settings name is not there',
  throttled: 'The destination asks for patience',
  refused: 'The destination refuses the test',
  settings: 'The settings contradict themselves',
} as const;

/** @throws InvalidInput naming the first that cannot be streamed */
export function tablesOf(eventTypes: readonly string[]): string[] {
  const tables = eventTypes.map((type) => {
    const table = tableOfCategory(type);
    if (table === undefined) throw new ApiError('InvalidInput', `The event type ${type} cannot be streamed.`);
    return table;
  });
  return [...new Set(tables)];
}

/**
 * Settings as they will be: what an update leaves out stays. Secrets stay only where they go to the same place: else whoever may change a setting
 * could have the secret of another sent to himself.
 */
async function wholeSettings(
  kind: DestinationKind,
  given: Readonly<Record<string, unknown>>,
  old: StoredSetting | null,
  seal: SecretSeal,
): Promise<Record<string, unknown>> {
  const named = Object.entries(given);
  if (old === null || old.kind !== kind.name) return withoutNulls(named);
  const { open } = parted(kind, given);
  const changed = Object.entries(open).find(
    ([name, value]) => JSON.stringify(value ?? null) !== JSON.stringify(old.settings[name] ?? null),
  );
  const missing = old.secretNames.find((name) => !(name in given));
  if (changed !== undefined && missing !== undefined)
    throw new ApiError(
      'InvalidInput',
      `With '${changed[0]}' changed, the secret '${missing}' has to be given again: it is not sent to another place unasked.`,
    );
  const before = missing === undefined ? old.settings : await withSecrets(old, seal);
  return withoutNulls(Object.entries({ ...before, ...given }));
}

const withoutNulls = (entries: readonly (readonly [string, unknown])[]) =>
  Object.fromEntries(entries.filter(([, value]) => value !== null));

function checkSettings(kind: DestinationKind, settings: object, tables: readonly string[]): void {
  checkInput('body', Type.Object({ settings: kind.settings }), { settings });
  try {
    kind.check(settings, tables);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    throw new ApiError('DestinationUnusable', `${FAULTS[error.fault]}: ${error.message}`);
  }
}
