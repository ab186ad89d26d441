/**
 * Settings in the shape of `/api/dataExportSettings` (streaming.md, section 2; observed, not documented). It names Azure resources and no credentials:
 * those of the machine the server runs on are used, or what the block says under `merlon`, in the words of the destination's own settings. Pure.
 */
import { ApiError } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { categoryOf } from './event-types.ts';
import type { DestinationSpec } from './export-protocol.ts';
import type { ExportSetting } from './export-setting.ts';
import { tablesOf } from './setting-work.ts';

const exactly = { additionalProperties: false } as const;
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Optional(Type.Union([type, Type.Null()]));
const resourceId = Type.String({ minLength: 1, maxLength: 2_000 });
/** Ours: further settings of the destination, such as `{"authentication": "connectionString", "connectionString": "…"}`. */
const merlon = Type.Optional(Type.Record(Type.String(), Type.Unknown()));

export const DataExportSetting = Type.Object(
  {
    /** The setting's name. */
    id: Type.String({ minLength: 1, maxLength: 120 }),
    designatedTenantId: orNull(Type.String({ maxLength: 100 })),
    eventHubProperties: orNull(
      Type.Object(
        { eventHubResourceId: resourceId, name: orNull(Type.String({ maxLength: 256 })), merlon },
        exactly,
      ),
    ),
    storageAccountProperties: orNull(Type.Object({ storageAccountResourceId: resourceId, merlon }, exactly)),
    workspaceProperties: orNull(Type.Record(Type.String(), Type.Unknown())),
    logs: Type.Array(
      Type.Object(
        { category: Type.String({ minLength: 1, maxLength: 120 }), enabled: Type.Boolean() },
        exactly,
      ),
      { minItems: 1, maxItems: 100 },
    ),
  },
  exactly,
);
export type DataExportSetting = Static<typeof DataExportSetting>;

export const ShownDataExportSetting = Type.Object({
  id: Type.String(),
  designatedTenantId: Type.Union([Type.String(), Type.Null()]),
  eventHubProperties: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  storageAccountProperties: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  workspaceProperties: Type.Null(),
  logs: Type.Array(Type.Object({ category: Type.String(), enabled: Type.Boolean() })),
});
export type ShownDataExportSetting = Static<typeof ShownDataExportSetting>;

export interface AskedExport {
  readonly name: string;
  readonly enabled: boolean;
  readonly eventTypes: readonly string[];
  readonly destination: DestinationSpec;
  readonly resourceId: string;
}

/** @throws InvalidInput */
export function askedExport(setting: DataExportSetting, tenantId: string): AskedExport {
  const { designatedTenantId, logs } = setting;
  if (designatedTenantId !== null && designatedTenantId !== undefined && designatedTenantId !== tenantId)
    throw new ApiError(
      'InvalidInput',
      'designatedTenantId is not this tenant: rows never go out for another one.',
    );
  const on = logs.filter(({ enabled }) => enabled);
  return {
    name: setting.id,
    enabled: on.length > 0,
    // With none enabled it is off, and remembers what it was about.
    eventTypes: tablesOf((on.length > 0 ? on : logs).map(({ category }) => category)),
    ...targetOf(setting),
  };
}

function targetOf(setting: DataExportSetting): Pick<AskedExport, 'destination' | 'resourceId'> {
  const {
    eventHubProperties: hub,
    storageAccountProperties: storage,
    workspaceProperties: workspace,
  } = setting;
  const given = [hub, storage, workspace].filter((block) => block !== null && block !== undefined);
  if (given.length !== 1)
    throw new ApiError(
      'InvalidInput',
      'Exactly one of eventHubProperties, storageAccountProperties and workspaceProperties is given.',
    );
  if (storage) {
    const account = nameIn(storage.storageAccountResourceId, 'storageAccounts', 'storageAccountResourceId');
    const usual = {
      authentication: 'managedIdentity',
      accountUrl: `https://${account}.blob.core.windows.net`,
    };
    return {
      resourceId: storage.storageAccountResourceId,
      destination: { kind: 'azureStorage', settings: storage.merlon ?? usual },
    };
  }
  if (hub) {
    const namespace = nameIn(hub.eventHubResourceId, 'namespaces', 'eventHubResourceId');
    const usual = { authentication: 'managedIdentity', namespace: `${namespace}.servicebus.windows.net` };
    const name = hub.name ? { hub: hub.name } : {};
    return {
      resourceId: hub.eventHubResourceId,
      destination: { kind: 'eventHubs', settings: { ...(hub.merlon ?? usual), ...name } },
    };
  }
  throw new ApiError(
    'InvalidInput',
    'workspaceProperties: a Log Analytics workspace is no destination here.',
  );
}

/** `/subscriptions/…/resourceGroups/…/providers/…/<type>/<name>` */
function nameIn(id: string, type: string, member: string): string {
  const found = new RegExp(
    `^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/${type}/([a-z0-9][a-z0-9-]{1,62})$`,
    'i',
  ).exec(id)?.[1];
  if (found !== undefined) return found.toLowerCase();
  throw new ApiError('InvalidInput', `${member} is not the resource id of one of the ${type}.`);
}

export function shownExport(setting: ExportSetting, resource: string | null): ShownDataExportSetting {
  const { kind, settings } = setting.destination;
  return {
    id: setting.name,
    designatedTenantId: null,
    eventHubProperties:
      kind === 'eventHubs'
        ? { eventHubResourceId: resource ?? settings.namespace ?? null, name: settings.hub ?? null }
        : null,
    storageAccountProperties:
      kind === 'azureStorage' ? { storageAccountResourceId: resource ?? settings.accountUrl ?? null } : null,
    workspaceProperties: null,
    logs: setting.eventTypes.map((table) => ({ category: categoryOf(table), enabled: setting.enabled })),
  };
}
