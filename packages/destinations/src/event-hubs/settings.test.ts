import { describe, expect, it } from 'vitest';
import { check, hubOf, namespaceOf, type Settings } from './settings.ts';

const KEY = 'Endpoint=sb://name.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0';
const byString: Settings = { authentication: 'connectionString', connectionString: KEY };
const refusal = (settings: Settings, tables: readonly string[] = ['DeviceEvents']): string => {
  try {
    check(settings, tables);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
};

describe('settings of Event Hubs', () => {
  it.each<[string, Settings, object]>([
    ['AMQP', byString, { host: 'name.servicebus.windows.net', port: 5_671, secure: true, hub: undefined }],
    ['the Kafka endpoint', { ...byString, transport: 'kafka' }, { port: 9_093, secure: true }],
    ['one hub', { ...byString, connectionString: `${KEY};EntityPath=all` }, { hub: 'all' }],
    [
      'an emulator',
      { ...byString, connectionString: `${KEY};UseDevelopmentEmulator=true` },
      { port: 5_672, secure: false },
    ],
    [
      'an identity',
      { authentication: 'managedIdentity', namespace: 'name.servicebus.windows.net' },
      { secure: true },
    ],
  ])('lead to %s', (_, settings, namespace) => {
    expect(refusal(settings)).toBe('accepted');
    expect(namespaceOf(settings)).toMatchObject(namespace);
  });

  it('give each table a hub of its own, as the service names them', () => {
    expect(hubOf(undefined, 'DeviceProcessEvents')).toBe('insights-logs-advancedhunting-deviceprocessevents');
    expect(hubOf('all', 'DeviceProcessEvents')).toBe('all');
  });

  it.each<[string, Settings, string]>([
    ['no connection string', { authentication: 'connectionString' }, 'connectionString is missing'],
    ['no key', { ...byString, connectionString: 'Endpoint=sb://a/' }, 'holds no key'],
    [
      'no endpoint',
      { ...byString, connectionString: 'SharedAccessKeyName=a;SharedAccessKey=b' },
      'has no Endpoint',
    ],
    ['two hubs', { ...byString, connectionString: `${KEY};EntityPath=a`, hub: 'b' }, 'is for the hub a'],
    ['two namespaces', { ...byString, namespace: 'x' }, 'namespace is given'],
    [
      'an identity without a secret',
      { authentication: 'servicePrincipal', namespace: 'x', tenantId: 'a', clientId: 'b' },
      'clientSecret is missing',
    ],
    ['an identity that is not used', { ...byString, clientId: 'a' }, 'clientId is given'],
  ])('are refused with %s, without the secret', (_, settings, message) => {
    expect(refusal(settings)).toContain(message);
    expect(refusal(settings)).not.toContain('c2VjcmV0');
  });

  it('want no more hubs than a namespace holds', () => {
    const tables = Array.from({ length: 11 }, (_, n) => `Table${n}`);
    expect(refusal(byString, tables)).toContain('hub is missing');
    expect(refusal({ ...byString, hubsInNamespace: 100 }, tables)).toBe('accepted');
    expect(refusal({ ...byString, hub: 'all' }, tables)).toBe('accepted');
  });
});
