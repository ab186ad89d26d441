/** Where a ClickHouse server is and as whom Merlon talks to it. */
import { createHmac } from 'node:crypto';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

export interface Account {
  readonly name: string;
  readonly password: string;
}

export interface Connection {
  /** `http://127.0.0.1:21234`, without path. */
  readonly origin: string;
  readonly database: string;
  /** Makes tables and writes. */
  readonly writer: Account;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_DATABASE = 'merlon';
/** Above the longest query and the slowest insert: it only ends waits for a server that has gone silent. */
const SILENCE_MS = 900_000;

/**
 * Reads `http(s)://user:password@host:port/database`.
 * @throws Error that says what is wrong, without the password.
 */
export function parseConnectionUrl(text: string): Connection {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(
      'the address of the event store is not a URL: http(s)://user:password@host:port/database is expected',
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`the event store is spoken to over http or https, not ${url.protocol}//`);
  }
  const database = decodeURIComponent(url.pathname.slice(1)) || DEFAULT_DATABASE;
  if (!/^\w{1,64}$/.test(database)) {
    throw new Error(
      `the event store's database has to be named with letters, digits and _ only, not "${database}"`,
    );
  }
  return {
    origin: url.origin,
    database,
    writer: {
      name: decodeURIComponent(url.username) || 'default',
      password: decodeURIComponent(url.password),
    },
    headers: {},
  };
}

/** The account that may only read. Its password follows from the writer's, so that all servers beside one store know it without agreeing on it. */
export function readerOf({ database, writer }: Connection): Account {
  return {
    name: `${database}_reader`,
    password: createHmac('sha256', writer.password)
      .update(`merlon event store reader of ${database}`)
      .digest('base64url'),
  };
}

/** @param options.database what unqualified table names mean; it has to exist. */
export function connect(
  connection: Connection,
  account: Account,
  options: { readonly connections: number; readonly database?: string },
): ClickHouseClient {
  return createClient({
    url: connection.origin,
    username: account.name,
    password: account.password,
    http_headers: { ...connection.headers },
    application: 'merlon',
    max_open_connections: options.connections,
    ...(options.database ? { database: options.database } : {}),
    request_timeout: SILENCE_MS,
    log: { level: ClickHouseLogLevel.OFF },
  });
}
