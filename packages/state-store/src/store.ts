/** What features see of the relational store. */
import type { Kysely, Transaction } from 'kysely';

export interface Migration {
  /** `2026-11-24-devices-1`: date, feature, number. Migrations run in the order of their names, each once. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: a migration works on the schema as it finds it, before and after it has a type
  up(db: Kysely<any>): Promise<void>;
}

export interface StateStore {
  /**
   * One transaction in which every row read or written belongs to the tenant. PostgreSQL's row-level security sees to it, whatever the
   * statements say; a row of another tenant is not there.
   */
  tenant<DB, T>(tenantId: string, work: (db: Transaction<DB>) => Promise<T>): Promise<T>;
  /** One transaction across tenants, for the platform itself: sign-in, enrolment look-up, sweeps. */
  system<DB, T>(work: (db: Transaction<DB>) => Promise<T>): Promise<T>;
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
