/** All SQL of automated investigations and of the action center. */
import type { InvestigationState } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Generated, type Selectable, sql, type Transaction } from 'kysely';
import type { SqlPage } from '../../odata/page.ts';
import { machineActionHistory } from '../response/index.ts';
import type { Entity } from './entity.ts';
import { type InvestigationEvent, nextInvestigationState, OPEN_STATES } from './investigation-state.ts';
import { nextRemediationState, type RemediationEvent, type RemediationState } from './remediation-state.ts';
import type { Judgement } from './verdict-rules.ts';

type TenantId = ColumnType<string, string | undefined, never>;
/** bigint arrives as text. */
type Big = ColumnType<string, number, number>;

interface AutomationDb {
  investigation_counters: { tenant_id: TenantId; last: Big };
  investigations: {
    tenant_id: TenantId;
    id: Big;
    state: InvestigationState;
    started_at: Date;
    ended_at: Date | null;
    cancelled_by: string | null;
    status_details: string | null;
    machine_id: string;
    machine_name: string;
    triggering_alert_id: string | null;
    requestor: string;
    comment: string | null;
    due_at: Date;
    attempts: Generated<number>;
    unanswered: Generated<number>;
  };
  investigation_entities: {
    tenant_id: TenantId;
    investigation: Big;
    identity: string;
    entity: ColumnType<Entity, string, string>;
    verdict: string;
    rule: string;
    reason: string;
  };
  remediations: {
    tenant_id: TenantId;
    id: string;
    investigation: Big;
    machine_id: string;
    machine_name: string;
    state: RemediationState;
    automatic: boolean;
    file_algorithm: 'Sha1' | 'Sha256';
    file_hash: string;
    file_name: string | null;
    folders: string[];
    verdict: string;
    reason: string;
    details: string | null;
    created_at: Date;
    updated_at: Date;
    expires_at: Date;
    decided_by: string | null;
    decided_by_id: string | null;
    decided_at: Date | null;
    comment: string | null;
    action_id: string | null;
    undo_id: string | null;
  };
}

export type AutomationTransaction = Transaction<AutomationDb>;
export type InvestigationRow = Selectable<AutomationDb['investigations']>;
export type RemediationRow = Selectable<AutomationDb['remediations']>;
export type EntityRow = Selectable<AutomationDb['investigation_entities']>;
export type NewRemediation = Pick<
  RemediationRow,
  | 'id'
  | 'state'
  | 'automatic'
  | 'file_algorithm'
  | 'file_hash'
  | 'file_name'
  | 'folders'
  | 'verdict'
  | 'reason'
  | 'expires_at'
>;
export interface Judged extends Judgement {
  readonly identity: string;
  readonly entity: Entity;
}
/** Of the history: what {@link machineActionHistory} tells, and what decided on it. */
export interface HistoryRow {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly origin: string;
  readonly machine_id: string;
  readonly machine_name: string;
  readonly requestor: string;
  readonly comment: string | null;
  readonly decided_by: string | null;
  readonly investigation: string | null;
  readonly remediation: string | null;
  readonly undoable: boolean;
  readonly file_name: string | null;
  readonly file_hash: string | null;
  readonly details: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const HISTORY = sql<HistoryRow>`(
  select a.id, a.type, a.status,
    case when r.undo_id = a.id then 'Undo' when r.automatic then 'Automatic' when r.id is not null then 'Approved'
      when a.type = 'LiveResponse' then 'LiveResponse' else 'Manual' end as origin,
    a.machine_id, a.computer_dns_name as machine_name, a.requestor, coalesce(r.comment, a.requestor_comment) as comment, r.decided_by,
    r.investigation, r.id as remediation, coalesce(r.state = 'Succeeded' and r.action_id = a.id, false) as undoable, r.file_name, a.file_hash,
    a.troubleshoot_info as details, a.created_at, a.updated_at
  from (${machineActionHistory}) a left join remediations r on r.tenant_id = a.tenant_id and (r.action_id = a.id or r.undo_id = a.id)
  union all
  select r.id, 'StopAndQuarantineFile', r.state, case when r.automatic then 'Automatic' else 'Approved' end, r.machine_id, r.machine_name, 'Automation',
    r.comment, r.decided_by, r.investigation, r.id, false, r.file_name, r.file_hash, coalesce(r.details, r.reason), r.created_at, r.updated_at
  from remediations r where r.action_id is null and r.state in ('Rejected', 'Expired', 'Failed'))`;

export type AutomationStore = ReturnType<typeof automationStore>;

export function automationStore(state: StateStore) {
  const paged = async <T>(
    scope: TenantScope,
    page: SqlPage,
    from: ReturnType<typeof sql>,
  ): Promise<{ rows: T[]; total: number | null }> =>
    state.read<AutomationDb, { rows: T[]; total: number | null }>(scope, async (db) => {
      const where = page.where ? sql`where ${page.where}` : sql`where true`;
      const order = page.orderBy.map(({ expression, direction }) =>
        direction === 'asc' ? sql`${expression} asc` : sql`${expression} desc`,
      );
      const { rows } =
        await sql<T>`select * from ${from} as found ${where} ${page.after ? sql`and ${page.after}` : sql``}
        ${order.length > 0 ? sql`order by ${sql.join(order)}` : sql``} limit ${page.limit} offset ${page.offset}`.execute(
          db,
        );
      if (!page.count) return { rows, total: null };
      const counted = await sql<{ n: string }>`select count(*) as n from ${from} as found ${where}`.execute(
        db,
      );
      return { rows, total: Number(counted.rows[0]?.n ?? 0) };
    });

  return {
    investigations: (scope: TenantScope, page: SqlPage) =>
      paged<InvestigationRow>(scope, page, sql`investigations`),
    pending: (scope: TenantScope, page: SqlPage) =>
      paged<RemediationRow>(scope, page, sql`(select * from remediations where state = 'Pending')`),
    history: (scope: TenantScope, page: SqlPage) => paged<HistoryRow>(scope, page, HISTORY),

    /** By its number, or by the alert that began it. */
    find(scope: string | TenantScope, id: string): Promise<InvestigationRow | undefined> {
      return state.read<AutomationDb, InvestigationRow | undefined>(scope, (db) => {
        const rows = db.selectFrom('investigations').selectAll();
        return /^\d{1,15}$/.test(id)
          ? rows.where('id', '=', id).executeTakeFirst()
          : rows.where('triggering_alert_id', '=', id).orderBy('id', 'desc').limit(1).executeTakeFirst();
      });
    },

    entities(scope: TenantScope, id: string): Promise<EntityRow[]> {
      return state.read<AutomationDb, EntityRow[]>(scope, (db) =>
        db
          .selectFrom('investigation_entities')
          .selectAll()
          .where('investigation', '=', id)
          .orderBy('identity')
          .execute(),
      );
    },

    remediation(scope: string | TenantScope, id: string): Promise<RemediationRow | undefined> {
      return state.read<AutomationDb, RemediationRow | undefined>(scope, (db) =>
        db.selectFrom('remediations').selectAll().where('id', '=', id).executeTakeFirst(),
      );
    },

    /** Begins one, unless one of that device is not over: then `existing` decides whether it is joined. */
    begin(
      tenantId: string,
      fresh: Pick<
        InvestigationRow,
        'machine_id' | 'machine_name' | 'triggering_alert_id' | 'requestor' | 'comment'
      > & { readonly state: 'Queued' | 'UnsupportedOs' },
      now: Date,
      alongside: (db: AutomationTransaction, row: InvestigationRow, joined: boolean) => Promise<void>,
    ): Promise<InvestigationRow> {
      return state.tenant<AutomationDb, InvestigationRow>(tenantId, async (db) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${`investigations ${tenantId}`}, 0))`.execute(
          db,
        );
        const open = await db
          .selectFrom('investigations')
          .selectAll()
          .where('machine_id', '=', fresh.machine_id)
          .where('state', 'in', OPEN_STATES)
          .forUpdate()
          .executeTakeFirst();
        const next = open && nextInvestigationState(open.state, { kind: 'alertJoined' });
        if (open && next) {
          await alongside(db, { ...open, state: next }, true);
          return db
            .updateTable('investigations')
            .set({ state: next, due_at: now })
            .where('id', '=', open.id)
            .returningAll()
            .executeTakeFirstOrThrow();
        }
        const { last } = await db
          .insertInto('investigation_counters')
          .values({ last: 1 })
          .onConflict((conflict) =>
            conflict.column('tenant_id').doUpdateSet({ last: sql`investigation_counters.last + 1` }),
          )
          .returning('last')
          .executeTakeFirstOrThrow();
        const row = await db
          .insertInto('investigations')
          .values({
            ...fresh,
            id: Number(last),
            started_at: now,
            ended_at: fresh.state === 'Queued' ? null : now,
            cancelled_by: null,
            status_details: fresh.state === 'Queued' ? null : 'Nothing is known of devices with this system.',
            due_at: now,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db, row, false);
        return row;
      });
    },

    /** Across tenants: takes what is due to be run, until `until`. */
    claim(now: Date, until: Date, limit: number): Promise<InvestigationRow[]> {
      return state.system<AutomationDb, InvestigationRow[]>((db) =>
        db
          .updateTable('investigations')
          .set({ state: 'Running', due_at: until, attempts: sql`attempts + 1` })
          .where(
            sql<boolean>`(tenant_id, id) in (select tenant_id, id from investigations where state in ('Queued', 'Running') and due_at <= ${now}
              order by due_at limit ${limit} for update skip locked)`,
          )
          .returningAll()
          .execute(),
      );
    },

    /** Keeps what was found; a remediation that was proposed before stays as it is. */
    found(
      tenantId: string,
      investigation: InvestigationRow,
      judged: readonly Judged[],
      proposed: readonly NewRemediation[],
      unanswered: number,
      now: Date,
    ): Promise<void> {
      const id = Number(investigation.id);
      return state.tenant<AutomationDb, void>(tenantId, async (db) => {
        if (judged.length > 0)
          await db
            .insertInto('investigation_entities')
            .values(
              judged.map(({ identity, entity, verdict, rule, reason }) => ({
                investigation: id,
                identity,
                entity: JSON.stringify(entity),
                verdict,
                rule,
                reason,
              })),
            )
            .onConflict((conflict) =>
              conflict.columns(['tenant_id', 'investigation', 'identity']).doUpdateSet({
                entity: (e) => e.ref('excluded.entity'),
                verdict: (e) => e.ref('excluded.verdict'),
                rule: (e) => e.ref('excluded.rule'),
                reason: (e) => e.ref('excluded.reason'),
              }),
            )
            .execute();
        if (proposed.length > 0)
          await db
            .insertInto('remediations')
            .values(
              proposed.map((one) => ({
                ...one,
                investigation: id,
                machine_id: investigation.machine_id,
                machine_name: investigation.machine_name,
                details: null,
                created_at: now,
                updated_at: now,
                decided_by: null,
                decided_by_id: null,
                decided_at: null,
                comment: null,
                action_id: null,
                undo_id: null,
              })),
            )
            .onConflict((conflict) =>
              conflict.columns(['tenant_id', 'investigation', 'file_hash']).doNothing(),
            )
            .execute();
        await db
          .updateTable('investigations')
          .set({ unanswered })
          .where('id', '=', investigation.id)
          .execute();
      });
    },

    /** Applies an event, decided on under the row's lock. Answers the row if that changed it. */
    changeInvestigation(
      tenantId: string,
      id: string,
      decide: (
        row: InvestigationRow,
        remediations: readonly RemediationRow[],
      ) => {
        readonly event: InvestigationEvent;
        readonly details: string | null;
        readonly cancelledBy?: string | null;
        readonly dueAt?: Date;
      },
      now: Date,
      alongside: (db: AutomationTransaction, row: InvestigationRow) => Promise<void>,
    ): Promise<InvestigationRow | null> {
      return state.tenant<AutomationDb, InvestigationRow | null>(tenantId, async (db) => {
        const row = await db
          .selectFrom('investigations')
          .selectAll()
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        if (!row) return null;
        const remediations = await db
          .selectFrom('remediations')
          .selectAll()
          .where('investigation', '=', id)
          .execute();
        const { event, details, cancelledBy = null, dueAt } = decide(row, remediations);
        const next = nextInvestigationState(row.state, event);
        if (next === null) return null;
        const changed = await db
          .updateTable('investigations')
          .set({
            state: next,
            status_details: details,
            cancelled_by: cancelledBy,
            ended_at: OPEN_STATES.some((open) => open === next) ? null : now,
            ...(dueAt ? { due_at: dueAt } : {}),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db, changed);
        return changed;
      });
    },

    /** Across tenants: remediations in these states, the longest unchanged first. */
    inState(states: readonly RemediationState[], limit: number): Promise<RemediationRow[]> {
      return state.system<AutomationDb, RemediationRow[]>((db) =>
        db
          .selectFrom('remediations')
          .selectAll()
          .where('state', 'in', states)
          .orderBy('created_at')
          .limit(limit)
          .execute(),
      );
    },

    /** Across tenants: those that nobody decided on in time. */
    expired(now: Date, limit: number): Promise<RemediationRow[]> {
      return state.system<AutomationDb, RemediationRow[]>((db) =>
        db
          .selectFrom('remediations')
          .selectAll()
          .where('state', '=', 'Pending')
          .where('expires_at', '<=', now)
          .limit(limit)
          .execute(),
      );
    },

    /** Undefined: the event means nothing in the state it is in. */
    changeRemediation(
      tenantId: string,
      id: string,
      event: RemediationEvent,
      details: Partial<
        Pick<
          RemediationRow,
          'details' | 'decided_by' | 'decided_by_id' | 'decided_at' | 'comment' | 'action_id' | 'undo_id'
        >
      >,
      now: Date,
      alongside: (db: AutomationTransaction) => Promise<void> = async () => {},
    ): Promise<RemediationRow | undefined> {
      return state.tenant<AutomationDb, RemediationRow | undefined>(tenantId, (db) =>
        changeRemediation(db, id, event, details, now, alongside),
      );
    },
  };
}

/** The same, in the transaction of the order that carries it out. */
export async function changeRemediation(
  db: AutomationTransaction,
  id: string,
  event: RemediationEvent,
  details: Parameters<AutomationStore['changeRemediation']>[3],
  now: Date,
  alongside: (db: AutomationTransaction) => Promise<void> = async () => {},
): Promise<RemediationRow | undefined> {
  const row = await db
    .selectFrom('remediations')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  const next = row && nextRemediationState(row.state, event);
  if (!next) return undefined;
  const changed = await db
    .updateTable('remediations')
    .set({ ...details, state: next, updated_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await alongside(db);
  return changed;
}
