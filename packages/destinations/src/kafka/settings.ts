/** What is asked about a Kafka cluster. */
import * as zlib from 'node:zlib';
import { type Static, Type } from 'typebox';
import { DeliveryError } from '../destination.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';

export const Settings = Type.Object(
  {
    brokers: Type.Array(Type.String({ minLength: 1, maxLength: 300 }), {
      minItems: 1,
      maxItems: 16,
      description: 'Brokers to begin with, as host:port. The cluster names the others.',
    }),
    topic: Type.String({
      minLength: 1,
      maxLength: 249,
      description:
        'Topic. {table} in it stands for the table of the record, {table_lower} for the same in lower case: one topic a table. It must be there already.',
    }),
    encryption: Type.Optional(
      Type.Enum(['tls', 'none'], {
        description:
          'Whether the brokers are spoken to over TLS. Default tls. With none everybody on the way reads the records.',
      }),
    ),
    saslMechanism: Type.Optional(
      Type.Enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'], {
        description: 'How the server shows who it is. Absent: by clientCertificate, or not at all.',
      }),
    ),
    username: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: 'User for PLAIN and SCRAM.' }),
    ),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8_000, description: 'Password for PLAIN and SCRAM.' }),
    ),
    tokenUrl: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 2_000,
        description:
          'Token endpoint for OAUTHBEARER, https://. Asked by the client credentials grant (RFC 6749).',
      }),
    ),
    clientId: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: 'Client for OAUTHBEARER.' }),
    ),
    clientSecret: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8_000, description: 'Secret of the client for OAUTHBEARER.' }),
    ),
    scope: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2_000, description: 'Scope to ask for with OAUTHBEARER.' }),
    ),
    compression: Type.Optional(
      Type.Enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
        description: 'Compression of what is sent. Default lz4. zstd asks for Node.js 22.15 or newer.',
      }),
    ),
    maxBatchBytes: Type.Optional(
      Type.Integer({
        minimum: 1_024,
        maximum: 64 * 1024 * 1024,
        description:
          'Bytes before compression that one partition gets at once; at most what the topic takes (max.message.bytes). A larger record is refused. Default 1000000.',
      }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
export type Settings = Static<typeof Settings>;

export const secrets = ['password', 'clientSecret', ...tlsSecrets] as const;

const PLACEHOLDER = /\{(table|table_lower)\}/g;

export function topicOf(topic: string, table: string): string {
  return topic.replace(PLACEHOLDER, (_, name: string) => (name === 'table' ? table : table.toLowerCase()));
}

/** @throws DeliveryError `settings`, naming the member */
export function brokerOf(text: string): { host: string; port: number } {
  const parts = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+):([0-9]{1,5})$/i.exec(text);
  const [, host, port] = parts ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new DeliveryError('settings', `brokers: "${text}" is not host:port.`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** @throws DeliveryError `settings`, naming the member */
export function check(settings: Settings, tables: readonly string[]): void {
  settings.brokers.forEach(brokerOf);
  for (const table of tables.length > 0 ? tables : ['Table']) {
    const topic = topicOf(settings.topic, table);
    // The characters that Kafka lets a topic's name have.
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..')
      throw new DeliveryError('settings', `topic: "${topic}" is not a name that a topic can have.`);
  }
  if (settings.compression === 'zstd' && !('zstdCompressSync' in zlib))
    throw new DeliveryError('settings', 'compression: zstd asks for Node.js 22.15 or newer.');
  checkSasl(settings);
  if (settings.encryption === 'none') {
    for (const member of ['ca', 'clientCertificate', 'clientKey'] as const)
      if (settings[member] !== undefined)
        throw new DeliveryError('settings', `${member} belongs to TLS, which encryption turns off.`);
  } else checkTls(settings);
}

const MEMBERS = ['username', 'password', 'tokenUrl', 'clientId', 'clientSecret', 'scope'] as const;

function checkSasl(settings: Settings): void {
  const { saslMechanism } = settings;
  const needed: readonly (typeof MEMBERS)[number][] =
    saslMechanism === undefined
      ? []
      : saslMechanism === 'OAUTHBEARER'
        ? ['tokenUrl', 'clientId', 'clientSecret']
        : ['username', 'password'];
  for (const member of MEMBERS) {
    if (settings[member] === undefined && needed.includes(member))
      throw new DeliveryError('settings', `${member} is missing: ${saslMechanism} asks for it.`);
    if (
      settings[member] !== undefined &&
      !needed.includes(member) &&
      (member !== 'scope' || saslMechanism !== 'OAUTHBEARER')
    )
      throw new DeliveryError(
        'settings',
        saslMechanism === undefined
          ? `${member} is given without saslMechanism.`
          : `${member} is given, but ${saslMechanism} does not ask for it.`,
      );
  }
  if (settings.encryption === 'none' && (saslMechanism === 'PLAIN' || saslMechanism === 'OAUTHBEARER'))
    throw new DeliveryError('settings', `saslMechanism: ${saslMechanism} gives the secret away without TLS.`);
  if (
    settings.tokenUrl !== undefined &&
    !/^https:\/\//.test(URL.canParse(settings.tokenUrl) ? settings.tokenUrl : '')
  )
    throw new DeliveryError('settings', 'tokenUrl is not an https:// address.');
}
