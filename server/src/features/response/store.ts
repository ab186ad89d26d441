/** All SQL of the response feature. */
import type { MachineActionScope, MachineActionStatus, OrderContent, OrderKind } from '@merlon/contract';
import { isUniqueViolation, type StateStore, type TenantScope } from '@merlon/state-store';
import { type ColumnType, type Selectable, sql, type Transaction } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import { changesSettled } from './change-time.ts';
import { STANDING_KINDS, type StandingState, standingAfter, UNTOUCHED } from './device-truth.ts';
import { type MachineActionEvent, nextStatus } from './machine-action-state.ts';

interface MachineActionsTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  id: string;
  type: OrderKind;
  scope: string | null;
  status: MachineActionStatus;
  requestor: string;
  requestor_comment: string;
  request_source: string;
  machine_id: string;
  computer_dns_name: string;
  /** bigint arrives as text. */
  seq: ColumnType<string, number, number>;
  created_at: Date;
  /** As it is told while the change is made; what is kept is later, see change-time.ts. */
  updated_at: Date;
  expires_at: Date;
  cancellation_requestor: string | null;
  cancellation_comment: string | null;
  cancelled_at: Date | null;
  troubleshoot_info: string | null;
  /** The device's signed receipt, as it came. */
  receipt: string | null;
  /** What the order says besides its kind: `orderParams` of the contract. */
  params: ColumnType<Record<string, unknown>, string, never>;
  /** What the device last said of a long action. */
  progress: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  external_id: string | null;
  requestor_id: string | null;
  /** Null: none was asked for. While it is required the order does not leave, and has no place in the device's sequence. */
  approval: 'Required' | 'Approved' | 'Rejected' | null;
  approval_by: string | null;
  approval_comment: string | null;
  approval_at: Date | null;
}

export interface ResponseDb {
  machine_actions: MachineActionsTable;
  order_sequences: {
    tenant_id: ColumnType<string, string | undefined, never>;
    machine_id: string;
    last_seq: ColumnType<string, number, number>;
  };
}

export type MachineActionRow = Selectable<MachineActionsTable>;
export type ResponseTransaction = Transaction<ResponseDb>;

export interface NewMachineAction {
  readonly id: string;
  readonly content: OrderContent;
  readonly scope: MachineActionScope | null;
  /** The caller's own id for it. */
  readonly externalId: string | null;
  readonly requestor: string;
  /** Null: the platform itself. */
  readonly requestorId: string | null;
  /** The person who agreed to it before it was ordered. */
  readonly approved: { readonly name: string; readonly comment: string | null; readonly at: Date } | null;
  /** What the caller is told while a second person's word is awaited; null when none is needed. */
  readonly awaits: string | null;
  readonly comment: string;
  readonly source: string;
  readonly machineId: string;
  readonly machineName: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export type ChangeDetails = Partial<
  Pick<
    MachineActionRow,
    'receipt' | 'troubleshoot_info' | 'cancellation_requestor' | 'cancellation_comment' | 'cancelled_at'
  >
> & { readonly progress?: string };

export type ResponseStore = ReturnType<typeof responseStore>;

export function responseStore(state: StateStore) {
  return {
    /** Null: an action of that type is active on the device already. `alongside` runs in the same transaction. */
    async create(
      tenantId: string,
      action: NewMachineAction,
      alongside: (db: ResponseTransaction) => Promise<void>,
    ): Promise<MachineActionRow | null> {
      try {
        return await state.tenant<ResponseDb, MachineActionRow>(tenantId, async (db) => {
          // A place is taken only when the order may leave: a device takes no order older than the last.
          const seq = action.awaits === null ? await nextSequence(db, action.machineId) : 0;
          const row = await db
            .insertInto('machine_actions')
            .values({
              id: action.id,
              type: action.content.kind,
              scope: action.scope,
              status: 'Pending',
              requestor: action.requestor,
              requestor_comment: action.comment,
              request_source: action.source,
              machine_id: action.machineId,
              computer_dns_name: action.machineName,
              seq,
              created_at: action.createdAt,
              updated_at: action.createdAt,
              expires_at: action.expiresAt,
              cancellation_requestor: null,
              cancellation_comment: null,
              cancelled_at: null,
              troubleshoot_info: action.awaits,
              receipt: null,
              params: JSON.stringify(action.content.params),
              progress: null,
              external_id: action.externalId,
              requestor_id: action.requestorId,
              approval: action.approved ? 'Approved' : action.awaits === null ? null : 'Required',
              approval_by: action.approved?.name ?? null,
              approval_comment: action.approved?.comment ?? null,
              approval_at: action.approved?.at ?? null,
            })
            .returningAll()
            .executeTakeFirstOrThrow();
          await alongside(db);
          return row;
        });
      } catch (error) {
        if (isUniqueViolation(error)) return null;
        throw error;
      }
    },

    find(scope: string | TenantScope, id: string): Promise<MachineActionRow | undefined> {
      return state.tenant<ResponseDb, MachineActionRow | undefined>(scope, (db) =>
        db.selectFrom('machine_actions').selectAll().where('id', '=', id).executeTakeFirst(),
      );
    },

    list(scope: TenantScope, page: SqlPage): Promise<{ rows: MachineActionRow[]; total: number | null }> {
      return state.tenant<ResponseDb, { rows: MachineActionRow[]; total: number | null }>(
        scope,
        async (db) => {
          await changesSettled(db, scope.tenantId);
          let query = db.selectFrom('machine_actions');
          if (page.where) query = query.where(page.where);
          const rows = paged(query.selectAll(), page).orderBy('created_at', 'desc').orderBy('id');
          return { total: await totalOf(query, page), rows: await rows.execute() };
        },
      );
    },

    /** What a device has yet to carry out, oldest first. */
    open(tenantId: string, machineId: string): Promise<MachineActionRow[]> {
      return state.tenant<ResponseDb, MachineActionRow[]>(tenantId, (db) =>
        db
          .selectFrom('machine_actions')
          .selectAll()
          .where('machine_id', '=', machineId)
          .where('status', 'in', ['Pending', 'InProgress'])
          .where(sql<boolean>`approval is distinct from 'Required'`)
          .orderBy('seq')
          .execute(),
      );
    },

    /**
     * Applies an event under a row lock. Answers the action as it stands afterwards and whether the event changed it; undefined when there
     * is no such action, or not of this device.
     */
    change(
      tenantId: string,
      id: string,
      event: MachineActionEvent,
      at: Date,
      details: ChangeDetails | ((row: MachineActionRow) => ChangeDetails),
      options: {
        machineId?: string;
        alongside?: (db: ResponseTransaction, row: MachineActionRow) => Promise<void>;
      } = {},
    ): Promise<{ row: MachineActionRow; changed: boolean } | undefined> {
      return state.tenant<ResponseDb, { row: MachineActionRow; changed: boolean } | undefined>(
        tenantId,
        async (db) => {
          const row = await db
            .selectFrom('machine_actions')
            .selectAll()
            .where('id', '=', id)
            .forUpdate()
            .executeTakeFirst();
          if (!row || (options.machineId !== undefined && row.machine_id !== options.machineId))
            return undefined;
          const status = nextStatus(row.status, event);
          if (status === null) return { row, changed: false };
          const changed = await db
            .updateTable('machine_actions')
            .set({ status, updated_at: at, ...(typeof details === 'function' ? details(row) : details) })
            .where('id', '=', id)
            .returningAll()
            .executeTakeFirstOrThrow();
          await options.alongside?.(db, changed);
          return { row: changed, changed: true };
        },
      );
    },

    /** Keeps what the device says of an action in progress; of any other it is not news. `keep` answers null for what is worth nothing. */
    async progress(
      tenantId: string,
      machineId: string,
      id: string,
      keep: (row: MachineActionRow) => Record<string, unknown> | null,
      at: Date,
    ): Promise<void> {
      await state.tenant<ResponseDb, void>(tenantId, async (db) => {
        const row = await db
          .selectFrom('machine_actions')
          .selectAll()
          .where('id', '=', id)
          .where('machine_id', '=', machineId)
          .where('status', '=', 'InProgress')
          .forUpdate()
          .executeTakeFirst();
        const progress = row && keep(row);
        if (!progress) return;
        await db
          .updateTable('machine_actions')
          .set({ progress: JSON.stringify(progress), updated_at: at })
          .where('id', '=', id)
          .execute();
      });
    },

    /** What its orders have made of the device, by the last that succeeded of each kind and those under way. */
    standing(tenantId: string, machineId: string): Promise<StandingState> {
      return state.read<ResponseDb, StandingState>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('machine_actions')
          .select(['type', 'status', 'params', 'seq'])
          .distinctOn(['type', 'status'])
          .where('machine_id', '=', machineId)
          .where('type', 'in', STANDING_KINDS)
          .where('status', 'in', ['Succeeded', 'InProgress'])
          .orderBy('type')
          .orderBy('status')
          .orderBy('seq', 'desc')
          .execute();
        return rows
          .sort((one, other) => Number(one.seq) - Number(other.seq))
          .reduce(standingAfter, UNTOUCHED);
      });
    },

    /** Waiting for a second person's word, oldest first. */
    awaiting(scope: TenantScope, limit: number): Promise<MachineActionRow[]> {
      return state.tenant<ResponseDb, MachineActionRow[]>(scope, (db) =>
        db
          .selectFrom('machine_actions')
          .selectAll()
          .where('approval', '=', 'Required')
          .where('status', '=', 'Pending')
          .orderBy('created_at')
          .limit(limit)
          .execute(),
      );
    },

    /** Undefined: it does not wait for approval any more. */
    approve(
      tenantId: string,
      id: string,
      word: { by: string; comment: string | null; at: Date; expiresAt: Date },
      alongside: (db: ResponseTransaction) => Promise<void>,
    ): Promise<MachineActionRow | undefined> {
      return state.tenant<ResponseDb, MachineActionRow | undefined>(tenantId, async (db) => {
        const row = await lockAwaiting(db, id);
        if (!row) return undefined;
        const approved = await db
          .updateTable('machine_actions')
          .set({
            approval: 'Approved',
            approval_by: word.by,
            approval_comment: word.comment,
            approval_at: word.at,
            updated_at: word.at,
            expires_at: word.expiresAt,
            troubleshoot_info: null,
            seq: await nextSequence(db, row.machine_id),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db);
        return approved;
      });
    },

    /** Undefined: it does not wait for approval any more. */
    reject(
      tenantId: string,
      id: string,
      word: { by: string; comment: string | null; at: Date },
      alongside: (db: ResponseTransaction) => Promise<void>,
    ): Promise<MachineActionRow | undefined> {
      return state.tenant<ResponseDb, MachineActionRow | undefined>(tenantId, async (db) => {
        const row = await lockAwaiting(db, id);
        const status = row && nextStatus(row.status, { kind: 'cancelled' });
        if (!status) return undefined;
        const rejected = await db
          .updateTable('machine_actions')
          .set({
            status,
            approval: 'Rejected',
            approval_by: word.by,
            approval_comment: word.comment,
            approval_at: word.at,
            updated_at: word.at,
            cancellation_requestor: word.by,
            cancellation_comment: word.comment,
            cancelled_at: word.at,
            troubleshoot_info: 'It was not approved.',
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await alongside(db);
        return rejected;
      });
    },

    /** Across tenants: open actions past their time. */
    expired(now: Date, limit: number): Promise<Pick<MachineActionRow, 'tenant_id' | 'id' | 'approval'>[]> {
      return state.system<ResponseDb, Pick<MachineActionRow, 'tenant_id' | 'id' | 'approval'>[]>((db) =>
        db
          .selectFrom('machine_actions')
          .select(['tenant_id', 'id', 'approval'])
          .where('status', 'in', ['Pending', 'InProgress'])
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit)
          .execute(),
      );
    },
  };
}

/** The next place among the orders of a device. */
async function nextSequence(db: ResponseTransaction, machineId: string): Promise<number> {
  const { last_seq } = await db
    .insertInto('order_sequences')
    .values({ machine_id: machineId, last_seq: 1 })
    .onConflict((conflict) =>
      conflict.column('machine_id').doUpdateSet({ last_seq: sql`order_sequences.last_seq + 1` }),
    )
    .returning('last_seq')
    .executeTakeFirstOrThrow();
  return Number(last_seq);
}

function lockAwaiting(db: ResponseTransaction, id: string): Promise<MachineActionRow | undefined> {
  return db
    .selectFrom('machine_actions')
    .selectAll()
    .where('id', '=', id)
    .where('approval', '=', 'Required')
    .where('status', '=', 'Pending')
    .forUpdate()
    .executeTakeFirst();
}
