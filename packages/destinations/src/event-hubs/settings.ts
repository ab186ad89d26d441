/** What is asked about an Event Hubs namespace. */
import { type Static, Type } from 'typebox';
import { checkConnectionString } from '../azure/connection-string.ts';
import { checkEntra, entraMembers, entraSecrets } from '../azure/entra-identity.ts';
import { DeliveryError } from '../destination.ts';
import { checkTls, tlsMembers } from '../tls-settings.ts';

export const Settings = Type.Object(
  {
    authentication: Type.Enum(['connectionString', 'servicePrincipal', 'managedIdentity'], {
      description: 'How the server shows who it is.',
    }),
    connectionString: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8_000,
        description:
          'Connection string of the namespace or of one hub, with a key that has the right to send.',
      }),
    ),
    namespace: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        pattern: '^[A-Za-z0-9.-]+$',
        description:
          'Host name of the namespace, as name.servicebus.windows.net; needed without a connection string.',
      }),
    ),
    ...entraMembers,
    hub: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
        description:
          'Hub for everything. Absent: a hub for each table, as insights-logs-advancedhunting-deviceevents. Hubs must be there already.',
      }),
    ),
    hubsInNamespace: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description:
          'Hubs that the namespace can hold. Without hub no more tables than this can be delivered. Default 10.',
      }),
    ),
    transport: Type.Optional(
      Type.Enum(['amqp', 'kafka'], {
        description: 'Protocol: AMQP 1.0, or that of Kafka (not in the basic tier). Default amqp.',
      }),
    ),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'Port, where it is not the usual one of the transport: 5671 for amqp, 9093 for kafka.',
      }),
    ),
    maxMessageBytes: Type.Optional(
      Type.Integer({
        minimum: 4_096,
        maximum: 20 * 1024 * 1024,
        description:
          'Bytes of one message at most: what the tier takes less what the protocol adds. A larger record is refused. Default 1000000, for the 1 MB of the standard tier; 250000 in the basic tier.',
      }),
    ),
    ca: tlsMembers.ca,
  },
  { additionalProperties: false },
);
export type Settings = Static<typeof Settings>;

export const secrets = ['connectionString', ...entraSecrets] as const;

export interface Namespace {
  readonly host: string;
  readonly port: number;
  /** Not to an emulator, whose connection string says so. */
  readonly secure: boolean;
  /** That everything goes to. */
  readonly hub: string | undefined;
}

/** @throws DeliveryError `settings`, naming the member */
export function check(settings: Settings, tables: readonly string[]): void {
  const { authentication, connectionString, namespace } = settings;
  checkConnectionString(authentication, connectionString, {
    member: 'namespace',
    value: namespace,
    named: 'it',
  });
  checkEntra(authentication, settings);
  checkTls({ ...(settings.ca === undefined ? {} : { ca: settings.ca }) });
  const { hub } = namespaceOf(settings);
  const most = settings.hubsInNamespace ?? 10;
  if (hub === undefined && tables.length > most)
    throw new DeliveryError(
      'settings',
      `hub is missing: ${tables.length} tables would need as many hubs, and the namespace holds ${most} (hubsInNamespace).`,
    );
}

/** @throws DeliveryError `settings`, naming the member */
export function namespaceOf(settings: Settings): Namespace {
  const usual = settings.transport === 'kafka' ? 9_093 : 5_671;
  if (settings.connectionString === undefined)
    return { host: settings.namespace ?? '', port: settings.port ?? usual, secure: true, hub: settings.hub };
  const parts = new Map(
    settings.connectionString.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
  const endpoint = parts.get('endpoint') ?? '';
  const host = /^sb:\/\/([A-Za-z0-9.-]+)(?::\d+)?\/?$/.exec(endpoint)?.[1];
  if (host === undefined) throw new DeliveryError('settings', 'connectionString has no Endpoint=sb://….');
  if (
    !parts.has('sharedaccesssignature') &&
    !(parts.has('sharedaccesskeyname') && parts.has('sharedaccesskey'))
  )
    throw new DeliveryError('settings', 'connectionString holds no key.');
  const entity = parts.get('entitypath');
  if (entity !== undefined && settings.hub !== undefined && entity !== settings.hub)
    throw new DeliveryError(
      'settings',
      `hub is ${settings.hub}, but the connection string is for the hub ${entity}.`,
    );
  const emulator = parts.get('usedevelopmentemulator') === 'true';
  const emulated = settings.transport === 'kafka' ? 9_092 : 5_672;
  return {
    host,
    port: settings.port ?? (emulator ? emulated : usual),
    secure: !emulator,
    hub: settings.hub ?? entity,
  };
}

export const hubOf = (hub: string | undefined, table: string): string =>
  hub ?? `insights-logs-advancedhunting-${table.toLowerCase()}`;
