/** All SQL of automated investigations and of the action center. */
import type { InvestigationState } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Generated, type Selectable, sql, type Transaction } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import { machineActionHistory } from '../response/index.ts';
import type { Entity } from './entity.ts';
import {
  type InvestigationEvent,
  isOpen,
  nextInvestigationState,
  OPEN_STATES,
} from './investigation-state.ts';
import type { WithoutRemediation } from './outcome.ts';
import { nextRemediationState, type RemediationEvent, type RemediationState } from './remediation-state.ts';
import type { Judgement, Verdict } from './verdict-rules.ts';

type TenantId = ColumnType<string, string | undefined, never>;
/** bigint arrives as text. */
type Big = ColumnType<string, number, number>;

export interface AutomationDb {
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
    held: Generated<number>;
    unanswered: Generated<number>;
  };
  investigation_entities: {
    tenant_id: TenantId;
    investigation: Big;
    identity: string;
    entity: ColumnType<Entity, string, string>;
    verdict: Verdict;
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
    verdict: Verdict;
    reason: string;
    details: string | null;
    created_at: Date;
    updated_at: Date;
    expires_at: Date;
    retry_at: Date;
    decided_by: string | null;
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
export type RemediationDetails = Partial<
  Pick<
    RemediationRow,
    'details' | 'decided_by' | 'decided_at' | 'comment' | 'action_id' | 'undo_id' | 'retry_at'
  >
>;
export interface Judged extends Judgement {
  readonly identity: string;
  readonly entity: Entity;
}
/** A remediation whose machine action is over. */
export type FinishedRemediation = Pick<RemediationRow, 'tenant_id' | 'id' | 'investigation' | 'state'> & {
  readonly action_status: string;
  readonly action_details: string | null;
};
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
interface Page<T> {
  readonly rows: T[];
  readonly total: number | null;
}

const HISTORY = sql<HistoryRow>`(
  select a.id, a.type, a.status,
    case when u.id is not null then 'Undo' when r.automatic then 'Automatic' when r.id is not null then 'Approved'
      when a.type = 'LiveResponse' then 'LiveResponse' else 'Manual' end as origin,
    a.machine_id, a.computer_dns_name as machine_name, a.requestor, coalesce(r.comment, a.requestor_comment) as comment, r.decided_by,
    coalesce(r.investigation, u.investigation) as investigation, coalesce(r.id, u.id) as remediation, coalesce(r.state = 'Succeeded', false) as undoable,
    coalesce(r.file_name, u.file_name) as file_name, a.file_hash, a.troubleshoot_info as details, a.created_at, a.updated_at
  from (${machineActionHistory}) a
  left join remediations r on r.tenant_id = a.tenant_id and r.action_id = a.id
  left join remediations u on u.tenant_id = a.tenant_id and u.undo_id = a.id
  union all
  select r.id, 'StopAndQuarantineFile', r.state, case when r.automatic then 'Automatic' else 'Approved' end, r.machine_id, r.machine_name, 'Automation',
    r.comment, r.decided_by, r.investigation, r.id, false, r.file_name, r.file_hash, coalesce(r.details, r.reason), r.created_at, r.updated_at
  from remediations r where r.action_id is null and r.state in ('Rejected', 'Expired', 'Failed'))`;

export type AutomationStore = ReturnType<typeof automationStore>;

export function automationStore(state: StateStore) {
  return {
    investigations: (scope: TenantScope, page: SqlPage): Promise<Page<InvestigationRow>> =>
      state.read<AutomationDb, Page<InvestigationRow>>(scope, async (db) => {
        let rows = db.selectFrom('investigations');
        if (page.where) rows = rows.where(page.where);
        return { total: await totalOf(rows, page), rows: await paged(rows.selectAll(), page).execute() };
      }),
    pending: (scope: TenantScope, page: SqlPage): Promise<Page<RemediationRow>> =>
      state.read<AutomationDb, Page<RemediationRow>>(scope, async (db) => {
        let rows = db.selectFrom('remediations').where('state', '=', 'Pending');
        if (page.where) rows = rows.where(page.where);
        return { total: await totalOf(rows, page), rows: await paged(rows.selectAll(), page).execute() };
      }),
    history: (scope: TenantScope, page: SqlPage): Promise<Page<HistoryRow>> =>
      state.read<AutomationDb, Page<HistoryRow>>(scope, async (db) => {
        let rows = db.selectFrom(HISTORY.as('history'));
        if (page.where) rows = rows.where(page.where);
        const total = await totalOf(rows as never, page);
        return { total, rows: await paged(rows.selectAll(), page).execute() };
      }),

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

    /** Begins one, or joins the one of that device that is not over. Null: there is one, and it is not to be joined. */
    begin(
      tenantId: string,
      fresh: Pick<
        InvestigationRow,
        'machine_id' | 'machine_name' | 'triggering_alert_id' | 'requestor' | 'comment' | 'due_at'
      > & { readonly state: 'Queued' | 'UnsupportedOs' },
      { now, join }: { readonly now: Date; readonly join: boolean },
      alongside: (db: AutomationTransaction, row: InvestigationRow, joined: boolean) => Promise<void>,
    ): Promise<InvestigationRow | null> {
      return state.tenant<AutomationDb, InvestigationRow | null>(tenantId, async (db) => {
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
          if (!join) return null;
          const row = await db
            .updateTable('investigations')
            .set({ state: next, due_at: fresh.due_at, attempts: 0 })
            .where('id', '=', open.id)
            .returningAll()
            .executeTakeFirstOrThrow();
          await alongside(db, row, true);
          return row;
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
            ended_at: isOpen(fresh.state) ? null : now,
            cancelled_by: null,
            status_details: isOpen(fresh.state) ? null : 'Nothing is known of devices with this system.',
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
      { held, unanswered }: WithoutRemediation,
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
                retry_at: now,
                decided_by: null,
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
          .set({ held, unanswered })
          .where('id', '=', investigation.id)
          .execute();
      });
    },

    /** Applies an event, decided on under the row's lock. Null: nothing changed. */
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
            ended_at: isOpen(next) ? null : now,
            ...(dueAt ? { due_at: dueAt } : {}),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        if (next !== row.state) await alongside(db, changed);
        return changed;
      });
    },

    /** Across tenants: those that may be ordered, the longest waiting first. */
    approved(now: Date, limit: number): Promise<RemediationRow[]> {
      return state.system<AutomationDb, RemediationRow[]>((db) =>
        db
          .selectFrom('remediations')
          .selectAll()
          .where('state', '=', 'Approved')
          .where('retry_at', '<=', now)
          .orderBy('retry_at')
          .limit(limit)
          .execute(),
      );
    },

    /** Across tenants: those whose machine action is over, also by a word that came after the action's time. */
    finished(late: Date, limit: number): Promise<FinishedRemediation[]> {
      return state.system<AutomationDb, FinishedRemediation[]>(async (db) => {
        const { rows } =
          await sql<FinishedRemediation>`select r.tenant_id, r.id, r.investigation, r.state, a.status as action_status,
            a.troubleshoot_info as action_details
          from remediations r join (${machineActionHistory}) a on a.tenant_id = r.tenant_id
            and a.id = case when r.state = 'Undoing' then r.undo_id else r.action_id end
          where r.state in ('InProgress', 'Undoing') and a.status not in ('Pending', 'InProgress')
            or r.state = 'Failed' and r.updated_at > ${late} and a.status = 'Succeeded'
          order by r.updated_at limit ${limit}`.execute(db);
        return rows;
      });
    },

    /** Across tenants: those that nobody decided on in time. */
    expired(now: Date, limit: number): Promise<RemediationRow[]> {
      return state.system<AutomationDb, RemediationRow[]>((db) =>
        db
          .selectFrom('remediations')
          .selectAll()
          .where('state', '=', 'Pending')
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit)
          .execute(),
      );
    },

    /** Undefined: the event means nothing in the state it is in. */
    changeRemediation(
      tenantId: string,
      id: string,
      event: RemediationEvent,
      details: RemediationDetails,
      now: Date,
      alongside: (db: AutomationTransaction, row: RemediationRow) => Promise<void>,
    ): Promise<RemediationRow | undefined> {
      return state.tenant<AutomationDb, RemediationRow | undefined>(tenantId, async (db) => {
        const row = await changeRemediation(db, id, event, details, now);
        if (row) await alongside(db, row);
        return row;
      });
    },

    /** Its order is tried again later. */
    async postpone(tenantId: string, id: string, retryAt: Date): Promise<void> {
      await state.tenant<AutomationDb, void>(tenantId, async (db) => {
        await db
          .updateTable('remediations')
          .set({ retry_at: retryAt })
          .where('id', '=', id)
          .where('state', '=', 'Approved')
          .execute();
      });
    },
  };
}

/** In a transaction of another feature, too. Undefined: the event means nothing in the state it is in. */
export async function changeRemediation(
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction carries it out
  transaction: Transaction<any>,
  id: string,
  event: RemediationEvent,
  details: RemediationDetails,
  now: Date,
): Promise<RemediationRow | undefined> {
  const db = transaction as AutomationTransaction;
  const row = await db
    .selectFrom('remediations')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  const next = row && nextRemediationState(row.state, event);
  if (!next) return undefined;
  return db
    .updateTable('remediations')
    .set({ ...details, state: next, updated_at: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
