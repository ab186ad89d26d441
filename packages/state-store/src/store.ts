/** What features see of the relational store. */
import type { Kysely, Transaction } from 'kysely';

export interface Migration {
  /** `2026-11-24-devices-1`: date, feature, number. Migrations run in the order of their names, each once. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: a migration works on the schema as it finds it, before and after it has a type
  up(db: Kysely<any>): Promise<void>;
}

/** Whose rows: a caller's. The caller of a route is one. */
export interface TenantScope {
  readonly tenantId: string;
  /** Ids of device groups, as text. Rows about devices of other groups are not there. */
  readonly deviceGroups: 'all' | readonly string[];
}

export interface StateStore {
  /**
   * One transaction in which every row read or written belongs to the tenant, and where the scope names device groups is about a device of
   * one of them. PostgreSQL's row-level security sees to it, whatever the statements say; any other row is not there. A tenant's id alone means
   * all its devices: for the platform's own work, never for what a caller asked.
   */
  tenant<DB, T>(scope: string | TenantScope, work: (db: Transaction<DB>) => Promise<T>): Promise<T>;
  /**
   * For what only reads: the rows are those of {@link StateStore.tenant}, each statement has a transaction of its own, and one that would write is refused.
   * A third of the way: whoever it reads as goes along with the statement, and there is no commit to wait for.
   */
  read<DB, T>(scope: string | TenantScope, work: (db: Kysely<DB>) => Promise<T>): Promise<T>;
  /** One transaction across tenants, for the platform itself: sign-in, enrolment look-up, sweeps. */
  system<DB, T>(work: (db: Transaction<DB>) => Promise<T>): Promise<T>;
  /**
   * Makes one transaction of all that `work` begins, whoever's rows they are about: they stand or fall together, and what it notifies is heard
   * when they stand. Begun again as a whole when PostgreSQL asks for it.
   */
  together<T>(work: () => Promise<T>): Promise<T>;
  /** Calls `handler` for each payload notified on `channel`, by any server on this database. Resolves to the way to stop. */
  listen(channel: string, handler: (payload: string) => void): Promise<() => Promise<void>>;
  /** At most 7,900 bytes. Best effort: a listener that is reconnecting misses it. */
  notify(channel: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

export interface StateStoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
