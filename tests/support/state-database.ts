/** A test's own way into the embedded database of a running server, past everything that guards it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

export async function openStateDatabase(home: string): Promise<pg.Client> {
  const state = join(home, 'state');
  // The fifth line of the file names the folder of the socket: https://www.postgresql.org/docs/current/storage-file-layout.html
  const host = readFileSync(join(state, 'data', 'postmaster.pid'), 'utf8').split('\n')[4];
  const password = readFileSync(join(state, 'password'), 'utf8').trim();
  const client = new pg.Client({ host, user: 'merlon', password, database: 'merlon' });
  await client.connect();
  return client;
}
