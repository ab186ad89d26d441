/** All SQL of streaming on the state store: settings, how far they came, what was delivered by hour, replays. */
import { ApiError } from '@merlon/contract';
import { isUniqueViolation, type StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import type { ExportFailure, SettingContent, StoredSetting } from './export-setting.ts';
import type { ReplayPlace, ReplayState } from './replay-state.ts';

type Json<T> = ColumnType<T, string, string>;
type Tenant = ColumnType<string, string | undefined, never>;
/** Comes back as text. */
type Big = ColumnType<string, number, number>;

export interface StreamingDatabase {
  export_settings: {
    tenant_id: Tenant;
    id: string;
    name: string;
    enabled: boolean;
    revision: number;
    kind: string;
    content: Json<Omit<SettingContent, 'name' | 'enabled' | 'kind' | 'sealed'>>;
    sealed: string | null;
    created_at: Date;
    updated_at: Date;
  };
  export_progress: {
    tenant_id: Tenant;
    setting_id: string;
    log: string;
    counted_to: Big;
    delivered_rows: Big;
    delivered_bytes: Big;
    left_out_rows: Big;
    refused_rows: Big;
    dropped_rows: Big;
    dropped_from: string | null;
    dropped_to: string | null;
    newest_delivered: string | null;
    last_success: Date | null;
  };
  export_counts: {
    tenant_id: Tenant;
    setting_id: string;
    table_name: string;
    hour: Date;
    delivered: Big;
    left_out: Big;
    refused: Big;
    dropped: Big;
  };
  export_replays: {
    tenant_id: Tenant;
    id: string;
    setting_id: string;
    from_time: string;
    to_time: string;
    state: ReplayState;
    place: Json<ReplayPlace> | null;
    rows_total: ColumnType<string | null, number | null, number | null>;
    rows_done: Big;
    bytes: Big;
    error: Json<ExportFailure> | null;
    created_at: Date;
    finished_at: Date | null;
  };
}
type Db = Transaction<StreamingDatabase>;

/** What became of the rows of a range. */
export interface Settled {
  readonly tenantId: string;
  readonly settingId: string;
  readonly log: string;
  /** Last position of the range. */
  readonly upTo: number;
  readonly bytes: number;
  readonly newest: string | null;
  readonly droppedFrom: string | null;
  readonly droppedTo: string | null;
  readonly at: Date;
  readonly counts: readonly SettledHour[];
}

export interface SettledHour {
  readonly table: string;
  /** `2026-11-25T14` */
  readonly hour: string;
  readonly delivered: number;
  readonly leftOut: number;
  readonly refused: number;
  readonly dropped: number;
}

/** Of all logs together. */
export interface StoredProgress {
  readonly deliveredRows: number;
  readonly deliveredBytes: number;
  readonly leftOutRows: number;
  readonly refusedRows: number;
  readonly droppedRows: number;
  readonly droppedFrom: string | null;
  readonly droppedTo: string | null;
  readonly newestDelivered: string | null;
  readonly lastSuccess: Date | null;
}

export interface StoredReplay {
  readonly id: string;
  readonly tenantId: string;
  readonly settingId: string;
  readonly from: string;
  readonly to: string;
  readonly state: ReplayState;
  readonly place: ReplayPlace | null;
  readonly rowsTotal: number | null;
  readonly rowsDone: number;
  readonly bytes: number;
  readonly error: ExportFailure | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export type StreamingStore = ReturnType<typeof streamingStore>;

export function streamingStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<StreamingDatabase, T>(tenantId, work);
  const inSystem = <T>(work: (db: Db) => Promise<T>) => state.system<StreamingDatabase, T>(work);

  return {
    list: (tenantId: string): Promise<StoredSetting[]> =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('export_settings').selectAll().orderBy(sql`lower(name)`).execute()).map(setting),
      ),

    /** Every tenant's. */
    all: (): Promise<StoredSetting[]> =>
      inSystem(async (db) => (await db.selectFrom('export_settings').selectAll().execute()).map(setting)),

    /** @throws ResourceNotFound */
    get: (tenantId: string, id: string): Promise<StoredSetting> => inTenant(tenantId, (db) => find(db, id)),

    byName: (tenantId: string, name: string): Promise<StoredSetting | null> =>
      inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('export_settings')
          .selectAll()
          .where(sql`lower(name)`, '=', name.toLowerCase())
          .executeTakeFirst();
        return row ? setting(row) : null;
      }),

    /** @throws DisallowedOperation beyond `most` settings */
    create: (tenantId: string, id: string, content: SettingContent, now: Date, most: number) =>
      inTenant(tenantId, async (db): Promise<StoredSetting> => {
        // Two at once must not both find room for one.
        await sql`select pg_advisory_xact_lock(hashtext(${`export_settings ${tenantId}`}))`.execute(db);
        const { count } = await db
          .selectFrom('export_settings')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= most)
          throw new ApiError(
            'DisallowedOperation',
            `A tenant has at most ${most} export settings. The operator of the server may allow more.`,
          );
        await db
          .insertInto('export_settings')
          .values({ id, ...columns(content), revision: 1, created_at: now, updated_at: now })
          .execute()
          .catch(taken(content.name));
        return find(db, id);
      }),

    /** @throws Conflict when it was changed since revision `since` */
    update: (tenantId: string, id: string, since: number, content: SettingContent, now: Date) =>
      inTenant(tenantId, async (db): Promise<StoredSetting> => {
        const { numUpdatedRows } = await db
          .updateTable('export_settings')
          .set({ ...columns(content), revision: since + 1, updated_at: now })
          .where('id', '=', id)
          .where('revision', '=', since)
          .executeTakeFirst()
          .catch(taken(content.name));
        const updated = await find(db, id);
        if (numUpdatedRows === 0n)
          throw new ApiError('Conflict', 'The export setting was changed at the same moment.');
        return updated;
      }),

    remove: (tenantId: string, id: string): Promise<StoredSetting> =>
      inTenant(tenantId, async (db) => {
        const gone = await find(db, id);
        await db.deleteFrom('export_settings').where('id', '=', id).execute();
        return gone;
      }),

    progress: (tenantId: string): Promise<Map<string, StoredProgress>> =>
      inTenant(tenantId, async (db) => {
        const rows = await db
          .selectFrom('export_progress')
          .select((e) => [
            'setting_id',
            e.fn.sum<string>('delivered_rows').as('delivered_rows'),
            e.fn.sum<string>('delivered_bytes').as('delivered_bytes'),
            e.fn.sum<string>('left_out_rows').as('left_out_rows'),
            e.fn.sum<string>('refused_rows').as('refused_rows'),
            e.fn.sum<string>('dropped_rows').as('dropped_rows'),
            e.fn.min('dropped_from').as('dropped_from'),
            e.fn.max('dropped_to').as('dropped_to'),
            e.fn.max('newest_delivered').as('newest_delivered'),
            e.fn.max('last_success').as('last_success'),
          ])
          .groupBy('setting_id')
          .execute();
        return new Map(
          rows.map((row) => [
            row.setting_id,
            {
              deliveredRows: Number(row.delivered_rows),
              deliveredBytes: Number(row.delivered_bytes),
              leftOutRows: Number(row.left_out_rows),
              refusedRows: Number(row.refused_rows),
              droppedRows: Number(row.dropped_rows),
              droppedFrom: row.dropped_from,
              droppedTo: row.dropped_to,
              newestDelivered: row.newest_delivered,
              lastSuccess: row.last_success,
            },
          ]),
        );
      }),

    /** Each range once, however often it is told. */
    settle: (ranges: readonly Settled[]): Promise<void> =>
      inSystem(async (db) => {
        for (const range of ranges) if (await countRange(db, range)) await countHours(db, range);
      }),

    hours: (tenantId: string, settingId: string, from: Date, to: Date) =>
      inTenant(tenantId, (db) =>
        db
          .selectFrom('export_counts')
          .select(['table_name', 'hour', 'delivered', 'left_out', 'refused', 'dropped'])
          .where('setting_id', '=', settingId)
          .where('hour', '>=', from)
          .where('hour', '<', to)
          .execute(),
      ),

    forgetHoursBefore: (time: Date): Promise<void> =>
      inSystem(async (db) => {
        await db.deleteFrom('export_counts').where('hour', '<', time).execute();
      }),

    replays: (tenantId: string, settingId: string): Promise<StoredReplay[]> =>
      inTenant(tenantId, async (db) =>
        (
          await db
            .selectFrom('export_replays')
            .selectAll()
            .where('setting_id', '=', settingId)
            .orderBy('created_at', 'desc')
            .limit(100)
            .execute()
        ).map(replay),
      ),

    /** Every tenant's that is not at its end, oldest first. */
    openReplays: (): Promise<StoredReplay[]> =>
      inSystem(async (db) =>
        (
          await db
            .selectFrom('export_replays')
            .selectAll()
            .where('state', 'in', ['Waiting', 'Running'])
            .orderBy('created_at')
            .execute()
        ).map(replay),
      ),

    findReplay: (tenantId: string, id: string): Promise<StoredReplay> =>
      inTenant(tenantId, (db) => findReplay(db, id)),

    createReplay: (
      tenantId: string,
      row: { id: string; settingId: string; from: string; to: string; now: Date },
    ): Promise<StoredReplay> =>
      inTenant(tenantId, async (db) => {
        const open = await db
          .selectFrom('export_replays')
          .select('id')
          .where('setting_id', '=', row.settingId)
          .where('state', 'in', ['Waiting', 'Running'])
          .executeTakeFirst();
        if (open) throw new ApiError('Conflict', `Replay ${open.id} of this setting has not ended yet.`);
        await db
          .insertInto('export_replays')
          .values({
            id: row.id,
            setting_id: row.settingId,
            from_time: row.from,
            to_time: row.to,
            state: 'Waiting',
            place: null,
            rows_total: null,
            rows_done: 0,
            bytes: 0,
            error: null,
            created_at: row.now,
            finished_at: null,
          })
          .execute();
        return findReplay(db, row.id);
      }),

    /** Nothing happens to one that has ended. @returns whether it had not */
    moveReplay: (
      tenantId: string,
      id: string,
      to: {
        state?: ReplayState;
        place?: ReplayPlace;
        rowsTotal?: number;
        rowsDone?: number;
        bytes?: number;
        error?: ExportFailure | null;
        finishedAt?: Date;
      },
    ): Promise<boolean> =>
      inTenant(tenantId, async (db) => {
        const { numUpdatedRows } = await db
          .updateTable('export_replays')
          .set({
            ...(to.state === undefined ? {} : { state: to.state }),
            ...(to.place === undefined ? {} : { place: JSON.stringify(to.place) }),
            ...(to.rowsTotal === undefined ? {} : { rows_total: to.rowsTotal }),
            ...(to.rowsDone === undefined ? {} : { rows_done: to.rowsDone }),
            ...(to.bytes === undefined ? {} : { bytes: to.bytes }),
            ...(to.error === undefined ? {} : { error: to.error === null ? null : JSON.stringify(to.error) }),
            ...(to.finishedAt === undefined ? {} : { finished_at: to.finishedAt }),
          })
          .where('id', '=', id)
          .where('state', 'in', ['Waiting', 'Running'])
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      }),
  };
}

async function countRange(db: Db, range: Settled): Promise<boolean> {
  const sum = (of: (hour: SettledHour) => number) =>
    range.counts.reduce((total, hour) => total + of(hour), 0);
  const rows = {
    delivered_rows: sum(({ delivered }) => delivered),
    delivered_bytes: range.bytes,
    left_out_rows: sum(({ leftOut }) => leftOut),
    refused_rows: sum(({ refused }) => refused),
    dropped_rows: sum(({ dropped }) => dropped),
  };
  const lastSuccess = rows.delivered_rows > 0 ? range.at : null;
  // Not inserted when the setting is gone meanwhile.
  const { rows: counted } = await sql`
    insert into export_progress as old (tenant_id, setting_id, log, counted_to, delivered_rows, delivered_bytes,
      left_out_rows, refused_rows, dropped_rows, dropped_from, dropped_to, newest_delivered, last_success)
    select ${range.tenantId}::uuid, id, ${range.log}, ${range.upTo}::bigint, ${rows.delivered_rows}::bigint, ${rows.delivered_bytes}::bigint,
      ${rows.left_out_rows}::bigint, ${rows.refused_rows}::bigint, ${rows.dropped_rows}::bigint, ${range.droppedFrom}, ${range.droppedTo},
      ${range.newest}, ${lastSuccess}::timestamptz
    from export_settings where tenant_id = ${range.tenantId} and id = ${range.settingId}
    on conflict (tenant_id, setting_id, log) do update set
      counted_to = excluded.counted_to,
      delivered_rows = old.delivered_rows + excluded.delivered_rows,
      delivered_bytes = old.delivered_bytes + excluded.delivered_bytes,
      left_out_rows = old.left_out_rows + excluded.left_out_rows,
      refused_rows = old.refused_rows + excluded.refused_rows,
      dropped_rows = old.dropped_rows + excluded.dropped_rows,
      dropped_from = coalesce(least(old.dropped_from, excluded.dropped_from), old.dropped_from, excluded.dropped_from),
      dropped_to = coalesce(greatest(old.dropped_to, excluded.dropped_to), old.dropped_to, excluded.dropped_to),
      newest_delivered = greatest(old.newest_delivered, excluded.newest_delivered),
      last_success = greatest(old.last_success, excluded.last_success)
    where old.counted_to < excluded.counted_to
    returning 1`.execute(db);
  return counted.length > 0;
}

async function countHours(db: Db, { tenantId, settingId, counts }: Settled): Promise<void> {
  if (counts.length === 0) return;
  await db
    .insertInto('export_counts')
    .values(
      counts.map(({ table, hour, delivered, leftOut, refused, dropped }) => ({
        tenant_id: tenantId,
        setting_id: settingId,
        table_name: table,
        hour: new Date(`${hour}:00:00Z`),
        delivered,
        left_out: leftOut,
        refused,
        dropped,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'setting_id', 'table_name', 'hour']).doUpdateSet({
        delivered: sql`export_counts.delivered + excluded.delivered`,
        left_out: sql`export_counts.left_out + excluded.left_out`,
        refused: sql`export_counts.refused + excluded.refused`,
        dropped: sql`export_counts.dropped + excluded.dropped`,
      }),
    )
    .execute();
}

async function find(db: Db, id: string): Promise<StoredSetting> {
  const row = await db.selectFrom('export_settings').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('ResourceNotFound', `Export setting ${id} was not found.`);
  return setting(row);
}

async function findReplay(db: Db, id: string): Promise<StoredReplay> {
  const row = await db.selectFrom('export_replays').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('ResourceNotFound', `Replay ${id} was not found.`);
  return replay(row);
}

function columns({ name, enabled, kind, sealed, ...content }: SettingContent) {
  return { name, enabled, kind, sealed, content: JSON.stringify(content) };
}

function taken(name: string) {
  return (error: unknown): never => {
    if (!isUniqueViolation(error)) throw error;
    throw new ApiError('Conflict', `There is an export setting named ${name} already.`);
  };
}

function setting(row: Selectable<StreamingDatabase['export_settings']>): StoredSetting {
  return {
    ...row.content,
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    enabled: row.enabled,
    revision: row.revision,
    kind: row.kind,
    sealed: row.sealed,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function replay(row: Selectable<StreamingDatabase['export_replays']>): StoredReplay {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    settingId: row.setting_id,
    from: row.from_time,
    to: row.to_time,
    state: row.state,
    place: row.place,
    rowsTotal: row.rows_total === null ? null : Number(row.rows_total),
    rowsDone: Number(row.rows_done),
    bytes: Number(row.bytes),
    error: row.error,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}
