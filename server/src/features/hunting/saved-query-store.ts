/** All SQL of saved queries and folders, and who may see and change which. */
import { ApiError, nowIso7 } from '@merlon/contract';
import { isUniqueViolation, type StateStore } from '@merlon/state-store';
import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { Caller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { HuntingDatabase, HuntingTransaction } from './database.ts';
import type {
  HuntingFolder,
  NewSavedQuery,
  SavedQuery,
  SavedQueryChange,
  SavedQuerySummary,
} from './saved-query.ts';

/** Of one owner, and of what a tenant shares. */
const MAX_QUERIES = 1_000;
const MAX_FOLDERS = 200;

/** What a change leaves in the trail, in its own transaction. */
export type RecordIn = (db: HuntingTransaction, id: string) => Promise<void>;

type Table = 'hunting_folders' | 'hunting_saved_queries';
export type SavedQueryStore = ReturnType<typeof savedQueryStore>;

export function savedQueryStore(state: StateStore, clock: Clock) {
  const inTenant = <T>(caller: Caller, work: (db: HuntingTransaction) => Promise<T>) =>
    state.tenant<HuntingDatabase, T>(caller.tenantId, work);

  return {
    folders: (caller: Caller): Promise<HuntingFolder[]> =>
      inTenant(caller, async (db) => {
        const rows = await db
          .selectFrom('hunting_folders')
          .selectAll()
          .where(seenBy(caller))
          .orderBy('shared')
          .orderBy(sql`lower(name)`)
          .execute();
        return rows.map(folderOf);
      }),

    createFolder: (
      caller: Caller,
      fields: { name: string; shared: boolean },
      record: RecordIn,
    ): Promise<HuntingFolder> =>
      inTenant(caller, async (db) => {
        refuseSharingByApplications(caller, fields.shared);
        await refuseMore(db, 'hunting_folders', caller, fields.shared, MAX_FOLDERS);
        const at = clock.now();
        const row = await db
          .insertInto('hunting_folders')
          .values({ ...fields, owner_id: caller.id, owner_name: caller.name, created_at: at, updated_at: at })
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken('folder', fields.name));
        await record(db, row.id);
        return folderOf(row);
      }),

    renameFolder: (caller: Caller, id: string, name: string, record: RecordIn): Promise<HuntingFolder> =>
      inTenant(caller, async (db) => {
        mayChange(caller, await folder(db, caller, id));
        const row = await db
          .updateTable('hunting_folders')
          .set({ name, updated_at: clock.now() })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken('folder', name));
        await record(db, id);
        return folderOf(row);
      }),

    removeFolder: (caller: Caller, id: string, record: RecordIn): Promise<void> =>
      inTenant(caller, async (db) => {
        mayChange(caller, await folder(db, caller, id));
        await db
          .deleteFrom('hunting_folders')
          .where('id', '=', id)
          .execute()
          .catch((error: unknown) => {
            // Something refers to it.
            if (codeOf(error) === '23503') throw new ApiError('Conflict', 'The folder is not empty.');
            throw error;
          });
        await record(db, id);
      }),

    list: (caller: Caller): Promise<SavedQuerySummary[]> =>
      inTenant(caller, async (db) => {
        const rows = await db
          .selectFrom('hunting_saved_queries')
          .select([
            'id',
            'folder_id',
            'name',
            'description',
            'shared',
            'owner_id',
            'owner_name',
            'changed_by',
            'created_at',
            'updated_at',
          ])
          .where(seenBy(caller))
          .orderBy('shared')
          .orderBy(sql`lower(name)`)
          .orderBy('id')
          .execute();
        return rows.map(summaryOf);
      }),

    find: (caller: Caller, id: string): Promise<SavedQuery> =>
      inTenant(caller, async (db) => queryOf(await savedQuery(db, caller, id))),

    create: (caller: Caller, fields: NewSavedQuery, record: RecordIn): Promise<SavedQuery> =>
      inTenant(caller, async (db) => {
        refuseSharingByApplications(caller, fields.shared);
        await refuseMore(db, 'hunting_saved_queries', caller, fields.shared, MAX_QUERIES);
        const folderId = fields.folderId ?? null;
        await checkFolder(db, caller, folderId, fields.shared);
        const at = clock.now();
        const row = await db
          .insertInto('hunting_saved_queries')
          .values({
            name: fields.name,
            description: fields.description ?? '',
            query: fields.query,
            folder_id: folderId,
            shared: fields.shared,
            owner_id: caller.id,
            owner_name: caller.name,
            changed_by: caller.name,
            created_at: at,
            updated_at: at,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken('query', fields.name));
        await record(db, row.id);
        return queryOf(row);
      }),

    /** Sharing a query or taking it back puts it outside every folder, unless the change names one. */
    update: (caller: Caller, id: string, change: SavedQueryChange, record: RecordIn): Promise<SavedQuery> =>
      inTenant(caller, async (db) => {
        const before = await savedQuery(db, caller, id);
        mayChange(caller, before);
        const shared = change.shared ?? before.shared;
        const moves = shared !== before.shared;
        if (moves) {
          if (before.owner_id !== caller.id)
            throw new ApiError('Forbidden', 'Only its owner shares a query or takes it back.');
          refuseSharingByApplications(caller, shared);
          await refuseMore(db, 'hunting_saved_queries', caller, shared, MAX_QUERIES);
        }
        const folderId = change.folderId === undefined ? (moves ? null : before.folder_id) : change.folderId;
        await checkFolder(db, caller, folderId, shared);
        const row = await db
          .updateTable('hunting_saved_queries')
          .set({
            name: change.name ?? before.name,
            description: change.description ?? before.description,
            query: change.query ?? before.query,
            folder_id: folderId,
            shared,
            changed_by: caller.name,
            updated_at: clock.now(),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(nameTaken('query', change.name ?? before.name));
        await record(db, id);
        return queryOf(row);
      }),

    remove: (caller: Caller, id: string, record: RecordIn): Promise<void> =>
      inTenant(caller, async (db) => {
        mayChange(caller, await savedQuery(db, caller, id));
        await db.deleteFrom('hunting_saved_queries').where('id', '=', id).execute();
        await record(db, id);
      }),
  };
}

/** Own ones, and what the tenant shares. */
function seenBy(caller: Caller) {
  return (e: ExpressionBuilder<HuntingDatabase, Table>) =>
    e.or([e('shared', '=', true), e('owner_id', '=', caller.id)]);
}

async function folder(db: HuntingTransaction, caller: Caller, id: string) {
  const row = await db
    .selectFrom('hunting_folders')
    .selectAll()
    .where('id', '=', id)
    .where(seenBy(caller))
    .executeTakeFirst();
  if (!row) throw new ApiError('ResourceNotFound', `Hunting folder ${id} was not found.`);
  return row;
}

async function savedQuery(db: HuntingTransaction, caller: Caller, id: string) {
  const row = await db
    .selectFrom('hunting_saved_queries')
    .selectAll()
    .where('id', '=', id)
    .where(seenBy(caller))
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw new ApiError('ResourceNotFound', `Saved query ${id} was not found.`);
  return row;
}

function mayChange(caller: Caller, thing: { owner_id: string; shared: boolean }): void {
  if (thing.owner_id === caller.id) return;
  if (!caller.roles.has('SecuritySettings.Manage'))
    throw new ApiError(
      'Forbidden',
      'What others have shared is changed by them, and by whoever may manage security settings.',
    );
}

function refuseSharingByApplications(caller: Caller, shared: boolean): void {
  if (shared && caller.kind === 'application')
    throw new ApiError('Forbidden', 'Applications keep queries of their own; people share them.');
}

async function refuseMore(
  db: HuntingTransaction,
  table: Table,
  caller: Caller,
  shared: boolean,
  most: number,
) {
  const { count } = await db
    .selectFrom(table)
    .select((e) => e.fn.countAll<string>().as('count'))
    .where('shared', '=', shared)
    .$if(!shared, (own) => own.where('owner_id', '=', caller.id))
    .executeTakeFirstOrThrow();
  if (Number(count) >= most)
    throw new ApiError('DisallowedOperation', `At most ${most} of them are kept. Remove some first.`);
}

async function checkFolder(db: HuntingTransaction, caller: Caller, id: string | null, shared: boolean) {
  if (id === null) return;
  const found = await folder(db, caller, id).catch(() => null);
  if (found === null) throw new ApiError('InvalidInput', `There is no folder ${id}.`);
  if (found.shared !== shared)
    throw new ApiError('InvalidInput', `The folder ${id} is for ${found.shared ? 'shared' : 'own'} queries.`);
}

function nameTaken(what: string, name: string): (error: unknown) => never {
  return (error) => {
    if (isUniqueViolation(error))
      throw new ApiError('Conflict', `There is a ${what} named "${name}" there already.`);
    throw error;
  };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

const ownedOf = (
  row: Pick<Selectable<HuntingDatabase[Table]>, 'owner_id' | 'owner_name' | 'created_at' | 'updated_at'>,
) => ({
  ownerId: row.owner_id,
  ownerName: row.owner_name,
  createdTime: nowIso7(row.created_at),
  lastUpdatedTime: nowIso7(row.updated_at),
});

function folderOf(row: Selectable<HuntingDatabase['hunting_folders']>): HuntingFolder {
  return { id: row.id, name: row.name, shared: row.shared, ...ownedOf(row) };
}

type SummaryRow = Omit<Selectable<HuntingDatabase['hunting_saved_queries']>, 'tenant_id' | 'query'>;

function summaryOf(row: SummaryRow): SavedQuerySummary {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    folderId: row.folder_id,
    shared: row.shared,
    ...ownedOf(row),
    lastUpdatedBy: row.changed_by,
  };
}

function queryOf(row: Selectable<HuntingDatabase['hunting_saved_queries']>): SavedQuery {
  return { ...summaryOf(row), query: row.query };
}
