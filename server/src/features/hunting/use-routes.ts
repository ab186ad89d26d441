/** What hunting has been used for and what is left of it: history, report, budget. */
import { nowIso7 } from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { factorOf, type QuotaFactors } from '../../http/rate-limits.ts';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, readQuery, sqlPage } from '../../odata/page.ts';
import type { SqlColumns } from '../../odata/sql-filter.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { HistoryEntry, ReportDay } from './history.ts';
import type { HistoryStore } from './history-store.ts';
import type { HuntingConfig, HuntingInterface, RunLimits } from './limits.ts';
import { limitsOf, meterOf, usedOf, windowEnd, windowName } from './quota.ts';
import { advancedQueryAccess } from './routes.ts';
import type { UsageStore } from './usage-store.ts';

const access = { ...advancedQueryAccess, deviceScope: 'none' } as const;
const DAY_MS = 86_400_000;

const text = { type: 'string', filterable: true, sortable: false } as const;
const number = { type: 'number', filterable: true, sortable: true, nullable: false } as const;
const historySet: ODataSet = {
  name: 'huntingHistory',
  fields: [
    { ...text, name: 'id', nullable: false },
    { name: 'time', type: 'datetime', filterable: true, sortable: true, nullable: false },
    { ...text, name: 'interface' },
    { ...text, name: 'actorKind' },
    { ...text, name: 'actorId' },
    { ...text, name: 'actorName' },
    { ...text, name: 'appId' },
    { ...text, name: 'query' },
    { ...text, name: 'state' },
    {
      name: 'resourceUsage',
      type: 'enum',
      filterable: true,
      sortable: true,
      nullable: false,
      enumValues: ['Low', 'Medium', 'High'],
    },
    { ...number, name: 'runSeconds' },
    { ...number, name: 'totalSeconds' },
  ],
  expandable: [],
  maxTop: 1_000,
  paging: { key: 'id', orderBy: [{ property: 'id', direction: 'desc' }] },
};

const columns: SqlColumns = {
  // As many digits as bigint surely holds.
  id: { column: sql`id`, type: sql`bigint`, pattern: /^[1-9][0-9]{0,17}$/ },
  time: sql`time`,
  interface: sql`interface`,
  actorKind: sql`actor_kind`,
  actorId: sql`actor_id`,
  actorName: sql`actor_name`,
  appId: sql`app_id`,
  query: sql`query`,
  state: sql`state`,
  resourceUsage: sql`resource_usage`,
  runSeconds: sql`(run_ms / 1000.0)`,
  totalSeconds: sql`(total_ms / 1000.0)`,
};

const BudgetEntry = Type.Object({
  meter: Type.Enum(['api', 'xdr', 'portal'], {
    description:
      'api: /api/advancedqueries. xdr: /api/advancedhunting and Graph. portal: the tenant in the portal.',
  }),
  quota: Type.Enum(['calls', 'runSeconds']),
  per: Type.String({ description: 'minute, 15 minutes, hour or day; windows begin on the clock, in UTC.' }),
  limit: Type.Number(),
  used: Type.Number(),
  left: Type.Number(),
  resetsTime: Type.String(),
});

const QueryLimits = Type.Object({
  maxRows: Type.Integer(),
  maxSeconds: Type.Integer(),
  maxResultBytes: Type.Integer(),
  maxMemoryBytes: Type.Integer(),
  lookbackDays: Type.Integer(),
});

/** Whoever manages sees everyone's queries; others see their own. */
function ownQueriesOnly({ roles, id }: Caller): string | null {
  return roles.has('SecuritySettings.Manage') || roles.has('PortalSettings.Manage') ? null : id;
}

export function useRoutes(deps: {
  readonly history: HistoryStore;
  readonly usage: UsageStore;
  readonly config: HuntingConfig;
  readonly quotas: boolean;
  readonly quotaFactors: QuotaFactors;
  limits(through: HuntingInterface): RunLimits;
  readonly clock: Clock;
}): Route[] {
  const { history, usage, clock } = deps;
  return [
    defineRoute({
      id: 'huntingHistory.list',
      method: 'GET',
      path: '/api/merlon/hunting/history',
      summary: 'Queries that were run, newest first: own ones, for those who manage settings all of them.',
      access,
      audit: null,
      responses: {
        200: Type.Object({
          '@odata.context': Type.String(),
          '@odata.count': Type.Optional(Type.Integer()),
          '@odata.nextLink': Type.Optional(Type.String()),
          value: Type.Array(HistoryEntry),
        }),
      },
      collection: { name: 'HuntingHistory', entity: 'HuntingHistoryEntry', key: 'id', set: historySet },
      async handle(request) {
        const query = readQuery(request, historySet);
        const { tenantId } = request.caller;
        const page = sqlPage(query, historySet, columns);
        const { rows, total } = await history.page(tenantId, ownQueriesOnly(request.caller), page);
        return {
          status: 200,
          body: collectionBody(request, query, historySet, 'HuntingHistory', rows, total),
        };
      },
    }),
    defineRoute({
      id: 'huntingReport.get',
      method: 'GET',
      path: '/api/merlon/hunting/report',
      summary:
        'What queries took, a day and an interface at a time: own ones, for those who manage settings all.',
      access,
      audit: null,
      query: Type.Object(
        { days: Type.Optional(Type.Integer({ minimum: 1, maximum: 30, description: 'Back from now; 30.' })) },
        { additionalProperties: false },
      ),
      responses: {
        200: Type.Object({ from: Type.String(), until: Type.String(), value: Type.Array(ReportDay) }),
      },
      async handle({ caller, query }) {
        const until = clock.now();
        const from = new Date(until.getTime() - (query.days ?? 30) * DAY_MS);
        const value = await history.report(caller.tenantId, ownQueriesOnly(caller), from, until);
        return { status: 200, body: { from: nowIso7(from), until: nowIso7(until), value } };
      },
    }),
    defineRoute({
      id: 'huntingBudget.get',
      method: 'GET',
      path: '/api/merlon/hunting/budget',
      summary: "The caller's quotas: what is used, what is left, and when they begin anew.",
      access,
      audit: null,
      responses: {
        200: Type.Object({
          enforced: Type.Boolean({ description: 'False: quotas over time are turned off on this server.' }),
          query: QueryLimits,
          value: Type.Array(BudgetEntry),
        }),
      },
      async handle({ caller }) {
        const at = clock.now();
        const interfaces = caller.portal ? (['portal'] as const) : (['api', 'xdr'] as const);
        const value = await Promise.all(
          interfaces.map(async (through) => {
            const meter = meterOf(through, caller);
            const limits = limitsOf(meter.name, deps.config, factorOf(deps.quotaFactors, caller));
            const taken = await usage.read(caller.tenantId, meter, limits, at);
            return limits.map((limit) => {
              const unit = limit.of === 'calls' ? 1 : 1_000;
              const used = usedOf(limit, taken);
              return {
                meter: meter.name,
                quota: limit.of === 'calls' ? ('calls' as const) : ('runSeconds' as const),
                per: windowName(limit.windowMs),
                limit: limit.most / unit,
                used: used / unit,
                left: Math.max(0, limit.most - used) / unit,
                resetsTime: nowIso7(windowEnd(at, limit.windowMs)),
              };
            });
          }),
        );
        const { maxBytes, ...query } = deps.limits(interfaces[0]);
        return {
          status: 200,
          body: { enforced: deps.quotas, query: { ...query, maxResultBytes: maxBytes }, value: value.flat() },
        };
      },
    }),
  ];
}
