/** All SQL of incidents. Their alerts are those whose `incident` column says so. */
import type { AlertEvidence } from '@merlon/contract';
import type { StateStore, TenantScope } from '@merlon/state-store';
import { type Kysely, type Selectable, sql } from 'kysely';
import { paged, type SqlPage, totalOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { beginChange, changesSettled } from './change-time.ts';
import { type AlertsDb, type AlertTransaction, type IncidentsTable, SEVERITY_ORDER } from './database.ts';
import { type FullAlert, fullAlert, selectFullAlerts } from './full-alert.ts';
import { type Link, type LinkFacts, linkFacts, linksOf, placeOf, WIDEST_WINDOW_MS } from './incident-link.ts';

/** What one incident holds at most; more of the same story begins another. */
const MAX_ALERTS = 1_000;
/** Alerts that a new one is compared with at most, the newest first. */
const MAX_COMPARED = 200;

export type IncidentRow = Selectable<IncidentsTable>;

/** What its alerts, those that the caller may see, make of an incident. */
export interface IncidentSummary {
  readonly alerts: number;
  readonly devices: number;
  /** None of them is open. */
  readonly resolved: boolean;
  readonly severity: string;
  readonly categories: readonly string[];
  readonly firstTitle: string;
}

export interface IncidentComment {
  readonly comment: string;
  readonly created_by: string;
  readonly created_at: Date;
}

export interface FullIncident {
  readonly incident: IncidentRow;
  /** Null: it became part of another, and has no alerts. */
  readonly summary: IncidentSummary | null;
  readonly comments: readonly IncidentComment[];
  /** Empty unless they are asked for. */
  readonly alerts: readonly FullAlert[];
}

export interface IncidentChange {
  readonly name?: string | null;
  readonly status?: 'Active' | 'InProgress' | 'Resolved';
  readonly assignedTo?: string | null;
  readonly classification?: string | null;
  readonly determination?: string | null;
  readonly tags?: readonly string[];
  readonly comment?: string;
}

export type IncidentsStore = ReturnType<typeof incidentsStore>;

export function incidentsStore(state: StateStore, clock: Clock) {
  return {
    list(
      scope: TenantScope,
      page: SqlPage,
      withAlerts: boolean,
    ): Promise<{ incidents: FullIncident[]; total: number | null }> {
      return state.read<AlertsDb, { incidents: FullIncident[]; total: number | null }>(scope, async (db) => {
        await changesSettled(db, scope.tenantId);
        let query = db.selectFrom('incidents');
        if (page.where) query = query.where(page.where);
        const total = await totalOf(query, page);
        const incidents = await paged(query.selectAll(), page).orderBy('id', 'desc').execute();
        return { incidents: await whole(db, incidents, withAlerts), total };
      });
    },

    find(scope: TenantScope, id: number): Promise<FullIncident | undefined> {
      return state.read<AlertsDb, FullIncident | undefined>(scope, async (db) => {
        const row = await db
          .selectFrom('incidents')
          .selectAll()
          .where('id', '=', String(id))
          .executeTakeFirst();
        return row && (await whole(db, [row], true))[0];
      });
    },

    /** Whether there is such an incident, whoever may see it. */
    exists(tenantId: string, id: number): Promise<boolean> {
      return state.read<AlertsDb, boolean>(tenantId, async (db) => {
        const row = await db
          .selectFrom('incidents')
          .select('id')
          .where('id', '=', String(id))
          .executeTakeFirst();
        return row !== undefined;
      });
    },

    /**
     * Owner, status and verdict go on to the alerts of the incident, those that the caller may act on. It is resolved when none of them is open, and
     * open again, all of them, when a resolved one is made active.
     * Undefined: there is none that he may see, or it became part of another.
     */
    update(
      scope: TenantScope,
      id: number,
      change: IncidentChange,
      by: string,
      alongside: (db: AlertTransaction) => Promise<void>,
    ): Promise<FullIncident | undefined> {
      return state.tenant<AlertsDb, FullIncident | undefined>(scope, async (db) => {
        const at = await beginChange(db, scope.tenantId, clock);
        const before = await db
          .selectFrom('incidents')
          .selectAll()
          .where('id', '=', String(id))
          .where('leads_to', '=', String(id))
          .executeTakeFirst();
        if (!before) return undefined;
        await updateItsAlerts(db, id, change, at);
        // Resolved is what its alerts are; what is kept is how far the work is while some are open.
        const status = change.status === 'Resolved' ? undefined : change.status;
        const row = await db
          .updateTable('incidents')
          .set({
            updated_at: at,
            ...(change.name === undefined ? {} : { name: change.name }),
            ...(status === undefined ? {} : { status }),
            ...(change.assignedTo === undefined ? {} : { assigned_to: change.assignedTo }),
            ...(change.classification === undefined ? {} : { classification: change.classification }),
            ...(change.determination === undefined ? {} : { determination: change.determination }),
            ...(change.tags === undefined ? {} : { tags: [...change.tags] }),
          })
          .where('id', '=', String(id))
          .returningAll()
          .executeTakeFirstOrThrow();
        if (change.comment !== undefined) {
          await db
            .insertInto('incident_comments')
            .values({ incident: String(id), comment: change.comment, created_by: by, created_at: at })
            .execute();
        }
        await alongside(db);
        return (await whole(db, [row], true))[0];
      });
    },
  };
}

async function updateItsAlerts(
  db: AlertTransaction,
  id: number,
  change: IncidentChange,
  at: Date,
): Promise<void> {
  if (change.status !== undefined && change.status !== 'Resolved' && !(await isOpen(db, id)))
    await db
      .updateTable('alerts')
      .set({ status: 'New', resolved_at: null, updated_at: at })
      .where('incident', '=', String(id))
      .execute();
  const set = {
    ...(change.status === 'Resolved'
      ? { status: 'Resolved', resolved_at: sql<Date>`coalesce(resolved_at, ${at}::timestamptz)` }
      : {}),
    ...(change.assignedTo === undefined ? {} : { assigned_to: change.assignedTo }),
    ...(change.classification === undefined ? {} : { classification: change.classification }),
    ...(change.determination === undefined ? {} : { determination: change.determination }),
  };
  if (Object.keys(set).length === 0) return;
  await db
    .updateTable('alerts')
    .set({ ...set, updated_at: at })
    .where('incident', '=', String(id))
    .execute();
}

async function isOpen(db: AlertTransaction, id: number): Promise<boolean> {
  const open = await db
    .selectFrom('alerts')
    .select('id')
    .where('incident', '=', String(id))
    .where('status', '<>', 'Resolved')
    .limit(1)
    .executeTakeFirst();
  return open !== undefined;
}

async function whole(
  db: Kysely<AlertsDb>,
  rows: readonly IncidentRow[],
  withAlerts: boolean,
): Promise<FullIncident[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const summaries = await db
    .selectFrom('alerts')
    .select([
      'incident',
      sql<string>`count(*)`.as('alerts'),
      sql<string>`count(distinct machine_id)`.as('devices'),
      sql<number>`max(array_position(${SEVERITY_ORDER}::text[], severity))`.as('severity'),
      sql<boolean>`bool_and(status = 'Resolved')`.as('resolved'),
      sql<string[]>`array_agg(distinct category)`.as('categories'),
      sql<string>`(array_agg(title order by created_at, id))[1]`.as('title'),
    ])
    .where(sql<boolean>`incident = any(${ids}::bigint[])`)
    .groupBy('incident')
    .execute();
  const comments = await db
    .selectFrom('incident_comments')
    .select(['incident', 'comment', 'created_by', 'created_at'])
    .where(sql<boolean>`incident = any(${ids}::bigint[])`)
    .orderBy('ordinal')
    .execute();
  const alerts = withAlerts
    ? await selectFullAlerts(db, true)
        .where(sql<boolean>`incident = any(${ids}::bigint[])`)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
    : [];
  return rows.map((incident) => {
    const found = summaries.find((summary) => summary.incident === incident.id);
    return {
      incident,
      summary:
        found === undefined
          ? null
          : {
              alerts: Number(found.alerts),
              devices: Number(found.devices),
              resolved: found.resolved,
              severity: SEVERITY_ORDER[found.severity - 1] ?? 'UnSpecified',
              categories: found.categories,
              firstTitle: found.title,
            },
      comments: comments.filter((comment) => comment.incident === incident.id),
      alerts: alerts.filter((alert) => alert.incident === incident.id).map(fullAlert),
    };
  });
}

/** What is known of an alert when its place is looked for. */
export interface Placing {
  /** Of an alert that has its place already: only a reason that joins incidents moves it. */
  readonly incident: string | null;
  readonly alertId: string;
  readonly deviceId: string;
  readonly first: Date;
  readonly last: Date;
  readonly evidence: readonly AlertEvidence[];
  /**
   * Where its story is looked for. An alert that a person makes is only linked on its own device: he must not come into an incident of devices that he
   * may not see by choosing an event that shares something with it.
   */
  readonly linkWithin: 'tenant' | 'device';
}

/**
 * The incident that an alert belongs to: one it is linked to, several that it makes one, or a new one. Within a change, so that two alerts of one story
 * never begin two incidents.
 */
export async function placeAlert(
  db: AlertTransaction,
  placing: Placing,
  at: Date,
): Promise<{ incident: string; links: readonly Link[] }> {
  const own = placing.incident === null ? 0 : Number(placing.incident);
  const facts = linkFacts(
    {
      alertId: placing.alertId,
      incident: own,
      deviceId: placing.deviceId,
      first: placing.first.getTime(),
      last: placing.last.getTime(),
    },
    placing.evidence,
  );
  const compared = await comparable(db, facts);
  const links = linksOf(
    facts,
    placing.linkWithin === 'tenant'
      ? compared
      : compared.filter(({ deviceId }) => deviceId === placing.deviceId),
  );
  const place = placeOf(links, placing.incident === null ? null : own);
  if (place === null || (place.into !== own && (await isFull(db, place.into))))
    return { incident: placing.incident ?? (await newIncident(db, at)), links: [] };
  for (const absorbed of place.absorbed) await absorb(db, place.into, absorbed, at);
  await touchIncidents(db, [String(place.into)], at);
  return { incident: String(place.into), links };
}

/** Alerts of open incidents that share something with this one, as far as the indexes tell. */
async function comparable(db: AlertTransaction, facts: LinkFacts): Promise<LinkFacts[]> {
  const shared = (column: string, values: ReadonlySet<string>) =>
    sql<boolean>`exists (select 1 from alert_evidence e where e.tenant_id = alerts.tenant_id and e.alert_id = alerts.id
      and ${sql.ref(`e.${column}`)} = any(${[...values]}::text[]))`;
  const accountNames = new Set(
    [...facts.accounts].map((account) => account.slice(account.indexOf('\\') + 1)),
  );
  const found = await db
    .selectFrom('alerts')
    .innerJoin('incidents', (join) =>
      join
        .onRef('incidents.tenant_id', '=', 'alerts.tenant_id')
        .onRef('incidents.id', '=', 'alerts.incident'),
    )
    .select(['alerts.id', 'alerts.incident', 'machine_id', 'first_event_at', 'last_event_at'])
    .where(
      sql<boolean>`exists (select 1 from alerts as open where open.tenant_id = incidents.tenant_id
        and open.incident = incidents.id and open.status <> 'Resolved')`,
    )
    .where('alerts.id', '<>', facts.alertId)
    .where('alerts.incident', '<>', String(facts.incident))
    .where('last_event_at', '>=', new Date(facts.first - WIDEST_WINDOW_MS))
    .where('first_event_at', '<=', new Date(facts.last + WIDEST_WINDOW_MS))
    .where((e) =>
      e.or([
        e('machine_id', '=', facts.deviceId),
        ...(facts.files.size === 0 ? [] : [shared('sha1', facts.files)]),
        ...(facts.hosts.size === 0 ? [] : [shared('host', facts.hosts)]),
        ...(facts.addresses.size === 0 ? [] : [shared('ip', facts.addresses)]),
        ...(accountNames.size === 0 ? [] : [shared('account', accountNames)]),
      ]),
    )
    .orderBy('alerts.created_at', 'desc')
    .limit(MAX_COMPARED)
    .execute();
  if (found.length === 0) return [];
  const evidence = await db
    .selectFrom('alert_evidence')
    .select(['alert_id', 'entity'])
    .where(sql<boolean>`alert_id = any(${found.map(({ id }) => id)}::text[])`)
    .execute();
  const evidenceOf = new Map<string, AlertEvidence[]>();
  for (const { alert_id, entity } of evidence)
    evidenceOf.set(alert_id, [...(evidenceOf.get(alert_id) ?? []), entity]);
  return found.map((alert) =>
    linkFacts(
      {
        alertId: alert.id,
        incident: Number(alert.incident),
        deviceId: alert.machine_id,
        first: alert.first_event_at.getTime(),
        last: alert.last_event_at.getTime(),
      },
      evidenceOf.get(alert.id) ?? [],
    ),
  );
}

async function isFull(db: AlertTransaction, id: number): Promise<boolean> {
  const { n } = await db
    .selectFrom('alerts')
    .select(sql<string>`count(*)`.as('n'))
    .where('incident', '=', String(id))
    .executeTakeFirstOrThrow();
  return Number(n) >= MAX_ALERTS;
}

async function newIncident(db: AlertTransaction, at: Date): Promise<string> {
  const { last } = await db
    .insertInto('incident_counters')
    .values({ last: '1' })
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet({ last: sql`incident_counters.last + 1` }),
    )
    .returning('last')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('incidents')
    .values({
      id: last,
      leads_to: last,
      name: null,
      status: 'Active',
      classification: null,
      determination: null,
      assigned_to: null,
      tags: [],
      created_at: at,
      updated_at: at,
    })
    .execute();
  return last;
}

/** Something changed in the incidents. */
export async function touchIncidents(db: AlertTransaction, ids: readonly string[], at: Date): Promise<void> {
  await db
    .updateTable('incidents')
    .set({ updated_at: at })
    .where(sql<boolean>`id = any(${[...new Set(ids)].sort()}::bigint[])`)
    .execute();
}

/** One incident becomes part of another: its alerts and comments go there, and whoever asks for it is led there. */
async function absorb(db: AlertTransaction, into: number, absorbed: number, at: Date): Promise<void> {
  await db
    .updateTable('alerts')
    .set({ incident: String(into), updated_at: at })
    .where('incident', '=', String(absorbed))
    .execute();
  await db
    .updateTable('incident_comments')
    .set({ incident: String(into) })
    .where('incident', '=', String(absorbed))
    .execute();
  await db
    .updateTable('incidents')
    .set({ leads_to: String(into), updated_at: at })
    .where('leads_to', '=', String(absorbed))
    .execute();
}
