/** All SQL of the alerts feature. */
import { randomUUID } from 'node:crypto';
import type { AlertEvidence, AlertStatus } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { type AlertCandidate, evidenceIdentity } from './alert-candidate.ts';
import { beginChange, changesSettled } from './change-time.ts';
import { type AlertsDb, type AlertTransaction, type IncidentLink, SEVERITY_ORDER } from './database.ts';
import { addDetections } from './detections.ts';
import { type FullAlert, fullAlert, selectFullAlerts } from './full-alert.ts';
import { alertEvidenceRow, alertInfoRow, type HuntingRow } from './hunting-rows.ts';
import { placeAlert, touchIncidents } from './incident-store.ts';

export interface RaiseOptions {
  /** Findings of one key that are closer together than this, by the time of their events, are one alert. */
  readonly windowMs?: number;
  /** Where its incident is looked for; `device` for what a person makes. Default: the tenant. */
  readonly linkWithin?: 'tenant' | 'device';
  /** Runs in the same transaction. */
  readonly alongside?: (db: AlertTransaction) => Promise<void>;
}

/** What alerts are asked for by. */
export type AlertSubject =
  | { readonly kind: 'machine'; readonly deviceId: string }
  /** By either hash, in lower case. */
  | { readonly kind: 'file'; readonly sha1: string | null; readonly sha256: string | null }
  /** In lower case, as is the host and the account. */
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'domain'; readonly host: string }
  /** By the name alone, without its domain. */
  | { readonly kind: 'user'; readonly account: string };

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
export type AlertsStore = ReturnType<typeof alertsStore>;

export function alertsStore(state: StateStore, clock: Clock) {
  return {
    /** Opens an alert or adds to the open one; in one transaction, so that a finding reported twice changes nothing the second time. */
    raise(
      candidate: AlertCandidate,
      id: string,
      { windowMs, linkWithin = 'tenant', alongside = async () => {} }: RaiseOptions & { windowMs: number },
    ): Promise<{ alertId: string; created: boolean; changed: boolean }> {
      return state.tenant<AlertsDb, { alertId: string; created: boolean; changed: boolean }>(
        candidate.tenantId,
        async (db) => {
          // Findings are taken one after another, on whichever server they arrive: of one key they are one alert, of one story one incident.
          const at = await beginChange(db, candidate.tenantId, clock);
          const fresh = await unseenEvents(db, candidate);
          const known = await db
            .selectFrom('alerts')
            .select(['id', 'first_event_at', 'last_event_at'])
            .where('dedup_key', '=', candidate.dedupKey)
            .where('machine_id', '=', candidate.deviceId)
            .orderBy('created_at', 'desc')
            .limit(1)
            .executeTakeFirst();
          // What no event gave away is told apart by its time alone.
          if (candidate.events.length > 0 && fresh.length === 0 && known) {
            await alongside(db);
            return { alertId: known.id, created: false, changed: false };
          }

          const first = new Date(candidate.firstEventTime).getTime();
          const last = new Date(candidate.lastEventTime).getTime();
          const open = await db
            .selectFrom('alerts')
            .select(['id', 'incident'])
            .where('dedup_key', '=', candidate.dedupKey)
            .where('machine_id', '=', candidate.deviceId)
            .where('status', '<>', 'Resolved')
            .$if(Number.isFinite(windowMs), (near) =>
              near
                .where('last_event_at', '>=', new Date(first - windowMs))
                .where('first_event_at', '<=', new Date(last + windowMs)),
            )
            .orderBy('created_at', 'desc')
            .limit(1)
            .executeTakeFirst();
          const alertId = open?.id ?? id;
          if (!open) {
            const { incident, links } = await placeAlert(
              db,
              {
                ...candidate,
                incident: null,
                alertId,
                linkWithin,
                first: new Date(candidate.firstEventTime),
                last: new Date(candidate.lastEventTime),
              },
              at,
            );
            await insertAlert(db, candidate, id, incident, links, at);
          } else {
            await db
              .updateTable('alerts')
              .set({
                updated_at: at,
                first_event_at: sql`least(first_event_at, ${candidate.firstEventTime}::timestamptz)`,
                last_event_at: sql`greatest(last_event_at, ${candidate.lastEventTime}::timestamptz)`,
              })
              .where('id', '=', alertId)
              .execute();
            await touchIncidents(db, [open.incident], at);
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
          await addDetections(db, { alertId, candidate, fresh, at });
          const added = await addEvidence(db, alertId, candidate.evidence);
          if (open && added.length > 0) await replace(db, candidate, open.id, linkWithin, at);
          const rows: HuntingRow[] = [
            ...(open ? [] : [alertInfoRow(alertId, candidate, sourceOf(candidate))]),
            ...added.map((evidence) => alertEvidenceRow(alertId, candidate, evidence, sourceOf(candidate))),
          ];
          if (rows.length > 0) {
            await db
              .insertInto('alert_hunting_outbox')
              .values(
                rows.map(({ table, row }) => ({ table_name: table, row: JSON.stringify(row), parcel: null })),
              )
              .execute();
          }
          await alongside(db);
          return { alertId, created: !open, changed: true };
        },
      );
    },

    list(
      scope: TenantScope,
      page: SqlPage,
      about: AlertSubject | null,
      withEvidence: boolean,
    ): Promise<{ alerts: FullAlert[]; total: number | null }> {
      return state.read<AlertsDb, { alerts: FullAlert[]; total: number | null }>(scope, async (db) => {
        await changesSettled(db, scope.tenantId);
        const conditions = [page.where, about && isAbout(about)].filter((condition) => condition !== null);
        let rows = selectFullAlerts(db, withEvidence);
        let matching = db.selectFrom('alerts');
        for (const condition of conditions) {
          rows = rows.where(condition);
          matching = matching.where(condition);
        }
        const total = await totalOf(matching, page);
        return { alerts: (await paged(rows, page).execute()).map(fullAlert), total };
      });
    },

    find(scope: TenantScope, id: string): Promise<FullAlert | undefined> {
      return state.read<AlertsDb, FullAlert | undefined>(scope, async (db) => {
        const row = await selectFullAlerts(db, true).where('id', '=', id).executeTakeFirst();
        return row && fullAlert(row);
      });
    },

    /** Whether there is such an alert, whoever may see it. */
    exists(tenantId: string, id: string): Promise<boolean> {
      return state.read<AlertsDb, boolean>(tenantId, async (db) => {
        return (
          (await db.selectFrom('alerts').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
        );
      });
    },

    /** All of them or none: `missing` names the first that is not there, or may not be seen. */
    update(
      scope: TenantScope,
      ids: readonly string[],
      change: AlertChange,
      by: string,
      alongside: (db: AlertTransaction) => Promise<void>,
    ): Promise<{ alerts: readonly FullAlert[] } | { missing: string }> {
      return state.tenant<AlertsDb, { alerts: readonly FullAlert[] } | { missing: string }>(
        scope,
        async (db) => {
          const at = await beginChange(db, scope.tenantId, clock);
          const before = await db
            .selectFrom('alerts')
            .select('id')
            .where(sql<boolean>`id = any(${ids}::text[])`)
            .orderBy('id')
            .forUpdate()
            .execute();
          const found = new Set(before.map(({ id }) => id));
          const missing = ids.find((id) => !found.has(id));
          if (missing !== undefined) return { missing };
          const alerts = await db
            .updateTable('alerts')
            .set({
              updated_at: at,
              ...(change.status === undefined
                ? {}
                : {
                    status: change.status,
                    resolved_at:
                      change.status === 'Resolved'
                        ? sql<Date>`coalesce(resolved_at, ${at}::timestamptz)`
                        : null,
                  }),
              ...(change.assignedTo === undefined ? {} : { assigned_to: change.assignedTo }),
              ...(change.classification === undefined ? {} : { classification: change.classification }),
              ...(change.determination === undefined ? {} : { determination: change.determination }),
            })
            .where(sql<boolean>`id = any(${ids}::text[])`)
            .returning('incident')
            .execute();
          const { comment } = change;
          if (comment !== undefined) {
            await db
              .insertInto('alert_comments')
              .values([...found].map((id) => ({ alert_id: id, comment, created_by: by, created_at: at })))
              .execute();
          }
          await touchIncidents(
            db,
            alerts.map(({ incident }) => incident),
            at,
          );
          await alongside(db);
          const whole = await selectFullAlerts(db, true)
            .where(sql<boolean>`id = any(${ids}::text[])`)
            .execute();
          return { alerts: whole.map(fullAlert) };
        },
      );
    },

    /** Gravest severity among the device's alerts that are not resolved; null for none. */
    gravestOpen(tenantId: string, machineId: string): Promise<string | null> {
      return state.read<AlertsDb, string | null>(tenantId, async (db) => {
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
          .select([
            'tenant_id',
            'table_name',
            'row',
            sql<
              string | null
            >`(select machine_id from alerts where alerts.tenant_id = alert_hunting_outbox.tenant_id
              and alerts.id = alert_hunting_outbox.row ->> 'AlertId')`.as('machine_id'),
          ])
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

function isAbout(subject: AlertSubject): RawBuilder<SqlBool> {
  const inEvidence = (column: string, value: string) =>
    sql<SqlBool>`id in (select alert_id from alert_evidence where ${sql.ref(`alert_evidence.${column}`)} = ${value})`;
  switch (subject.kind) {
    case 'machine':
      return sql`machine_id = ${subject.deviceId}`;
    case 'file': {
      const hashes = [
        ...(subject.sha1 === null ? [] : [inEvidence('sha1', subject.sha1)]),
        ...(subject.sha256 === null ? [] : [inEvidence('sha256', subject.sha256)]),
      ];
      return hashes.length === 0 ? sql`false` : sql`(${sql.join(hashes, sql` or `)})`;
    }
    case 'ip':
      return inEvidence('ip', subject.address);
    case 'domain':
      return inEvidence('host', subject.host);
    case 'user':
      return sql`id in (select alert_id from alert_evidence where account = ${subject.account}
        union all select about.id from alerts as about where about.related_account = ${subject.account})`;
  }
}

function sourceOf({ detectionSource }: AlertCandidate): string {
  return detectionSource ?? DETECTION_SOURCE;
}

interface OutboxRow {
  readonly tenant_id: string;
  readonly table_name: string;
  readonly row: Record<string, unknown>;
  /** The device the alert is about; null for an alert that is gone. */
  readonly machine_id: string | null;
}

async function unseenEvents(db: AlertTransaction, candidate: AlertCandidate) {
  if (candidate.events.length === 0) return [];
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

/** What came to an alert may tie its incident to another. */
async function replace(
  db: AlertTransaction,
  candidate: AlertCandidate,
  id: string,
  linkWithin: 'tenant' | 'device',
  at: Date,
): Promise<void> {
  const alert = await db
    .selectFrom('alerts')
    .select(['incident', 'first_event_at', 'last_event_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const evidence = await db
    .selectFrom('alert_evidence')
    .select('entity')
    .where('alert_id', '=', id)
    .execute();
  await placeAlert(
    db,
    {
      ...candidate,
      incident: alert.incident,
      alertId: id,
      linkWithin,
      first: alert.first_event_at,
      last: alert.last_event_at,
      evidence: evidence.map(({ entity }) => entity),
    },
    at,
  );
}

async function insertAlert(
  db: AlertTransaction,
  c: AlertCandidate,
  id: string,
  incident: string,
  links: readonly IncidentLink[],
  at: Date,
): Promise<void> {
  await db
    .insertInto('alerts')
    .values({
      id,
      dedup_key: c.dedupKey,
      detector_id: c.ruleId,
      detection_source: sourceOf(c),
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
      incident,
      incident_links: JSON.stringify(links.map(({ reason, alertId }) => ({ reason, alertId }))),
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
