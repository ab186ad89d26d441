/**
 * Kysely's way to PostgreSQL, with a say in how a transaction begins: one statement text, one round trip, sets the role and the tenant
 * together with BEGIN. A connection that may still carry any of it is not used again.
 */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type pg from 'pg';
import { isConnectionLoss, PATIENCE_MS, type PatientPool } from './patient-pool.ts';
import { type Eyes, readScoped } from './scoped-read.ts';

/** The transaction could not even begin: nothing of its work was done. */
export class NotBegunError extends Error {
  override readonly name = 'NotBegunError';
}

/** `begin`: the statements that begin a transaction; they hold no text of anyone's making. */
export function scopedDialect(pool: PatientPool, begin = 'begin'): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new ScopedDriver(pool, begin),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/** Every statement by itself, on whichever connection is free, and each may only read. */
export function readingDialect(pool: PatientPool, eyes: Eyes): Dialect {
  return { ...scopedDialect(pool), createDriver: () => new ReadingDriver(pool, eyes) };
}

class ReadingDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(pool: PatientPool, eyes: Eyes) {
    this.#connection = {
      async executeQuery<R>(statement: CompiledQuery): Promise<QueryResult<R>> {
        for (const deadline = Date.now() + PATIENCE_MS; ; ) {
          const client = await pool.connect();
          let lost = false;
          try {
            return { rows: (await readScoped(client, eyes, statement)) as R[] };
          } catch (error) {
            // What only reads may be asked twice.
            lost = isConnectionLoss(error);
            if (!lost || Date.now() >= deadline) throw error;
          } finally {
            client.release(lost);
          }
        }
      },
      streamQuery: refuseStream,
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  beginTransaction = refuseTransaction;
  commitTransaction = refuseTransaction;
  rollbackTransaction = refuseTransaction;

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

async function refuseTransaction(): Promise<never> {
  throw new Error('what only reads has no transactions');
}

// biome-ignore lint/correctness/useYield: the interface has it; a cursor would outlive its statement timeout
async function* refuseStream(): AsyncIterableIterator<never> {
  throw new Error('this store does not stream rows: read them a page at a time');
}

class ScopedDriver implements Driver {
  readonly #pool: PatientPool;
  readonly #begin: string;

  constructor(pool: PatientPool, begin: string) {
    this.#pool = pool;
    this.#begin = begin;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    return new PooledConnection(await this.#pool.connect());
  }

  async beginTransaction(connection: PooledConnection): Promise<void> {
    try {
      await connection.command(this.#begin);
    } catch (error) {
      connection.spoilt = true;
      throw new NotBegunError((error as Error).message, { cause: error });
    }
  }

  async commitTransaction(connection: PooledConnection): Promise<void> {
    // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and with no error.
    const done = await connection.command('commit');
    if (done === 'COMMIT') return;
    throw new Error(
      'the transaction was undone: a statement in it had failed, and the work went on as if it had not',
    );
  }

  async rollbackTransaction(connection: PooledConnection): Promise<void> {
    try {
      await connection.command('rollback');
    } catch {
      // What the caller wants to hear is why the work failed.
      connection.spoilt = true;
    }
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {}
}

const COUNTED = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

class PooledConnection implements DatabaseConnection {
  /** In a state that is not known. */
  spoilt = false;
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { command, rowCount, rows } = await this.#client.query<R & object>(sql, [...parameters]);
    return COUNTED.has(command) ? { rows, numAffectedRows: BigInt(rowCount ?? 0) } : { rows };
  }

  streamQuery = refuseStream;

  /** Runs statements without parameters; returns the last one's command tag. */
  async command(sql: string): Promise<string> {
    const result: pg.QueryResult | pg.QueryResult[] = await this.#client.query(sql);
    return (Array.isArray(result) ? result.at(-1)?.command : result.command) ?? '';
  }

  release(): void {
    this.#client.release(this.spoilt);
  }
}
