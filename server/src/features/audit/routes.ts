import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, readQuery, sqlPage } from '../../odata/page.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';
import type { AuditTrail } from './store.ts';

const AuditRecord = Type.Object({
  id: Type.String(),
  time: Type.String(),
  actorKind: Type.String(),
  actorId: Type.String(),
  actorName: Type.String(),
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
    { name: 'time', type: 'datetime', filterable: true, sortable: false },
    { ...text, name: 'actorKind' },
    { ...text, name: 'actorId' },
    { ...text, name: 'actorName' },
    { ...text, name: 'action' },
    { ...text, name: 'targetKind' },
    { ...text, name: 'targetId' },
    { ...text, name: 'outcome' },
    { ...text, name: 'correlationId' },
  ],
  expandable: [],
  maxTop: 1_000,
};

const columns: SqlColumns = {
  time: sql`time`,
  actorKind: sql`actor_kind`,
  actorId: sql`actor_id`,
  actorName: sql`actor_name`,
  action: sql`action`,
  targetKind: sql`target_kind`,
  targetId: sql`target_id`,
  outcome: sql`outcome`,
  correlationId: sql`correlation_id`,
};

export function auditRoutes(trail: Pick<AuditTrail, 'page'>): Route[] {
  return [
    defineRoute({
      id: 'audit.list',
      method: 'GET',
      path: '/api/merlon/audit',
      summary: 'Read the audit trail, newest first.',
      access: {
        kind: 'api',
        application: [],
        delegated: 'portal',
        role: 'PortalSettings.Manage',
        deviceScope: 'none',
      },
      audit: null,
      responses: {
        200: Type.Object({
          '@odata.context': Type.String(),
          '@odata.count': Type.Optional(Type.Integer()),
          '@odata.nextLink': Type.Optional(Type.String()),
          value: Type.Array(AuditRecord),
        }),
      },
      async handle(request) {
        const query = readQuery(request, auditSet);
        const { rows, total } = await trail.page(request.caller.tenantId, sqlPage(query, auditSet, columns));
        return { status: 200, body: collectionBody(request, query, auditSet, 'Audit', rows, total) };
      },
    }),
  ];
}
