import { describe, expect, it } from 'vitest';
import { askedExport, type DataExportSetting } from './data-export-settings.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const STORAGE =
  '/subscriptions/7a3f/resourceGroups/logs/providers/Microsoft.Storage/storageAccounts/merlonlogs';
const HUB = '/subscriptions/7a3f/resourceGroups/logs/providers/Microsoft.EventHub/namespaces/Merlon-Hub';

const setting = (more: Partial<DataExportSetting>): DataExportSetting => ({
  id: 'to azure',
  designatedTenantId: null,
  logs: [{ category: 'AdvancedHunting-DeviceEvents', enabled: true }],
  ...more,
});

describe('a setting of the known shape', () => {
  it('means the storage account that its resource id names, with the rights of the machine', () => {
    expect(
      askedExport(setting({ storageAccountProperties: { storageAccountResourceId: STORAGE } }), TENANT),
    ).toEqual({
      name: 'to azure',
      enabled: true,
      eventTypes: ['DeviceEvents'],
      resourceId: STORAGE,
      destination: {
        kind: 'azureStorage',
        settings: {
          authentication: 'managedIdentity',
          accountUrl: 'https://merlonlogs.blob.core.windows.net',
        },
      },
    });
  });

  it('means the namespace, and one hub where it is named', () => {
    const { destination } = askedExport(
      setting({ eventHubProperties: { eventHubResourceId: HUB, name: 'all' }, workspaceProperties: null }),
      TENANT,
    );
    expect(destination).toMatchObject({
      kind: 'eventHubs',
      settings: { namespace: 'merlon-hub.servicebus.windows.net', hub: 'all' },
    });
  });

  it('takes settings of ours in the place of the rights of the machine', () => {
    const merlon = { authentication: 'connectionString', connectionString: 'x' };
    const { destination } = askedExport(
      setting({ storageAccountProperties: { storageAccountResourceId: STORAGE, merlon } }),
      TENANT,
    );
    expect(destination.settings).toEqual(merlon);
  });

  it('takes both spellings of a category, those that are enabled, and is off when none is', () => {
    const storageAccountProperties = { storageAccountResourceId: STORAGE };
    const logs = [
      { category: 'DeviceEvents', enabled: true },
      { category: 'AdvancedHunting-AlertInfo', enabled: true },
      { category: 'DeviceInfo', enabled: false },
    ];
    expect(askedExport(setting({ storageAccountProperties, logs }), TENANT).eventTypes).toEqual([
      'DeviceEvents',
      'AlertInfo',
    ]);
    const off = logs.map(({ category }) => ({ category, enabled: false }));
    expect(askedExport(setting({ storageAccountProperties, logs: off }), TENANT)).toMatchObject({
      enabled: false,
      eventTypes: ['DeviceEvents', 'AlertInfo', 'DeviceInfo'],
    });
  });

  it.each<[string, Partial<DataExportSetting>, RegExp]>([
    ['no target', {}, /Exactly one/],
    [
      'two targets',
      {
        storageAccountProperties: { storageAccountResourceId: STORAGE },
        eventHubProperties: { eventHubResourceId: HUB },
      },
      /Exactly one/,
    ],
    ['a workspace', { workspaceProperties: { workspaceResourceId: 'x' } }, /Log Analytics/],
    [
      'no resource id',
      { storageAccountProperties: { storageAccountResourceId: 'merlonlogs' } },
      /not the resource id/,
    ],
    [
      'the id of something else',
      { storageAccountProperties: { storageAccountResourceId: HUB } },
      /not the resource id/,
    ],
    [
      'a host in the name',
      { storageAccountProperties: { storageAccountResourceId: `${STORAGE}.evil.example` } },
      /not the resource id/,
    ],
    [
      'another tenant',
      { designatedTenantId: '2', storageAccountProperties: { storageAccountResourceId: STORAGE } },
      /not this tenant/,
    ],
    [
      'mail',
      {
        storageAccountProperties: { storageAccountResourceId: STORAGE },
        logs: [{ category: 'AdvancedHunting-EmailUrlInfo', enabled: true }],
      },
      /AdvancedHunting-EmailUrlInfo cannot be streamed/,
    ],
  ])('with %s is refused by name', (_what, more, why) => {
    expect(() => askedExport(setting(more), TENANT)).toThrow(why);
  });
});
