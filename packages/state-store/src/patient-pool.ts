/** A pool that waits a little for a database that is just restarting, instead of failing everything that asks meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const PATIENCE_MS = 10_000;
const RETRY_MS = 100;
const STATEMENT_TIMEOUT_MS = 30_000;

/** Network errors of a server that is not there, and SQLSTATE 57P03: it is there but not ready. */
const NOT_THERE = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', '57P03']);

export function patientPool(connection: pg.ClientConfig, size: number): Pick<pg.Pool, 'connect' | 'end'> {
  const pool = new pg.Pool({
    ...connection,
    max: size,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
  });
  // An idle connection that breaks is replaced by the next one that asks.
  pool.on('error', () => {});
  const connect = async () => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await pool.connect();
      } catch (error) {
        const { code } = error as { code?: string };
        if (!code || !NOT_THERE.has(code) || Date.now() >= deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  };
  return { connect: connect as pg.Pool['connect'], end: () => pool.end() };
}
