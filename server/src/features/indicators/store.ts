/** All SQL of the indicators. */
import { ApiError, type IndicatorAction, type IndicatorSeverity, type IndicatorType } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Generated, type Selectable, sql, type Transaction } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import type { ContentChange } from '../device-content/index.ts';
import { type Author, isOwn, requireReach } from './author.ts';
import { indicatorItem } from './indicator-item.ts';
import type { IndicatorFields } from './indicator-request.ts';

export interface IndicatorsTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  /** bigint arrives as text. */
  id: Generated<string>;
  type: IndicatorType;
  value: string;
  compared: string;
  action: IndicatorAction;
  title: string;
  description: string;
  application: string | null;
  severity: IndicatorSeverity;
  recommended_actions: string | null;
  group_ids: number[];
  group_names: string[];
  generate_alert: boolean;
  educate_url: string | null;
  external_id: string | null;
  look_back_days: number | null;
  expires_at: Date | null;
  owner_kind: 'application' | 'user';
  owner_id: string;
  created_by: string;
  created_by_name: string;
  created_by_source: string;
  created_at: Date;
  updated_by: string;
  updated_at: Date;
  version: number;
  hunt_from: Date | null;
  hunt_begun_at: Date | null;
}
export interface IndicatorsDb {
  indicators: IndicatorsTable;
  device_groups: { id: number; name: string };
}
export type IndicatorRow = Selectable<IndicatorsTable>;
type Db = Transaction<IndicatorsDb>;

/** What stands and falls with a change: the content of devices, the audit record. */
export interface Alongside {
  content(db: Db, change: ContentChange): Promise<void>;
  record(db: Db): Promise<void>;
}

export type Submitted =
  | { readonly kind: 'taken'; readonly row: IndicatorRow; readonly created: boolean }
  | { readonly kind: 'refused'; readonly error: ApiError };

/** Names of the groups as they are called now, or were when last heard of. */
export const groupNames = sql<string[]>`array(
  select coalesce(g.name, indicators.group_names[place.at]) from unnest(indicators.group_ids) with ordinality as place(id, at)
  left join device_groups g on g.tenant_id = indicators.tenant_id and g.id = place.id order by place.at)`;

export type IndicatorsStore = ReturnType<typeof indicatorsStore>;

/** @param maxActive in a tenant at once */
export function indicatorsStore(state: StateStore, maxActive: number) {
  /** One change at a time in a tenant, so that its limit holds. */
  const changing = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<IndicatorsDb, T>(tenantId, async (db) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`indicators ${tenantId}`}, 0))`.execute(db);
      return work(db);
    });

  return {
    /** @param owner only those of this program; null: whoever's. */
    list(
      scope: TenantScope,
      owner: string | null,
      page: SqlPage,
      now: Date,
    ): Promise<{ rows: IndicatorRow[]; total: number | null }> {
      return state.tenant<IndicatorsDb, { rows: IndicatorRow[]; total: number | null }>(scope, async (db) => {
        let query = db.selectFrom('indicators').where(isActive(now));
        if (owner !== null) query = query.where('owner_id', '=', owner);
        if (page.where) query = query.where(page.where);
        const rows = paged(query.selectAll().select(groupNames.as('group_names')), page);
        return { total: await totalOf(query, page), rows: await rows.execute() };
      });
    },

    find(scope: TenantScope, owner: string | null, id: string, now: Date): Promise<IndicatorRow | undefined> {
      return state.read<IndicatorsDb, IndicatorRow | undefined>(scope, (db) => {
        const query = db
          .selectFrom('indicators')
          .selectAll()
          .select(groupNames.as('group_names'))
          .where('id', '=', id)
          .where(isActive(now));
        return (owner === null ? query : query.where('owner_id', '=', owner)).executeTakeFirst();
      });
    },

    findValue(
      scope: TenantScope,
      owner: string | null,
      { type, value }: Pick<IndicatorFields, 'type' | 'value'>,
      now: Date,
    ): Promise<IndicatorRow | undefined> {
      return state.read<IndicatorsDb, IndicatorRow | undefined>(scope, (db) => {
        const query = db
          .selectFrom('indicators')
          .selectAll()
          .select(groupNames.as('group_names'))
          .where('type', '=', type)
          .where(sql<boolean>`md5(compared) = md5(${value.compared})`)
          .where(isActive(now));
        return (owner === null ? query : query.where('owner_id', '=', owner)).executeTakeFirst();
      });
    },

    /** Each stands for itself: taken or refused. In one transaction, and one version of the content of devices. */
    submit(
      tenantId: string,
      author: Author,
      all: readonly IndicatorFields[],
      now: Date,
      alongside: Alongside,
    ): Promise<Submitted[]> {
      return changing(tenantId, async (db) => {
        const groups = await db.selectFrom('device_groups').select(['id', 'name']).execute();
        const { known, expired } = await knownOf(db, all, now);
        const { n } = await db
          .selectFrom('indicators')
          .select(sql<string>`count(*)`.as('n'))
          .where(isActive(now))
          .executeTakeFirstOrThrow();
        let active = Number(n);
        /** By key, as the batch leaves it. */
        const values = new Map<string, ReturnType<typeof valuesOf>>();
        const judged = all.map((fields) => {
          const key = keyOf(fields.type, fields.value.compared);
          try {
            const groupIds = groupIdsOf(fields, groups);
            const before = known.get(key);
            const isNew = !before && !values.has(key);
            judge(author, fields, groupIds, before);
            if (isNew && active >= maxActive)
              throw new ApiError(
                'DisallowedOperation',
                `A tenant holds at most ${maxActive} active indicators.`,
              );
            if (isNew) active += 1;
            const names = groupIds.map((id) => groups.find((group) => group.id === id)?.name ?? '');
            values.set(
              key,
              valuesOf(fields, { ids: groupIds, names }, author, values.get(key) ?? before, now),
            );
            return { key, created: isNew };
          } catch (error) {
            if (error instanceof ApiError) return { key, error };
            throw error;
          }
        });
        const rows = await upsert(db, [...values.values()]);
        await alongside.content(db, { upserts: [...rows.values()].map(indicatorItem), removes: expired });
        await alongside.record(db);
        return judged.map(({ key, created, error }): Submitted => {
          if (error) return { kind: 'refused', error };
          const row = rows.get(key);
          if (!row) throw new Error('an indicator that was taken has no row');
          return { kind: 'taken', row, created: created === true };
        });
      });
    },

    /** All of them or none. @throws ApiError ResourceNotFound, Forbidden */
    remove(
      tenantId: string,
      author: Author,
      ids: readonly string[],
      now: Date,
      alongside: Alongside,
    ): Promise<void> {
      return changing(tenantId, async (db) => {
        const rows = await db
          .selectFrom('indicators')
          .select(['id', 'owner_id', 'group_ids'])
          .where(sql<boolean>`id = any(${ids}::bigint[])`)
          .where(isActive(now))
          .execute();
        const known = new Map(rows.map((row) => [row.id, row]));
        for (const id of ids) {
          const row = known.get(id);
          if (!row || !isOwn(author, row))
            throw new ApiError('ResourceNotFound', `Indicator ${id} was not found.`);
          requireReach(author, row.group_ids, `Indicator ${id}`);
        }
        await db.deleteFrom('indicators').where(sql<boolean>`id = any(${ids}::bigint[])`).execute();
        await alongside.content(db, { upserts: [], removes: ids });
        await alongside.record(db);
      });
    },

    /** Those in force, for whoever looks for them. */
    active(tenantId: string, now: Date): Promise<IndicatorRow[]> {
      return state.read<IndicatorsDb, IndicatorRow[]>(tenantId, (db) =>
        db
          .selectFrom('indicators')
          .selectAll()
          .select(groupNames.as('group_names'))
          .where(isActive(now))
          .execute(),
      );
    },

    /** Another text when the active ones, or the names of device groups, are others. */
    stamp(tenantId: string, now: Date): Promise<string> {
      return state.read<IndicatorsDb, string>(tenantId, async (db) => {
        const { stamp } = await db
          .selectFrom('indicators')
          .select(
            sql<string>`concat_ws(' ', count(*), sum(version), max(updated_at), max(id),
              (select md5(string_agg(id || name, ' ' order by id)) from device_groups))`.as('stamp'),
          )
          .where(isActive(now))
          .executeTakeFirstOrThrow();
        return stamp;
      });
    },

    /** Removes what has expired, across tenants; devices drop it by themselves. @returns how many */
    purge(now: Date, limit: number): Promise<number> {
      return state.system<IndicatorsDb, number>(async (db) => {
        const removed = await sql`delete from indicators where id in
          (select id from indicators where expires_at <= ${now} limit ${limit} for update skip locked)`.execute(
          db,
        );
        return Number(removed.numAffectedRows ?? 0);
      });
    },

    /** Tenants with indicators that are still to be looked for in past events. */
    huntingTenants(now: Date): Promise<string[]> {
      return state.system<IndicatorsDb, string[]>(async (db) => {
        const rows = await db
          .selectFrom('indicators')
          .select(sql<string>`tenant_id`.as('tenant_id'))
          .distinct()
          .where('hunt_from', 'is not', null)
          .where(isActive(now))
          .limit(1_000)
          .execute();
        return rows.map(({ tenant_id }) => tenant_id);
      });
    },

    /** Takes on indicators that are still to be looked for in past events; no other server does so for a while. */
    beginHunt(tenantId: string, limit: number, now: Date): Promise<IndicatorRow[]> {
      return state.tenant<IndicatorsDb, IndicatorRow[]>(tenantId, (db) =>
        db
          .updateTable('indicators')
          .set({ hunt_begun_at: now })
          .where(
            'id',
            'in',
            db
              .selectFrom('indicators')
              .select('id')
              .where('hunt_from', 'is not', null)
              .where(isActive(now))
              .where((e) =>
                e.or([
                  e('hunt_begun_at', 'is', null),
                  e('hunt_begun_at', '<', new Date(now.getTime() - HUNT_LEASE_MS)),
                ]),
              )
              .orderBy('id')
              .limit(limit)
              .forUpdate()
              .skipLocked(),
          )
          .returningAll()
          .execute(),
      );
    },

    /** @param done false: to be looked for again. What was changed meanwhile is looked for again in any case. */
    async endHunt(tenantId: string, rows: readonly IndicatorRow[], done: boolean): Promise<void> {
      await state.tenant<IndicatorsDb, void>(tenantId, async (db) => {
        await sql`update indicators set hunt_begun_at = null, hunt_from = case when ${done} then null else hunt_from end
          from unnest(${rows.map(({ id }) => id)}::bigint[], ${rows.map(({ version }) => version)}::integer[]) as hunted(id, version)
          where indicators.id = hunted.id and indicators.version = hunted.version`.execute(db);
      });
    },
  };
}

/** A server that takes longer has ended. */
const HUNT_LEASE_MS = 15 * 60_000;
const isActive = (now: Date) => sql<boolean>`(expires_at is null or expires_at > ${now})`;
const keyOf = (type: string, compared: string) => `${type} ${compared}`;

/** Those of the same type and value, once what has expired of them is gone. */
async function knownOf(
  db: Db,
  all: readonly IndicatorFields[],
  now: Date,
): Promise<{ known: Map<string, IndicatorRow>; expired: string[] }> {
  const types = all.map(({ type }) => type);
  const compared = all.map(({ value }) => value.compared);
  const among = sql<boolean>`(type, md5(compared)) in (select t, md5(v) from unnest(${types}::text[], ${compared}::text[]) as given(t, v))`;
  const gone = await db
    .deleteFrom('indicators')
    .where(among)
    .where('expires_at', '<=', now)
    .returning('id')
    .execute();
  const rows = await db.selectFrom('indicators').selectAll().where(among).execute();
  return {
    known: new Map(rows.map((row) => [keyOf(row.type, row.compared), row])),
    expired: gone.map(({ id }) => id),
  };
}

/** @throws ApiError Forbidden */
function judge(
  author: Author,
  fields: IndicatorFields,
  groupIds: readonly number[],
  before: IndicatorRow | undefined,
): void {
  const what = `The indicator of ${fields.type} ${JSON.stringify(fields.value.shown.slice(0, 200))}`;
  if (before && !isOwn(author, before))
    throw new ApiError('Forbidden', `${what} belongs to somebody else; changing it needs Ti.ReadWrite.All.`);
  if (before) requireReach(author, before.group_ids, what);
  requireReach(author, groupIds, what);
}

/** @throws ApiError InvalidInput */
function groupIdsOf(
  { groups: { names, ids } }: IndicatorFields,
  known: readonly { readonly id: number; readonly name: string }[],
): number[] {
  const named = names.map((name) => {
    const group = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (!group)
      throw new ApiError('InvalidInput', `There is no device group ${JSON.stringify(name.slice(0, 200))}.`);
    return group.id;
  });
  const unknown = ids.find((id) => !known.some((group) => group.id === id));
  if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no device group ${unknown}.`);
  return [...new Set([...named, ...ids])].sort((a, b) => a - b);
}

type Before = Pick<
  IndicatorRow,
  | 'application'
  | 'owner_kind'
  | 'owner_id'
  | 'created_by'
  | 'created_by_name'
  | 'created_by_source'
  | 'created_at'
  | 'version'
  | 'hunt_from'
  | 'look_back_days'
>;

/** The row as it shall be. What is said only once stays as it was. */
function valuesOf(
  fields: IndicatorFields,
  groups: { readonly ids: number[]; readonly names: string[] },
  author: Author,
  before: Before | undefined,
  now: Date,
) {
  const { lookBackDays } = fields;
  // What was looked for before is not looked for again because its title changed.
  const hunted = before !== undefined && before.look_back_days !== null && before.hunt_from === null;
  return {
    type: fields.type,
    value: fields.value.shown,
    compared: fields.value.compared,
    action: fields.action,
    title: fields.title,
    description: fields.description,
    severity: fields.severity,
    recommended_actions: fields.recommendedActions,
    group_ids: groups.ids,
    group_names: groups.names,
    generate_alert: fields.generateAlert,
    educate_url: fields.educateUrl,
    external_id: fields.externalId,
    look_back_days: lookBackDays,
    expires_at: fields.expiresAt,
    application: before ? before.application : fields.application,
    owner_kind: before?.owner_kind ?? author.kind,
    owner_id: before?.owner_id ?? author.id,
    created_by: before?.created_by ?? author.by,
    created_by_name: before?.created_by_name ?? author.name,
    created_by_source: before?.created_by_source ?? author.source,
    created_at: before?.created_at ?? now,
    updated_by: author.by,
    updated_at: now,
    version: (before?.version ?? 0) + 1,
    hunt_from: lookBackDays === null || hunted ? null : new Date(now.getTime() - lookBackDays * DAY_MS),
    hunt_begun_at: null,
  };
}

const DAY_MS = 86_400_000;

/** Type and value -> the row as it stands. */
async function upsert(
  db: Db,
  values: readonly ReturnType<typeof valuesOf>[],
): Promise<Map<string, IndicatorRow>> {
  if (values.length === 0) return new Map();
  const rows = await db
    .insertInto('indicators')
    .values([...values])
    .onConflict((conflict) =>
      conflict.expression(sql`tenant_id, type, md5(compared)`).doUpdateSet(({ ref }) => ({
        value: ref('excluded.value'),
        action: ref('excluded.action'),
        title: ref('excluded.title'),
        description: ref('excluded.description'),
        severity: ref('excluded.severity'),
        recommended_actions: ref('excluded.recommended_actions'),
        group_ids: ref('excluded.group_ids'),
        group_names: ref('excluded.group_names'),
        generate_alert: ref('excluded.generate_alert'),
        educate_url: ref('excluded.educate_url'),
        external_id: ref('excluded.external_id'),
        look_back_days: ref('excluded.look_back_days'),
        expires_at: ref('excluded.expires_at'),
        updated_by: ref('excluded.updated_by'),
        updated_at: ref('excluded.updated_at'),
        version: ref('excluded.version'),
        hunt_from: ref('excluded.hunt_from'),
        hunt_begun_at: ref('excluded.hunt_begun_at'),
      })),
    )
    .returningAll()
    .execute();
  return new Map(rows.map((row) => [keyOf(row.type, row.compared), row]));
}
