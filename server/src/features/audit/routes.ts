import { Readable } from 'node:stream';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, readQuery, sqlPage } from '../../odata/page.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';
import type { AuditTrail } from './store.ts';
import type { AuditChain } from './verify.ts';

const AuditRecord = Type.Object({
  id: Type.String(),
  time: Type.String(),
  actorKind: Type.String(),
  actorId: Type.String(),
  actorName: Type.String(),
  appId: Type.Union([Type.String(), Type.Null()]),
  action: Type.String(),
  targetKind: Type.Union([Type.String(), Type.Null()]),
  targetId: Type.Union([Type.String(), Type.Null()]),
  outcome: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
  sourceIp: Type.Union([Type.String(), Type.Null()]),
  correlationId: Type.Union([Type.String(), Type.Null()]),
});

const text = { type: 'string', filterable: true, sortable: false } as const;

const auditSet: ODataSet = {
  name: 'audit',
  fields: [
    { ...text, name: 'id', nullable: false },
    { name: 'time', type: 'datetime', filterable: true, sortable: false },
    { ...text, name: 'actorKind' },
    { ...text, name: 'actorId' },
    { ...text, name: 'actorName' },
    { ...text, name: 'appId' },
    { ...text, name: 'action' },
    { ...text, name: 'targetKind' },
    { ...text, name: 'targetId' },
    { ...text, name: 'outcome' },
    { ...text, name: 'sourceIp' },
    { ...text, name: 'correlationId' },
  ],
  expandable: [],
  maxTop: 1_000,
  paging: { key: 'id', orderBy: [{ property: 'id', direction: 'desc' }] },
};

const columns: SqlColumns = {
  // As many digits as bigint surely holds.
  id: { column: sql`id`, type: sql`bigint`, pattern: /^[1-9][0-9]{0,17}$/ },
  time: sql`time`,
  actorKind: sql`actor_kind`,
  actorId: sql`actor_id`,
  actorName: sql`actor_name`,
  appId: sql`app_id`,
  action: sql`action`,
  targetKind: sql`target_kind`,
  targetId: sql`target_id`,
  outcome: sql`outcome`,
  sourceIp: sql`source_ip`,
  correlationId: sql`correlation_id`,
};

const administrators = {
  kind: 'api',
  application: [],
  delegated: 'portal',
  role: 'PortalSettings.Manage',
  deviceScope: 'none',
} as const;

export function auditRoutes(trail: Pick<AuditTrail, 'page'>, chain: AuditChain): Route[] {
  return [
    defineRoute({
      id: 'audit.list',
      method: 'GET',
      path: '/api/merlon/audit',
      summary: 'Read the audit trail, newest first.',
      access: administrators,
      audit: null,
      responses: {
        200: Type.Object({
          '@odata.context': Type.String(),
          '@odata.count': Type.Optional(Type.Integer()),
          '@odata.nextLink': Type.Optional(Type.String()),
          value: Type.Array(AuditRecord),
        }),
      },
      collection: { name: 'Audit', entity: 'AuditRecord', key: 'id', set: auditSet },
      async handle(request) {
        const query = readQuery(request, auditSet);
        const { rows, total } = await trail.page(request.caller.tenantId, sqlPage(query, auditSet, columns));
        return { status: 200, body: collectionBody(request, query, auditSet, 'Audit', rows, total) };
      },
    }),
    defineRoute({
      id: 'audit.verify',
      method: 'POST',
      path: '/api/merlon/audit/verify',
      summary: 'Follow the whole chain of the audit trail and say whether it adds up.',
      access: administrators,
      audit: 'audit.verify',
      accepts: 'none',
      responses: {
        200: Type.Object({
          ok: Type.Boolean(),
          sealed: Type.Integer(),
          unsealed: Type.Integer(),
          head: Type.Object({ position: Type.Integer(), hash: Type.String() }),
          broken: Type.Union([
            Type.Null(),
            Type.Object({
              kind: Type.String(),
              position: Type.Integer(),
              recordId: Type.Optional(Type.String()),
            }),
          ]),
        }),
      },
      async handle({ caller, audit }) {
        const verdict = await chain.verify(caller.tenantId);
        audit.details({ ok: verdict.ok, sealed: verdict.sealed, broken: verdict.broken });
        return { status: 200, body: verdict };
      },
    }),
    defineRoute({
      id: 'audit.export',
      method: 'GET',
      path: '/api/merlon/audit/export',
      summary:
        'The audit trail in the order of its chain, a JSON line each; `after` continues an earlier export.',
      access: administrators,
      audit: 'audit.export',
      query: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0 })) }),
      responses: { 200: Type.Unknown() },
      async handle({ caller, query }) {
        return {
          status: 200,
          body: Readable.from(lines(chain.records(caller.tenantId, query.after ?? 0))),
          headers: { 'content-type': 'application/x-ndjson' },
        };
      },
    }),
  ];
}

async function* lines(records: AsyncIterable<object>): AsyncIterable<string> {
  for await (const record of records) yield `${JSON.stringify(record)}\n`;
}
