/** All SQL of the alerts feature. */
import { randomUUID } from 'node:crypto';
import type { AlertEvidence, AlertRelatedUser, AlertStatus } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type ColumnType, type Generated, type Selectable, sql, type Transaction } from 'kysely';
import type { SqlPage } from '../../odata/page.ts';
import { type AlertCandidate, evidenceIdentity } from './alert-candidate.ts';
import { alertEvidenceRow, alertInfoRow, type HuntingRow } from './hunting-rows.ts';

type TenantId = ColumnType<string, string | undefined, never>;

interface AlertsTable {
  tenant_id: TenantId;
  id: string;
  dedup_key: string;
  detector_id: string;
  detection_source: string;
  title: string;
  description: string;
  recommended_action: string | null;
  category: string;
  severity: string;
  techniques: string[];
  status: string;
  classification: string | null;
  determination: string | null;
  assigned_to: string | null;
  machine_id: string;
  machine_name: string;
  related_user: ColumnType<AlertRelatedUser | null, string | null, string | null>;
  first_event_at: ColumnType<Date, Date | string, Date | string>;
  last_event_at: ColumnType<Date, Date | string, Date | string>;
  created_at: Date;
  updated_at: Date;
  resolved_at: Date | null;
}

interface AlertsDb {
  alerts: AlertsTable;
  alert_events: {
    tenant_id: TenantId;
    alert_id: string;
    dedup_key: string;
    table_name: string;
    report_id: ColumnType<number | string, number, never>;
    at: ColumnType<Date, Date, never>;
  };
  alert_evidence: {
    tenant_id: TenantId;
    alert_id: string;
    ordinal: number;
    identity: string;
    entity: ColumnType<AlertEvidence, string, string>;
  };
  alert_comments: {
    tenant_id: TenantId;
    alert_id: string;
    ordinal: Generated<string>;
    comment: string;
    created_by: string;
    created_at: Date;
  };
  devices: { tenant_id: TenantId; id: string; rbac_group_id: number };
  device_groups: { tenant_id: TenantId; id: number; name: string };
  alert_hunting_outbox: {
    tenant_id: TenantId;
    ordinal: Generated<string>;
    table_name: string;
    row: ColumnType<Record<string, unknown>, string, string>;
    /** The rows that go into the hunting tables together; null: not decided. */
    parcel: string | null;
  };
}

export type AlertRow = Selectable<AlertsTable>;
export type CommentRow = Pick<
  Selectable<AlertsDb['alert_comments']>,
  'alert_id' | 'comment' | 'created_by' | 'created_at'
>;
export type AlertTransaction = Transaction<AlertsDb>;

export interface FullAlert {
  readonly alert: AlertRow;
  /** Name of the group that the alert's device is in now; null in a tenant without device groups. */
  readonly deviceGroup: string | null;
  readonly comments: readonly CommentRow[];
  readonly evidence: readonly AlertEvidence[];
}

export interface AlertChange {
  readonly status?: AlertStatus;
  readonly assignedTo?: string | null;
  readonly classification?: string | null;
  readonly determination?: string | null;
  readonly comment?: string;
}

const DETECTION_SOURCE = 'WindowsDefenderAtp';
/** An alert that stays open still ends here: what comes later is told apart from it. */
const MAX_EVIDENCE = 200;
const SEVERITY_ORDER = ['UnSpecified', 'Informational', 'Low', 'Medium', 'High'];

export type AlertsStore = ReturnType<typeof alertsStore>;

export function alertsStore(state: StateStore) {
  return {
    /** Opens an alert or adds to the open one; in one transaction, so that a finding reported twice changes nothing the second time. */
    raise(
      candidate: AlertCandidate,
      id: string,
      at: Date,
      windowMs: number,
    ): Promise<{ alertId: string; created: boolean; changed: boolean }> {
      return state.tenant<AlertsDb, { alertId: string; created: boolean; changed: boolean }>(
        candidate.tenantId,
        async (db) => {
          // Findings of one key are taken one after another, on whichever server they arrive.
          await sql`select pg_advisory_xact_lock(hashtextextended(${`${candidate.tenantId} ${candidate.dedupKey}`}, 0))`.execute(
            db,
          );
          const fresh = await unseenEvents(db, candidate);
          const known = await db
            .selectFrom('alerts')
            .select(['id', 'first_event_at', 'last_event_at'])
            .where('dedup_key', '=', candidate.dedupKey)
            .where('machine_id', '=', candidate.deviceId)
            .orderBy('created_at', 'desc')
            .limit(1)
            .executeTakeFirst();
          if (fresh.length === 0 && known) return { alertId: known.id, created: false, changed: false };

          const first = new Date(candidate.firstEventTime).getTime();
          const last = new Date(candidate.lastEventTime).getTime();
          const open = await db
            .selectFrom('alerts')
            .select('id')
            .where('dedup_key', '=', candidate.dedupKey)
            .where('machine_id', '=', candidate.deviceId)
            .where('status', '<>', 'Resolved')
            .where('last_event_at', '>=', new Date(first - windowMs))
            .where('first_event_at', '<=', new Date(last + windowMs))
            .orderBy('created_at', 'desc')
            .limit(1)
            .executeTakeFirst();
          const alertId = open?.id ?? id;
          if (!open) await insertAlert(db, candidate, id, at);
          else {
            await db
              .updateTable('alerts')
              .set({
                updated_at: at,
                first_event_at: sql`least(first_event_at, ${candidate.firstEventTime}::timestamptz)`,
                last_event_at: sql`greatest(last_event_at, ${candidate.lastEventTime}::timestamptz)`,
              })
              .where('id', '=', alertId)
              .execute();
          }
          if (fresh.length > 0) {
            await db
              .insertInto('alert_events')
              .values(
                fresh.map((event) => ({
                  alert_id: alertId,
                  dedup_key: candidate.dedupKey,
                  table_name: event.table,
                  report_id: event.reportId,
                  // Milliseconds, as they come back: what is compared is what was kept.
                  at: new Date(event.timestamp),
                })),
              )
              .execute();
          }
          const added = await addEvidence(db, alertId, candidate.evidence);
          const rows: HuntingRow[] = [
            ...(open ? [] : [alertInfoRow(alertId, candidate, DETECTION_SOURCE)]),
            ...added.map((evidence) => alertEvidenceRow(alertId, candidate, evidence, DETECTION_SOURCE)),
          ];
          if (rows.length > 0) {
            await db
              .insertInto('alert_hunting_outbox')
              .values(
                rows.map(({ table, row }) => ({ table_name: table, row: JSON.stringify(row), parcel: null })),
              )
              .execute();
          }
          return { alertId, created: !open, changed: true };
        },
      );
    },

    list(
      scope: TenantScope,
      page: SqlPage,
      machineId: string | null,
      withEvidence: boolean,
    ): Promise<{ alerts: FullAlert[]; total: number | null }> {
      return state.tenant<AlertsDb, { alerts: FullAlert[]; total: number | null }>(scope, async (db) => {
        let query = db.selectFrom('alerts');
        if (page.where) query = query.where(page.where);
        if (machineId !== null) query = query.where('machine_id', '=', machineId);
        let rows = query.selectAll().limit(page.limit).offset(page.offset);
        for (const order of page.orderBy) rows = rows.orderBy(order.expression, order.direction);
        const total = page.count
          ? await query.select(sql<string>`count(*)`.as('n')).executeTakeFirstOrThrow()
          : null;
        const alerts = await rows.orderBy('created_at', 'desc').orderBy('id').execute();
        return { alerts: await withParts(db, alerts, withEvidence), total: total && Number(total.n) };
      });
    },

    find(scope: TenantScope, id: string): Promise<FullAlert | undefined> {
      return state.tenant<AlertsDb, FullAlert | undefined>(scope, async (db) => {
        const alert = await db.selectFrom('alerts').selectAll().where('id', '=', id).executeTakeFirst();
        return alert && (await withParts(db, [alert], true))[0];
      });
    },

    /** Whether there is such an alert, whoever may see it. */
    exists(tenantId: string, id: string): Promise<boolean> {
      return state.tenant<AlertsDb, boolean>(tenantId, async (db) => {
        return (
          (await db.selectFrom('alerts').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
        );
      });
    },

    update(
      scope: TenantScope,
      id: string,
      change: AlertChange,
      by: string,
      at: Date,
      alongside: (db: AlertTransaction) => Promise<void>,
    ): Promise<FullAlert | undefined> {
      return state.tenant<AlertsDb, FullAlert | undefined>(scope, async (db) => {
        const before = await db
          .selectFrom('alerts')
          .selectAll()
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        if (!before) return undefined;
        const alert = await db
          .updateTable('alerts')
          .set({
            updated_at: at,
            ...(change.status === undefined
              ? {}
              : {
                  status: change.status,
                  resolved_at: change.status === 'Resolved' ? (before.resolved_at ?? at) : null,
                }),
            ...(change.assignedTo === undefined ? {} : { assigned_to: change.assignedTo }),
            ...(change.classification === undefined ? {} : { classification: change.classification }),
            ...(change.determination === undefined ? {} : { determination: change.determination }),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        if (change.comment !== undefined) {
          await db
            .insertInto('alert_comments')
            .values({ alert_id: id, comment: change.comment, created_by: by, created_at: at })
            .execute();
        }
        await alongside(db);
        return (await withParts(db, [alert], true))[0];
      });
    },

    /** Gravest severity among the device's alerts that are not resolved; null for none. */
    gravestOpen(tenantId: string, machineId: string): Promise<string | null> {
      return state.tenant<AlertsDb, string | null>(tenantId, async (db) => {
        const rows = await db
          .selectFrom('alerts')
          .select('severity')
          .distinct()
          .where('machine_id', '=', machineId)
          .where('status', '<>', 'Resolved')
          .execute();
        return SEVERITY_ORDER.findLast((severity) => rows.some((row) => row.severity === severity)) ?? null;
      });
    },

    /**
     * Across tenants: the oldest rows for the hunting tables that are not there yet, at most `limit`. A parcel once packed comes back as it
     * was until it is dropped. No rows: nothing waits.
     */
    packOutbox(limit: number): Promise<{ id: string; rows: OutboxRow[] }> {
      return state.system<AlertsDb, { id: string; rows: OutboxRow[] }>(async (db) => {
        const packed = await db
          .selectFrom('alert_hunting_outbox')
          .select('parcel')
          .where('parcel', 'is not', null)
          .orderBy('ordinal')
          .limit(1)
          .executeTakeFirst();
        const id = packed?.parcel ?? randomUUID();
        if (!packed) {
          await db
            .updateTable('alert_hunting_outbox')
            .set({ parcel: id })
            .where('ordinal', 'in', (waiting) =>
              waiting
                .selectFrom('alert_hunting_outbox')
                .select('ordinal')
                .where('parcel', 'is', null)
                .orderBy('ordinal')
                .limit(limit)
                .forUpdate()
                .skipLocked(),
            )
            .execute();
        }
        const rows = await db
          .selectFrom('alert_hunting_outbox')
          .select(['tenant_id', 'table_name', 'row'])
          .where('parcel', '=', id)
          .orderBy('ordinal')
          .execute();
        return { id, rows };
      });
    },

    dropParcel(id: string): Promise<void> {
      return state.system<AlertsDb, void>(async (db) => {
        await db.deleteFrom('alert_hunting_outbox').where('parcel', '=', id).execute();
      });
    },
  };
}

interface OutboxRow {
  readonly tenant_id: string;
  readonly table_name: string;
  readonly row: Record<string, unknown>;
}

async function unseenEvents(db: AlertTransaction, candidate: AlertCandidate) {
  const known = await db
    .selectFrom('alert_events')
    .select(['table_name', 'report_id', 'at'])
    .where('dedup_key', '=', candidate.dedupKey)
    .where(
      'report_id',
      'in',
      candidate.events.map((event) => event.reportId),
    )
    .execute();
  const key = (table: string, reportId: number, at: Date) => `${table} ${reportId} ${at.getTime()}`;
  const seen = new Set(known.map((row) => key(row.table_name, Number(row.report_id), row.at)));
  return candidate.events.filter((event) => {
    const own = key(event.table, event.reportId, new Date(event.timestamp));
    if (seen.has(own)) return false;
    seen.add(own);
    return true;
  });
}

async function insertAlert(db: AlertTransaction, c: AlertCandidate, id: string, at: Date): Promise<void> {
  await db
    .insertInto('alerts')
    .values({
      id,
      dedup_key: c.dedupKey,
      detector_id: c.ruleId,
      detection_source: DETECTION_SOURCE,
      title: c.title,
      description: c.description,
      recommended_action: c.recommendedAction,
      category: c.category,
      severity: c.severity,
      techniques: [...c.techniques],
      status: 'New',
      classification: null,
      determination: null,
      assigned_to: null,
      machine_id: c.deviceId,
      machine_name: c.deviceName,
      related_user: c.relatedUser && JSON.stringify(c.relatedUser),
      first_event_at: c.firstEventTime,
      last_event_at: c.lastEventTime,
      created_at: at,
      updated_at: at,
      resolved_at: null,
    })
    .execute();
}

/** Answers the entities that were not part of the alert before. */
async function addEvidence(
  db: AlertTransaction,
  alertId: string,
  evidence: readonly AlertEvidence[],
): Promise<AlertEvidence[]> {
  const known = await db
    .selectFrom('alert_evidence')
    .select('identity')
    .where('alert_id', '=', alertId)
    .execute();
  const identities = new Set(known.map((row) => row.identity));
  const added: { identity: string; entity: AlertEvidence }[] = [];
  for (const entity of evidence) {
    const identity = evidenceIdentity(entity);
    if (identities.has(identity) || identities.size >= MAX_EVIDENCE) continue;
    identities.add(identity);
    added.push({ identity, entity });
  }
  if (added.length > 0) {
    await db
      .insertInto('alert_evidence')
      .values(
        added.map(({ identity, entity }, i) => ({
          alert_id: alertId,
          ordinal: known.length + i,
          identity,
          entity: JSON.stringify(entity),
        })),
      )
      .execute();
  }
  return added.map(({ entity }) => entity);
}

async function withParts(
  db: AlertTransaction,
  alerts: readonly AlertRow[],
  withEvidence: boolean,
): Promise<FullAlert[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map((alert) => alert.id);
  const comments = await db
    .selectFrom('alert_comments')
    .select(['alert_id', 'comment', 'created_by', 'created_at'])
    .where(sql<boolean>`alert_id = any(${ids}::text[])`)
    .orderBy('ordinal')
    .execute();
  const evidence = withEvidence
    ? await db
        .selectFrom('alert_evidence')
        .select(['alert_id', 'entity'])
        .where(sql<boolean>`alert_id = any(${ids}::text[])`)
        .orderBy('alert_id')
        .orderBy('ordinal')
        .execute()
    : [];
  const groups = await db
    .selectFrom('devices')
    .innerJoin('device_groups', (join) =>
      join
        .onRef('device_groups.tenant_id', '=', 'devices.tenant_id')
        .onRef('device_groups.id', '=', 'devices.rbac_group_id'),
    )
    .select(['devices.id', 'device_groups.name'])
    .where(sql<boolean>`devices.id = any(${[...new Set(alerts.map((alert) => alert.machine_id))]}::text[])`)
    .execute();
  const groupOf = new Map(groups.map(({ id, name }) => [id, name]));
  const commentsOf = byAlert(comments);
  const evidenceOf = byAlert(evidence);
  return alerts.map((alert) => ({
    alert,
    deviceGroup: groupOf.get(alert.machine_id) ?? null,
    comments: commentsOf.get(alert.id) ?? [],
    evidence: (evidenceOf.get(alert.id) ?? []).map((row) => row.entity),
  }));
}

function byAlert<T extends { alert_id: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.alert_id);
    if (group) group.push(row);
    else groups.set(row.alert_id, [row]);
  }
  return groups;
}
