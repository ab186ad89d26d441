import { deviceScope, type Migration, tenantTable } from '@merlon/state-store';
import { sql } from 'kysely';
import { detectionsMigrations } from './detections.ts';

export const alertsMigrations: readonly Migration[] = [
  ...detectionsMigrations,
  {
    name: '2026-11-24-alerts-1',
    async up(db) {
      await tenantTable(db, 'alerts', (table) =>
        table
          .addColumn('id', 'text', (c) => c.notNull())
          .addColumn('dedup_key', 'text', (c) => c.notNull())
          .addColumn('detector_id', 'text', (c) => c.notNull())
          .addColumn('detection_source', 'text', (c) => c.notNull())
          .addColumn('title', 'text', (c) => c.notNull())
          .addColumn('description', 'text', (c) => c.notNull())
          .addColumn('recommended_action', 'text')
          .addColumn('category', 'text', (c) => c.notNull())
          .addColumn('severity', 'text', (c) => c.notNull())
          .addColumn('techniques', sql`text[]`, (c) => c.notNull())
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('classification', 'text')
          .addColumn('determination', 'text')
          .addColumn('assigned_to', 'text')
          .addColumn('machine_id', 'char(40)', (c) => c.notNull())
          .addColumn('machine_name', 'text', (c) => c.notNull())
          .addColumn('related_user', 'jsonb')
          .addColumn('first_event_at', 'timestamptz', (c) => c.notNull())
          .addColumn('last_event_at', 'timestamptz', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addColumn('resolved_at', 'timestamptz')
          .addPrimaryKeyConstraint('alerts_pkey', ['tenant_id', 'id']),
      );
      await db.schema
        .createIndex('alerts_newest')
        .on('alerts')
        .columns(['tenant_id', 'created_at', 'id'])
        .execute();
      await db.schema
        .createIndex('alerts_of_machine')
        .on('alerts')
        .columns(['tenant_id', 'machine_id', 'created_at'])
        .execute();
      await sql`create index alerts_open_by_key on alerts (tenant_id, dedup_key) where status <> 'Resolved'`.execute(
        db,
      );

      await tenantTable(db, 'alert_events', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('dedup_key', 'text', (c) => c.notNull())
          .addColumn('table_name', 'text', (c) => c.notNull())
          .addColumn('report_id', 'bigint', (c) => c.notNull())
          .addColumn('at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_events_pkey', [
            'tenant_id',
            'dedup_key',
            'table_name',
            'report_id',
          ]),
      );
      await tenantTable(db, 'alert_evidence', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('ordinal', 'integer', (c) => c.notNull())
          .addColumn('identity', 'text', (c) => c.notNull())
          .addColumn('entity', 'jsonb', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_evidence_pkey', ['tenant_id', 'alert_id', 'identity']),
      );
      await tenantTable(db, 'alert_comments', (table) =>
        table
          .addColumn('alert_id', 'text', (c) => c.notNull())
          .addColumn('ordinal', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity())
          .addColumn('comment', 'text', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_comments_pkey', ['tenant_id', 'alert_id', 'ordinal']),
      );
      await tenantTable(db, 'alert_hunting_outbox', (table) =>
        table
          .addColumn('ordinal', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity().primaryKey())
          .addColumn('table_name', 'text', (c) => c.notNull())
          .addColumn('row', 'jsonb', (c) => c.notNull()),
      );
    },
  },
  {
    name: '2026-11-25-alerts-2',
    async up(db) {
      await db.schema.alterTable('alert_hunting_outbox').addColumn('parcel', 'uuid').execute();
      await db.schema
        .createIndex('alert_hunting_outbox_parcel')
        .on('alert_hunting_outbox')
        .column('parcel')
        .execute();
      // A device that was set up anew counts its reports from one again: the number alone does not name an event.
      await sql`alter table alert_events drop constraint alert_events_pkey`.execute(db);
      // Kept to the millisecond from now on; rows of before that were finer would not be known again.
      await sql`update alert_events set at = date_trunc('milliseconds', at)`.execute(db);
      await sql`alter table alert_events add constraint alert_events_pkey
                primary key (tenant_id, dedup_key, table_name, report_id, at)`.execute(db);
    },
  },
  {
    name: '2026-11-25-alerts-3-incidents',
    async up(db) {
      // What alerts are asked for by, and what joins them, as columns of their own.
      await sql`alter table alert_evidence
        add column sha1 text generated always as (lower(entity ->> 'sha1')) stored,
        add column sha256 text generated always as (lower(entity ->> 'sha256')) stored,
        add column ip text generated always as (lower(entity ->> 'ipAddress')) stored,
        add column host text generated always as
          (lower(substring(entity ->> 'url' from '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#@]*@)?(\\[[^]]*\\]|[^/?#:]+)'))) stored,
        add column account text generated always as (lower(entity ->> 'accountName')) stored`.execute(db);
      for (const column of ['sha1', 'sha256', 'ip', 'host', 'account'])
        await sql`create index ${sql.id(`alert_evidence_${column}`)} on alert_evidence (tenant_id, ${sql.id(column)}, alert_id)
          where ${sql.id(column)} is not null`.execute(db);
      await sql`create index alerts_related_user on alerts (tenant_id, lower(related_user ->> 'userName')) where related_user is not null`.execute(
        db,
      );

      await tenantTable(db, 'incidents', (table) =>
        table
          .addColumn('id', 'bigint', (c) => c.notNull())
          // Where its alerts are now: its own id, or that of the incident it became part of.
          .addColumn('leads_to', 'bigint', (c) => c.notNull())
          .addColumn('name', 'text')
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('classification', 'text')
          .addColumn('determination', 'text')
          .addColumn('assigned_to', 'text')
          .addColumn('tags', sql`text[]`, (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addColumn('updated_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('incidents_pkey', ['tenant_id', 'id']),
      );
      await db.schema
        .createIndex('incidents_updated')
        .on('incidents')
        .columns(['tenant_id', 'updated_at'])
        .execute();
      await tenantTable(db, 'incident_counters', (table) =>
        table
          .addColumn('last', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('incident_counters_pkey', ['tenant_id']),
      );
      await tenantTable(db, 'incident_comments', (table) =>
        table
          .addColumn('incident', 'bigint', (c) => c.notNull())
          .addColumn('ordinal', 'bigint', (c) => c.notNull().generatedAlwaysAsIdentity())
          .addColumn('comment', 'text', (c) => c.notNull())
          .addColumn('created_by', 'text', (c) => c.notNull())
          .addColumn('created_at', 'timestamptz', (c) => c.notNull())
          .addPrimaryKeyConstraint('incident_comments_pkey', ['tenant_id', 'incident', 'ordinal']),
      );

      // Alerts from before there were incidents are one each.
      await sql`alter table alerts add column incident bigint, add column incident_links jsonb not null default '[]'`.execute(
        db,
      );
      await sql`update alerts set incident = numbered.number from
        (select tenant_id, id, row_number() over (partition by tenant_id order by created_at, id) as number from alerts) as numbered
        where numbered.tenant_id = alerts.tenant_id and numbered.id = alerts.id`.execute(db);
      await sql`insert into incidents (tenant_id, id, leads_to, status, classification, determination, assigned_to, tags, created_at, updated_at)
        select tenant_id, incident, incident, case status when 'Resolved' then 'Resolved' when 'InProgress' then 'InProgress' else 'Active' end,
          classification, determination, assigned_to, '{}', created_at, updated_at from alerts`.execute(db);
      await sql`insert into incident_counters (tenant_id, last) select tenant_id, max(incident) from alerts group by tenant_id`.execute(
        db,
      );
      await sql`alter table alerts alter column incident set not null`.execute(db);
      await db.schema
        .createIndex('alerts_of_incident')
        .on('alerts')
        .columns(['tenant_id', 'incident'])
        .execute();
      await deviceScope(db, 'incidents', { children: 'alerts', key: 'incident', id: 'leads_to' });
      await deviceScope(db, 'incident_comments', { parent: 'incidents', key: 'incident' });
    },
  },
  {
    name: '2026-11-25-alerts-4-times',
    async up(db) {
      // What the wire shows is what is compared: a client that goes on from the last time it saw would else see that row again.
      await sql`alter table alerts alter column first_event_at type timestamptz(3), alter column last_event_at type timestamptz(3),
        alter column created_at type timestamptz(3), alter column updated_at type timestamptz(3)`.execute(db);
      await sql`alter table incidents alter column created_at type timestamptz(3), alter column updated_at type timestamptz(3)`.execute(
        db,
      );
      await db.schema
        .createIndex('alerts_updated')
        .on('alerts')
        .columns(['tenant_id', 'updated_at', 'id'])
        .execute();
    },
  },
  {
    name: '2026-11-25-alerts-5-change-times',
    async up(db) {
      await tenantTable(db, 'alert_change_times', (table) =>
        table
          .addColumn('last', sql`timestamptz(3)`, (c) => c.notNull())
          .addPrimaryKeyConstraint('alert_change_times_pkey', ['tenant_id']),
      );
      await sql`insert into alert_change_times (tenant_id, last)
        select tenant_id, max(at) from (select tenant_id, updated_at as at from alerts union all select tenant_id, updated_at from incidents) as changes
        group by tenant_id`.execute(db);
      // Gives the lock back at once, whatever comes between: it belongs to the block that is undone.
      await sql`create function alert_changes_settled(lock bigint) returns void language plpgsql as $$
        begin
          perform pg_advisory_xact_lock_shared(lock);
          raise sqlstate 'MRL00';
        exception when sqlstate 'MRL00' then null;
        end $$`.execute(db);
    },
  },
  {
    name: '2026-11-25-alerts-6-related-account',
    async up(db) {
      // An index on lower(…) does not serve: under row-level security a condition with a function in it is tried after the policies.
      await sql`alter table alerts add column related_account text generated always as (lower(related_user ->> 'userName')) stored`.execute(
        db,
      );
      await db.schema.dropIndex('alerts_related_user').execute();
      await sql`create index alerts_assigned on alerts (tenant_id, assigned_to, created_at, id) where assigned_to is not null`.execute(
        db,
      );
      await sql`create index alerts_related_account on alerts (tenant_id, related_account, id) where related_account is not null`.execute(
        db,
      );
    },
  },
  {
    name: '2026-11-25-alerts-7-automation',
    async up(db) {
      // Those of before are nothing new.
      await sql`alter table alerts add column untriaged boolean not null default false, add column investigation bigint,
        add column investigation_state text`.execute(db);
      await sql`alter table alerts alter column untriaged set default true`.execute(db);
      await sql`create index alerts_untriaged on alerts (created_at, id) where untriaged`.execute(db);
      await sql`create index alerts_of_investigation on alerts (tenant_id, investigation) where investigation is not null`.execute(
        db,
      );
      await db.schema
        .createIndex('alert_events_of_alert')
        .on('alert_events')
        .columns(['tenant_id', 'alert_id'])
        .execute();
    },
  },
];
