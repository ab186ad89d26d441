/** Addresses of the server itself: health, metrics, the description of its API. */
import { Type } from 'typebox';
import type { Metrics } from '../telemetry/metrics.ts';
import { openapi } from './openapi.ts';
import { defineRoute, type Route } from './route.ts';

export interface PlatformRoutesDeps {
  readonly metrics: Metrics;
  readonly version: string;
  /** Whether each store answers now. */
  stores(): Promise<Readonly<Record<string, boolean>>>;
  /** The whole table, these routes included. */
  routes(): readonly Route[];
}

const Health = Type.Object({ status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]) });

export function platformRoutes(deps: PlatformRoutesDeps): Route[] {
  return [
    defineRoute({
      id: 'platform.healthz',
      method: 'GET',
      path: '/healthz',
      summary: 'The process is alive.',
      access: { kind: 'public', why: 'Supervisors ask without a token; it tells nothing but that.' },
      audit: null,
      responses: { 200: Health },
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    defineRoute({
      id: 'platform.readyz',
      method: 'GET',
      path: '/readyz',
      summary: 'Every store answers, so requests can be served.',
      access: {
        kind: 'public',
        why: 'Load balancers ask without a token; it names only which store is away.',
      },
      audit: null,
      responses: {
        200: Type.Object({ status: Type.String(), stores: Type.Record(Type.String(), Type.Boolean()) }),
        503: Type.Object({ status: Type.String(), stores: Type.Record(Type.String(), Type.Boolean()) }),
      },
      async handle() {
        const stores = await deps.stores();
        const ready = Object.values(stores).every(Boolean);
        return { status: ready ? 200 : 503, body: { status: ready ? 'ok' : 'unavailable', stores } };
      },
    }),
    defineRoute({
      id: 'platform.metrics',
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics in Prometheus text format.',
      access: {
        kind: 'public',
        why: 'Scrapers carry no token; it holds totals only, no names of devices, people or tenants.',
      },
      audit: null,
      responses: { 200: Type.String() },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        body: await deps.metrics.text(),
      }),
    }),
    defineRoute({
      id: 'platform.openapi',
      method: 'GET',
      path: '/openapi.json',
      summary: 'This description.',
      access: { kind: 'public', why: 'It is the same for every Merlon of this version.' },
      audit: null,
      responses: { 200: Type.Record(Type.String(), Type.Unknown()) },
      handle: async ({ origin }) => ({ status: 200, body: openapi(deps.routes(), deps.version, origin) }),
    }),
  ];
}
