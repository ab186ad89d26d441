/** All SQL about what orders yield. */
import { createHash, randomUUID } from 'node:crypto';
import type { ResultProgress } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { OrderResultsDb } from './order-results-database.ts';

type Db = Transaction<OrderResultsDb>;

/** Of one tenant, counted by the sizes that were announced. */
const TENANT_BYTES = 20 * 1024 ** 3;
const DAY_MS = 24 * 3_600_000;
/** What is not whole by then never will be: its order is over. */
const UNFINISHED_MS = 4 * DAY_MS;

export interface ResultPart {
  readonly actionId: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
  readonly bytes: Buffer;
}

export type PartOutcome =
  /** `whole`: this part was the last one, and the hash fits. */
  | { readonly kind: 'kept'; readonly progress: ResultProgress; readonly whole: boolean }
  | { readonly kind: 'elsewhere'; readonly progress: ResultProgress }
  /** Nothing of it is kept any more. */
  | { readonly kind: 'wrongHash' }
  /** Another whole was handed in under this name. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'full' };

export interface KeptResult {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
}

export interface NewLink {
  readonly tokenHash: string;
  readonly resultId: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly targetKind: 'machineAction' | 'liveSession';
  readonly actor: { readonly kind: 'application' | 'user'; readonly id: string; readonly name: string };
  readonly expiresAt: Date;
}

export interface FoundLink extends Omit<NewLink, 'tokenHash'> {
  readonly tenantId: string;
  readonly size: number;
  readonly actionId: string;
}

export type OrderResultsStore = ReturnType<typeof orderResultsStore>;

export function orderResultsStore(state: StateStore) {
  return {
    /** Keeps a part where the last one ended. `retentionMs`: how long the whole is kept. */
    async put(tenantId: string, part: ResultPart, now: Date, retentionMs: number): Promise<PartOutcome> {
      return state.tenant<OrderResultsDb, PartOutcome>(tenantId, async (db) => {
        const row = await openResult(db, part, now);
        if (row === 'full' || row === 'taken') return { kind: row };
        const received = Number(row.received);
        const complete = row.completed_at !== null;
        if (complete || part.offset !== received || received + part.bytes.length > part.size) {
          const progress = { offset: received, complete };
          // The last part is repeated when its answer was lost.
          return complete && part.offset + part.bytes.length === part.size
            ? { kind: 'kept', progress, whole: false }
            : { kind: 'elsewhere', progress };
        }
        if (part.bytes.length > 0)
          await db
            .insertInto('order_result_parts')
            .values({ result_id: row.id, start: received, bytes: part.bytes })
            .execute();
        const offset = received + part.bytes.length;
        const last = offset === part.size;
        if (last && (await hashOf(db, row.id)) !== part.sha256) {
          await empty(db, row.id);
          return { kind: 'wrongHash' };
        }
        await db
          .updateTable('order_results')
          .set({
            received: offset,
            ...(last ? { completed_at: now, expires_at: new Date(now.getTime() + retentionMs) } : {}),
          })
          .where('id', '=', row.id)
          .execute();
        return { kind: 'kept', progress: { offset, complete: last }, whole: last };
      });
    },

    async progress(tenantId: string, actionId: string, name: string): Promise<ResultProgress> {
      const row = await state.tenant<OrderResultsDb, Awaited<ReturnType<typeof find>>>(tenantId, (db) =>
        find(db, actionId, name),
      );
      return { offset: Number(row?.received ?? 0), complete: (row?.completed_at ?? null) !== null };
    },

    /** Whole and not expired. */
    whole(
      scope: string | TenantScope,
      actionId: string,
      name: string,
      now: Date,
    ): Promise<KeptResult | undefined> {
      return state.tenant<OrderResultsDb, KeptResult | undefined>(scope, async (db) => {
        const row = await find(db, actionId, name);
        if (!row?.completed_at || row.expires_at <= now) return undefined;
        return { id: row.id, size: Number(row.size), sha256: row.sha256 };
      });
    },

    async link(
      tenantId: string,
      link: NewLink,
      alongside: (db: Transaction<OrderResultsDb>) => Promise<void>,
    ): Promise<void> {
      await state.tenant<OrderResultsDb, void>(tenantId, async (db) => {
        await db
          .insertInto('download_links')
          .values({
            token_hash: link.tokenHash,
            result_id: link.resultId,
            file_name: link.fileName,
            content_type: link.contentType,
            target_kind: link.targetKind,
            actor_kind: link.actor.kind,
            actor_id: link.actor.id,
            actor_name: link.actor.name,
            expires_at: link.expiresAt,
          })
          .execute();
        await alongside(db);
      });
    },

    /** Across tenants: whoever holds the token needs to say nothing else. */
    findLink(tokenHash: string, now: Date): Promise<FoundLink | undefined> {
      return state.system<OrderResultsDb, FoundLink | undefined>(async (db) => {
        const row = await db
          .selectFrom('download_links')
          .innerJoin('order_results', (join) =>
            join
              .onRef('order_results.id', '=', 'download_links.result_id')
              .onRef('order_results.tenant_id', '=', 'download_links.tenant_id'),
          )
          .selectAll('download_links')
          .select(['order_results.size', 'order_results.action_id'])
          .where('token_hash', '=', tokenHash)
          .where('download_links.expires_at', '>', now)
          .where('order_results.completed_at', 'is not', null)
          .executeTakeFirst();
        return (
          row && {
            tenantId: row.tenant_id,
            resultId: row.result_id,
            fileName: row.file_name,
            contentType: row.content_type,
            targetKind: row.target_kind,
            actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
            expiresAt: row.expires_at,
            size: Number(row.size),
            actionId: row.action_id,
          }
        );
      });
    },

    /** The part that begins there. */
    part(tenantId: string, resultId: string, start: number): Promise<Buffer | undefined> {
      return state.read<OrderResultsDb, Buffer | undefined>(tenantId, (db) => partAt(db, resultId, start));
    },

    /** Across tenants: removes what is past its time. Answers how many results went. */
    forget(now: Date): Promise<number> {
      return state.system<OrderResultsDb, number>(async (db) => {
        await db.deleteFrom('download_links').where('expires_at', '<=', now).execute();
        const gone = db.selectFrom('order_results').select('id').where('expires_at', '<=', now);
        await db.deleteFrom('order_result_parts').where('result_id', 'in', gone).execute();
        const { numDeletedRows } = await db
          .deleteFrom('order_results')
          .where('expires_at', '<=', now)
          .executeTakeFirst();
        return Number(numDeletedRows);
      });
    },
  };
}

function find(db: Db, actionId: string, name: string) {
  return db
    .selectFrom('order_results')
    .selectAll()
    .where('action_id', '=', actionId)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** The result that the part belongs to, locked; begun if it is the first. A device that begins another whole begins again. */
async function openResult(db: Db, { actionId, name, offset, size, sha256 }: ResultPart, now: Date) {
  const lock = () =>
    db
      .selectFrom('order_results')
      .selectAll()
      .where('action_id', '=', actionId)
      .where('name', '=', name)
      .forUpdate()
      .executeTakeFirst();
  const row = await lock();
  if (row && row.sha256 === sha256 && Number(row.size) === size) return row;
  if (row?.completed_at) return 'taken';
  if (row && offset !== 0) return { ...row, received: '0' };
  // One announcement at a time, so that several together do not pass what each alone would not.
  await sql`select pg_advisory_xact_lock(hashtext('order_results' || current_setting('merlon.tenant')))`.execute(
    db,
  );
  const { held } = await db
    .selectFrom('order_results')
    .select(sql<string>`coalesce(sum(size), 0)`.as('held'))
    .where('id', 'is distinct from', row?.id ?? null)
    .executeTakeFirstOrThrow();
  if (Number(held) + size > TENANT_BYTES) return 'full';
  if (row) {
    await empty(db, row.id);
    return db
      .updateTable('order_results')
      .set({ size, sha256 })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }
  await db
    .insertInto('order_results')
    .values({
      id: randomUUID(),
      action_id: actionId,
      name,
      size,
      sha256,
      received: 0,
      created_at: now,
      completed_at: null,
      expires_at: new Date(now.getTime() + UNFINISHED_MS),
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'action_id', 'name']).doNothing())
    .execute();
  const begun = await lock();
  if (!begun) throw new Error('a result that was begun is not there');
  return begun;
}

async function empty(db: Db, id: string): Promise<void> {
  await db.deleteFrom('order_result_parts').where('result_id', '=', id).execute();
  await db.updateTable('order_results').set({ received: 0 }).where('id', '=', id).execute();
}

/** Part by part: the whole may be larger than what a server wants to hold. */
async function hashOf(db: Db, resultId: string): Promise<string> {
  const hash = createHash('sha256');
  let start = 0;
  for (;;) {
    const bytes = await partAt(db, resultId, start);
    if (!bytes) return hash.digest('hex');
    hash.update(bytes);
    start += bytes.length;
  }
}

async function partAt(
  db: Kysely<OrderResultsDb>,
  resultId: string,
  start: number,
): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('order_result_parts')
    .select('bytes')
    .where('result_id', '=', resultId)
    .where('start', '=', sql<string>`${start}`)
    .executeTakeFirst();
  return row?.bytes;
}
