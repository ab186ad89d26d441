/** What changed of the things that people watch: ids alone, read under the reader's own scope. All SQL of this feature; the tables are other features'. */
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type Kysely, sql } from 'kysely';

export const watchedSets = ['alerts', 'incidents', 'machineactions', 'machines'] as const;
export type WatchedSet = (typeof watchedSets)[number];

/** Ids of what changed; `more` when there was more than is told, and whoever shows the set had better read it again. */
export interface Changed {
  readonly ids: readonly string[];
  readonly more: boolean;
}
export type Changes = Partial<Record<WatchedSet, Changed>>;

/** Ids of one set told at once. */
export const MAX_IDS = 100;

interface Row {
  readonly id: string;
}

const questions = {
  alerts: (since: Date) => sql<Row>`select id from alerts where updated_at >= ${since}`,
  // Those that became part of another are not listed any more.
  incidents: (since: Date) =>
    sql<Row>`select id::text as id from incidents where updated_at >= ${since} and leads_to = id`,
  machineactions: (since: Date) =>
    sql<Row>`select id::text as id from machine_actions where updated_at >= ${since}`,
  machines: (since: Date) => sql<Row>`select id from devices where last_seen >= ${since}`,
} satisfies Record<WatchedSet, (since: Date) => unknown>;

export interface ChangesStore {
  /** Sets without a change are left out. */
  since(scope: TenantScope, since: Date): Promise<Changes>;
}

export function changesStore(state: Pick<StateStore, 'read'>): ChangesStore {
  return {
    since: (scope, since) =>
      state.read(scope, async (db: Kysely<unknown>) => {
        const changes: Changes = {};
        for (const set of watchedSets) {
          const { rows } = await sql<Row>`${questions[set](since)} limit ${MAX_IDS + 1}`.execute(db);
          if (rows.length > 0)
            changes[set] = { ids: rows.slice(0, MAX_IDS).map(({ id }) => id), more: rows.length > MAX_IDS };
        }
        return changes;
      }),
  };
}
