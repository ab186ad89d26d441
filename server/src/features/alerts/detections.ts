/**
 * Detections: one row for each suspicious event of an alert, unmerged, in the order in which they came. Written where alerts are raised, within the same
 * change, so that their times have the order of the commits (`change-time.ts`): who reads up to some time misses nothing that comes later with an earlier one.
 */
import {
  deviceScope,
  type Migration,
  type StateStore,
  type TenantScope,
  tenantTable,
} from '@merlon/state-store';
import { type Kysely, type RawBuilder, type SqlBool, sql, type Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import { deviceGroupName } from '../device-groups/index.ts';
import type { AlertCandidate } from './alert-candidate.ts';
import { changesSettled } from './change-time.ts';
import type { AlertsDb } from './database.ts';
import { type DetectionFacts, factsOfEvidence } from './detection-facts.ts';

export const detectionsMigrations: readonly Migration[] = [
  {
    name: '2026-11-25-alerts-8-detections',
    async up(db) {
      await tenantTable(db, 'alert_detections', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          // Number within the alert, from 0.
          .addColumn('part', 'integer', (c) => c.notNull())
          .addColumn('processed_at', sql`timestamptz(3)`, (c) => c.notNull())
          // As the event has it: finer than the database keeps times.
          .addColumn('event_time', 'text', (c) => c.notNull())
          // Null: no event gave it away.
          .addColumn('table_name', 'text')
          .addColumn('report_id', 'bigint')
          // Who was signed in at the device when it came.
          .addColumn('signed_in', 'jsonb', (c) => c.notNull().defaultTo(sql`'[]'::jsonb`))
          .addColumn('facts', 'jsonb', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_detections_pkey', ['tenant_id', 'alert_id', 'part']),
      );
      await db.schema
        .createIndex('alert_detections_in_time')
        .on('alert_detections')
        .columns(['tenant_id', 'processed_at', 'alert_id', 'part'])
        .execute();
      await db.schema
        .createIndex('alert_detections_by_age')
        .on('alert_detections')
        .column('processed_at')
        .execute();
      await deviceScope(db, 'alert_detections', { parent: 'alerts', key: 'alert_id' });
    },
  },
];

interface DetectionsDb extends AlertsDb {
  alert_detections: {
    tenant_id: string;
    alert_id: string;
    part: number;
    processed_at: Date;
    event_time: string;
    table_name: string | null;
    report_id: string | null;
    signed_in: SignedIn[];
    facts: DetectionFacts;
  };
}

export interface SignedIn {
  readonly UserName?: string;
  readonly DomainName?: string;
}

/** What a detection is part of, and what came with it. */
export interface NewDetections {
  readonly alertId: string;
  readonly candidate: AlertCandidate;
  /** Those of its events that were not known. */
  readonly fresh: AlertCandidate['events'];
  readonly at: Date;
}

/** Within the change that raises the alert. */
export async function addDetections(
  // biome-ignore lint/suspicious/noExplicitAny: any transaction of the change will do; only its connection is used
  db: Transaction<any>,
  { alertId, candidate, fresh, at }: NewDetections,
): Promise<void> {
  const whole = () => factsOfEvidence(candidate.evidence, candidate.relatedUser);
  const found =
    candidate.events.length === 0
      ? [{ table: null, reportId: null, timestamp: candidate.lastEventTime, facts: whole() }]
      : fresh.map((event) => ({ ...event, facts: event.facts ?? whole() }));
  if (found.length === 0) return;
  await sql`insert into alert_detections (alert_id, part, processed_at, event_time, table_name, report_id, signed_in, facts)
    select ${alertId}, (select coalesce(max(part) + 1, 0) from alert_detections where alert_id = ${alertId}) + told.ordinal - 1,
      ${at}::timestamptz, told.event_time, told.table_name, told.report_id,
      coalesce((select signed_in from devices where id = ${candidate.deviceId}), '[]'::jsonb), told.facts
    from unnest(${found.map(({ timestamp }) => timestamp)}::text[], ${found.map(({ table }) => table)}::text[],
      ${found.map(({ reportId }) => reportId)}::bigint[], ${found.map(({ facts }) => JSON.stringify(facts))}::jsonb[])
      with ordinality as told(event_time, table_name, report_id, facts, ordinal)`.execute(db);
}

/** One detection with the alert and the device it is about, as they are now. */
export interface Detection {
  readonly alertId: string;
  readonly part: number;
  readonly processedAt: Date;
  readonly eventTime: string;
  readonly reportId: string | null;
  readonly signedIn: readonly SignedIn[];
  readonly facts: DetectionFacts;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly severity: string;
  readonly detectorId: string;
  readonly incident: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly deviceGroup: string | null;
  readonly deviceTag: string | null;
  readonly manualTags: readonly string[];
  readonly addresses: readonly { readonly ipAddress: string }[];
}

export interface DetectionsAsked {
  /** Both ends included. */
  readonly since: Date;
  /** Null: up to now. */
  readonly until: Date | null;
  /** The newest so many. Null: all. */
  readonly newest: number | null;
  /** Names of device groups, in lower case; empty: all. */
  readonly deviceGroups: readonly string[];
  /** The tag set on the device. */
  readonly deviceTag: string | null;
  /** Any of the tags given here; empty: whatever they are. */
  readonly manualTags: readonly string[];
}

type Key = Pick<Detection, 'processedAt' | 'alertId' | 'part'>;

/** How many are in memory at once. */
const PIECE = 200;
/** As long as the service keeps them. */
const KEPT_DAYS = 180;
const SWEPT_AT_ONCE = 10_000;

export type Detections = ReturnType<typeof detectionsStore>;

export function detectionsStore(state: StateStore, clock: Clock) {
  const read = <T>(scope: TenantScope, work: (db: Kysely<DetectionsDb>) => Promise<T>) =>
    state.read<DetectionsDb, T>(scope, work);

  /** Of the detections alone; what is asked of their devices is asked of each. */
  const matching = (db: Kysely<DetectionsDb>, asked: DetectionsAsked, until: Date) => {
    const ofDevice: RawBuilder<SqlBool>[] = [
      ...(asked.deviceGroups.length === 0
        ? []
        : [sql<SqlBool>`lower(${deviceGroupName}) = any(${asked.deviceGroups}::text[])`]),
      ...(asked.deviceTag === null ? [] : [sql<SqlBool>`devices.device_tag = ${asked.deviceTag}`]),
      ...(asked.manualTags.length === 0
        ? []
        : [sql<SqlBool>`devices.manual_tags && ${asked.manualTags}::text[]`]),
    ];
    const rows = db
      .selectFrom('alert_detections as d')
      .where(sql<SqlBool>`d.processed_at >= ${asked.since}::timestamptz`)
      .where(sql<SqlBool>`d.processed_at <= ${until}::timestamptz`);
    return ofDevice.length === 0
      ? rows
      : rows.where(sql<SqlBool>`exists (select 1 from alerts join devices on devices.tenant_id = alerts.tenant_id and devices.id = alerts.machine_id
          where alerts.tenant_id = d.tenant_id and alerts.id = d.alert_id and ${sql.join(ofDevice, sql` and `)})`);
  };
  const key = sql`(d.processed_at, d.alert_id, d.part)`;

  /** Of the newest so many the oldest; null: there are fewer. */
  const firstOfNewest = (scope: TenantScope, asked: DetectionsAsked, until: Date, newest: number) =>
    read(scope, async (db): Promise<Key | null> => {
      const row = await matching(db, asked, until)
        .select(['d.processed_at as processedAt', 'd.alert_id as alertId', 'd.part as part'])
        .orderBy('d.processed_at', 'desc')
        .orderBy('d.alert_id', 'desc')
        .orderBy('d.part', 'desc')
        .offset(newest - 1)
        .limit(1)
        .executeTakeFirst();
      return row ?? null;
    });

  const piece = (
    scope: TenantScope,
    asked: DetectionsAsked,
    until: Date,
    from: { readonly key: Key; readonly included: boolean } | null,
  ) =>
    read(scope, async (db): Promise<Detection[]> => {
      let rows = matching(db, asked, until);
      if (from !== null) {
        const { processedAt, alertId, part } = from.key;
        const at = sql`(${processedAt}::timestamptz, ${alertId}::text, ${part}::integer)`;
        rows = rows.where(from.included ? sql<SqlBool>`${key} >= ${at}` : sql<SqlBool>`${key} > ${at}`);
      }
      const inOrder = rows
        .selectAll('d')
        .orderBy('d.processed_at')
        .orderBy('d.alert_id')
        .orderBy('d.part')
        .limit(PIECE);
      return (
        db
          // The piece first, whatever is thought of the sizes of the tables: else it would be sought among all that the joins give.
          .with(
            (e) => e('found').materialized(),
            () => inOrder,
          )
          .selectFrom('found as d')
          .innerJoin('alerts', (join) =>
            join.onRef('alerts.tenant_id', '=', 'd.tenant_id').onRef('alerts.id', '=', 'd.alert_id'),
          )
          .leftJoin('devices', (join) =>
            join
              .onRef('devices.tenant_id', '=', 'alerts.tenant_id')
              .onRef('devices.id', '=', 'alerts.machine_id'),
          )
          .select([
            'd.alert_id as alertId',
            'd.part as part',
            'd.processed_at as processedAt',
            'd.event_time as eventTime',
            'd.report_id as reportId',
            'd.signed_in as signedIn',
            'd.facts as facts',
            'alerts.title as title',
            'alerts.description as description',
            'alerts.category as category',
            'alerts.severity as severity',
            'alerts.detector_id as detectorId',
            'alerts.incident as incident',
            'alerts.machine_id as deviceId',
            'alerts.machine_name as deviceName',
            deviceGroupName.as('deviceGroup'),
            sql<string | null>`devices.device_tag`.as('deviceTag'),
            sql<string[]>`coalesce(devices.manual_tags, '{}')`.as('manualTags'),
            sql<{ ipAddress: string }[]>`coalesce(devices.ip_addresses, '[]'::jsonb)`.as('addresses'),
          ])
          .orderBy('d.processed_at')
          .orderBy('d.alert_id')
          .orderBy('d.part')
          .execute()
      );
    });

  return {
    /** Oldest first, in pieces, which are read as they are taken. Those that come meanwhile are not among them. */
    async *read(scope: TenantScope, asked: DetectionsAsked): AsyncGenerator<readonly Detection[], void> {
      const until = earlier(asked.until, await latest(scope));
      const start = asked.newest === null ? null : await firstOfNewest(scope, asked, until, asked.newest);
      let from: { key: Key; included: boolean } | null = start && { key: start, included: true };
      for (;;) {
        const found: Detection[] = await piece(scope, asked, until, from);
        if (found.length > 0) yield found;
        const last = found.at(-1);
        if (found.length < PIECE || !last) return;
        from = { key: last, included: false };
      }
    },

    /** Those past their time, of all tenants. Returns how many. */
    async sweep(): Promise<number> {
      const before = new Date(clock.now().getTime() - KEPT_DAYS * 86_400_000);
      let gone = 0;
      for (;;) {
        const { numAffectedRows } = await state.system<DetectionsDb, { numAffectedRows?: bigint }>((db) =>
          sql`delete from alert_detections where (tenant_id, alert_id, part) in
            (select tenant_id, alert_id, part from alert_detections where processed_at < ${before}::timestamptz
             order by processed_at limit ${SWEPT_AT_ONCE})`.execute(db),
        );
        gone += Number(numAffectedRows ?? 0n);
        if (Number(numAffectedRows ?? 0n) < SWEPT_AT_ONCE) return gone;
      }
    },
  };

  /** Now, or the last change where that is a little ahead of the clock. Waits for the one under way. */
  function latest(scope: TenantScope): Promise<Date> {
    return read(scope, async (db) => {
      await changesSettled(db, scope.tenantId);
      const row = await db.selectFrom('alert_change_times').select('last').executeTakeFirst();
      const now = clock.now();
      return row && row.last > now ? row.last : now;
    });
  }
}

function earlier(one: Date | null, other: Date): Date {
  return one !== null && one < other ? one : other;
}
