/** Makes the reading account on a ClickHouse server that has none yet. The embedded engine is configured with it. */
import type { ClickHouseClient } from '@clickhouse/client';
import { complaintOf } from './clickhouse-error.ts';
import { type Account, type Connection, connect, readerOf } from './connection.ts';
import { readerSettings } from './engine-config.ts';
import type { ReaderCeilings } from './store.ts';
import { quoteName } from './table-layout.ts';

const AUTHENTICATION_FAILED = 516;
const REFUSED = new Set([497 /* ACCESS_DENIED */, 514 /* ACCESS_STORAGE_FOR_INSERTION_NOT_FOUND */]);

/** Conditional, so that two servers may run them at once. The password is a parameter of its own: {password:String}. */
export function accountStatements(account: Account, database: string, ceilings: ReaderCeilings): string[] {
  const name = quoteName(account.name);
  const settings = readerSettings(ceilings).map(({ name: setting, value, bounds }) =>
    bounds ? `${setting} = ${value} MIN ${bounds[0]} MAX ${bounds[1]}` : `${setting} = ${value} CONST`,
  );
  // Base64url: nothing in it needs quoting, and the statement takes no parameter here.
  const identified = `IDENTIFIED WITH sha256_password BY '${account.password}'`;
  return [
    `CREATE USER IF NOT EXISTS ${name} ${identified}`,
    `ALTER USER ${name} ${identified} SETTINGS ${settings.join(', ')}`,
    `GRANT SELECT, dictGet ON ${quoteName(database)}.* TO ${name}`,
  ];
}

/** @throws Error that names the statements an administrator has to run, when the writer may not make accounts. */
export async function ensureReader(
  connection: Connection,
  writer: ClickHouseClient,
  ceilings: ReaderCeilings,
): Promise<void> {
  const account = readerOf(connection);
  if (await maySignIn(connection, account)) return;
  const statements = accountStatements(account, connection.database, ceilings);
  try {
    for (const query of statements) await writer.command({ query });
  } catch (error) {
    if (!REFUSED.has(complaintOf(error)?.code ?? 0)) throw error;
    throw new Error(
      `Merlon reads events as "${account.name}", which does not exist or has another password, and "${connection.writer.name}" may not make it. ` +
        `Grant it that (GRANT CREATE USER, ALTER USER ON *.* and SELECT, dictGet ON ${connection.database}.* WITH GRANT OPTION), or run as an administrator:\n` +
        statements.join(';\n'),
      { cause: error },
    );
  }
}

async function maySignIn(connection: Connection, account: Account): Promise<boolean> {
  const client = connect(connection, account, { connections: 1 });
  try {
    await client.command({ query: 'SELECT 1' });
    return true;
  } catch (error) {
    if (complaintOf(error)?.code === AUTHENTICATION_FAILED) return false;
    throw error;
  } finally {
    await client.close();
  }
}
