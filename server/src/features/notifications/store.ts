/** All SQL of notifications. */
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import { nameTaken } from '../../management/name-taken.ts';
import type { RuleContent, RuleFailure, StoredRule } from './rule.ts';
import { emptyOutbox, type RuleOutbox } from './rule-outbox.ts';

type Json<T> = ColumnType<T, string, string>;
/** Comes back as text. */
type Big = ColumnType<string, number | undefined, number>;
type Kept = Omit<RuleContent, 'name' | 'enabled' | 'kind' | 'sealed'>;

export interface NotificationsDatabase {
  notification_rules: {
    tenant_id: ColumnType<string, string | undefined, never>;
    id: string;
    name: string;
    enabled: boolean;
    kind: string;
    content: Json<Kept>;
    sealed: string | null;
    created_at: Date;
    updated_at: Date;
    seen_to: Date;
    outbox: Json<RuleOutbox>;
    leased_until: Date | null;
    sent_messages: Big;
    sent_alerts: Big;
    given_up_alerts: Big;
    last_success: Date | null;
    last_error: ColumnType<RuleFailure | null, string | null, string | null>;
  };
}
type Db = Transaction<NotificationsDatabase>;

const MOST_RULES = 50;

/** What a turn changed. */
export interface TurnResult {
  readonly outbox: RuleOutbox;
  readonly seenTo?: Date;
  readonly sentAlerts?: number;
  readonly givenUpAlerts?: number;
  readonly lastSuccess?: Date;
  readonly lastError?: RuleFailure;
}

export type NotificationsStore = ReturnType<typeof notificationsStore>;

export function notificationsStore(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Db) => Promise<T>) =>
    state.tenant<NotificationsDatabase, T>(tenantId, work);

  return {
    list: (tenantId: string): Promise<StoredRule[]> =>
      inTenant(tenantId, async (db) =>
        (await db.selectFrom('notification_rules').selectAll().orderBy(sql`lower(name)`).execute()).map(
          stored,
        ),
      ),

    /** @throws ResourceNotFound */
    get: (tenantId: string, id: string): Promise<StoredRule> => inTenant(tenantId, (db) => require(db, id)),

    /** Every tenant's that are on and that nobody has a lease of. */
    free: (now: Date): Promise<StoredRule[]> =>
      state.system<NotificationsDatabase, StoredRule[]>(async (db) =>
        (
          await db
            .selectFrom('notification_rules')
            .selectAll()
            .where('enabled', '=', true)
            .where((e) => e.or([e('leased_until', 'is', null), e('leased_until', '<=', now)]))
            .execute()
        ).map(stored),
      ),

    create(tenantId: string, id: string, content: RuleContent, now: Date): Promise<StoredRule> {
      return inTenant(tenantId, async (db) => {
        const { count } = await db
          .selectFrom('notification_rules')
          .select((e) => e.fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= MOST_RULES)
          throw new ApiError('DisallowedOperation', `A tenant has at most ${MOST_RULES} notification rules.`);
        await db
          .insertInto('notification_rules')
          .values({
            id,
            ...columns(content),
            created_at: now,
            updated_at: now,
            seen_to: now,
            outbox: JSON.stringify(emptyOutbox),
          })
          .execute()
          .catch(nameTaken('notification rule', content.name));
        return require(db, id);
      });
    },

    /** One that is turned on begins at this moment, and one that is turned off keeps nothing. */
    update(tenantId: string, old: StoredRule, content: RuleContent, now: Date): Promise<StoredRule> {
      return inTenant(tenantId, async (db) => {
        await db
          .updateTable('notification_rules')
          .set({
            ...columns(content),
            updated_at: now,
            ...(content.enabled === old.enabled
              ? {}
              : { seen_to: now, outbox: JSON.stringify({ ...emptyOutbox, sentMs: old.outbox.sentMs }) }),
          })
          .where('id', '=', old.id)
          .execute()
          .catch(nameTaken('notification rule', content.name));
        return require(db, old.id);
      });
    },

    remove(tenantId: string, id: string): Promise<StoredRule> {
      return inTenant(tenantId, async (db) => {
        const gone = await require(db, id);
        await db.deleteFrom('notification_rules').where('id', '=', id).execute();
        return gone;
      });
    },

    /** Null: another server has it, or it is off or gone. */
    lease(tenantId: string, id: string, now: Date, until: Date): Promise<StoredRule | null> {
      return inTenant(tenantId, async (db) => {
        const row = await db
          .updateTable('notification_rules')
          .set({ leased_until: until })
          .where('id', '=', id)
          .where('enabled', '=', true)
          .where((e) => e.or([e('leased_until', 'is', null), e('leased_until', '<=', now)]))
          .returningAll()
          .executeTakeFirst();
        return row === undefined ? null : stored(row);
      });
    },

    /** Null: the rule was turned off, changed over or removed meanwhile, and what was found no longer counts. */
    settle(rule: StoredRule, result: TurnResult, leasedUntil: Date | null): Promise<StoredRule | null> {
      return inTenant(rule.tenantId, async (db) => {
        const row = await db
          .updateTable('notification_rules')
          .set({
            outbox: JSON.stringify(result.outbox),
            leased_until: leasedUntil,
            sent_messages: sql`sent_messages + ${result.sentAlerts === undefined ? 0 : 1}::bigint`,
            sent_alerts: sql`sent_alerts + ${result.sentAlerts ?? 0}::bigint`,
            given_up_alerts: sql`given_up_alerts + ${result.givenUpAlerts ?? 0}::bigint`,
            ...(result.seenTo === undefined ? {} : { seen_to: result.seenTo }),
            ...(result.lastSuccess === undefined
              ? {}
              : { last_success: result.lastSuccess, last_error: null }),
            ...(result.lastError === undefined ? {} : { last_error: JSON.stringify(result.lastError) }),
          })
          .where('id', '=', rule.id)
          .where('enabled', '=', true)
          .where('seen_to', '=', rule.seenTo)
          .returningAll()
          .executeTakeFirst();
        return row === undefined ? null : stored(row);
      });
    },
  };
}

async function require(db: Db, id: string): Promise<StoredRule> {
  const row = await db.selectFrom('notification_rules').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new ApiError('ResourceNotFound');
  return stored(row);
}

function columns({ name, enabled, kind, sealed, ...content }: RuleContent) {
  return { name, enabled, kind, sealed, content: JSON.stringify(content satisfies Kept) };
}

function stored(row: Selectable<NotificationsDatabase['notification_rules']>): StoredRule {
  return {
    ...row.content,
    tenantId: row.tenant_id,
    id: row.id,
    name: row.name,
    enabled: row.enabled,
    kind: row.kind,
    sealed: row.sealed,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    seenTo: row.seen_to,
    outbox: row.outbox,
    sentMessages: Number(row.sent_messages),
    sentAlerts: Number(row.sent_alerts),
    givenUpAlerts: Number(row.given_up_alerts),
    lastSuccess: row.last_success,
    lastError: row.last_error,
  };
}
