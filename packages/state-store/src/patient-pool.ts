/** A bounded pool that waits a little for a database that is just restarting, instead of failing everything that asks meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface PoolLimits {
  readonly size: number;
  /** 0: none. */
  readonly statementTimeoutMs: number;
}

/** How long work waits for a connection, be it that all are taken or that the database is not there. */
export const PATIENCE_MS = 10_000;
const RETRY_MS = 100;
/** Work that holds a transaction open and does nothing is ended: it would hold its locks, too. */
const IDLE_TRANSACTION_MS = 60_000;

/** The server is not there, is going, or is not ready: nothing that was asked of it happened. */
const NOT_THERE = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03']);
/** What node-postgres says, without a code, of a connection that ended. */
const ENDED = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

export function isConnectionLoss(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (code !== undefined && NOT_THERE.has(code)) || ENDED.test(message ?? '');
}

export class PatientPool {
  readonly #pool: pg.Pool;
  readonly #size: number;

  constructor(connection: pg.ClientConfig, { size, statementTimeoutMs }: PoolLimits) {
    this.#size = size;
    this.#pool = new pg.Pool({
      ...connection,
      max: size,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
      idleTimeoutMillis: 60_000,
      connectionTimeoutMillis: PATIENCE_MS,
      keepAlive: true,
    });
    // An idle connection that breaks is replaced by the next one that asks.
    this.#pool.on('error', () => {});
    // One that breaks at work fails that work, which is enough; without a listener it would end the process.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  async connect(): Promise<pg.PoolClient> {
    for (const deadline = Date.now() + PATIENCE_MS; ; await delay(RETRY_MS)) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        if (isConnectionLoss(error) && Date.now() < deadline && !this.#pool.ending) continue;
        if (!/timeout exceeded when trying to connect/.test((error as Error).message)) throw error;
        throw new Error(`none of ${this.#size} database connections became free within ${PATIENCE_MS} ms`, {
          cause: error,
        });
      }
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}
