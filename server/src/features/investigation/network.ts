/** /api/ips and /api/domains: one shape, two kinds of key. */
import { isIP } from 'node:net';
import {
  Alert,
  ApiError,
  collectionAnswer,
  DomainEntity,
  DomainStats,
  entityAnswer,
  IpEntity,
  IpStats,
  Machine,
} from '@merlon/contract';
import type { Sightings } from '@merlon/event-store';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import { alertCollection } from '../alerts/index.ts';
import { machineCollection } from '../devices/index.ts';
import {
  devicesThatSaw,
  type InvestigationDeps,
  lookBack,
  readAlerts,
  readMachines,
  readOnly,
} from './relations.ts';

const params = Type.Object({ id: Type.String() });
/** Devices that a domain's list holds at most, as the service documents it. */
const MAX_DOMAIN_DEVICES = 500;

/** @throws ApiError InvalidIpAddress */
function addressOf(text: string): string {
  if (isIP(text) === 0 || text.includes('%'))
    throw new ApiError('InvalidIpAddress', `${text} is no IP address.`);
  return text.toLowerCase();
}

/** @throws ApiError InvalidDomainName */
function hostOf(text: string): string {
  const host = text.toLowerCase().replace(/\.$/, '');
  if (host.length > 253 || isIP(host) !== 0 || !/^[\p{L}\p{N}_-]{1,63}(\.[\p{L}\p{N}_-]{1,63})*$/u.test(host))
    throw new ApiError('InvalidDomainName', `${text} is no domain name.`);
  return host;
}

export function networkRoutes(deps: InvestigationDeps): Route[] {
  const { profiles, alerts, clock } = deps;
  const ipAccess = readOnly('Ip.Read.All');
  const domainAccess = readOnly('URL.Read.All');
  const ofAddress = (caller: Caller, id: string, since: Date) =>
    profiles.address(caller, addressOf(id), since);
  const ofHost = (caller: Caller, id: string, since: Date) => profiles.domain(caller, hostOf(id), since);

  return [
    defineRoute({
      id: 'ips.seen',
      method: 'GET',
      path: '/api/ips/:id',
      summary: 'Whether a device connected to an address.',
      access: ipAccess,
      audit: null,
      params,
      responses: { 200: entityAnswer(IpEntity) },
      async handle({ caller, params: { id }, origin }) {
        if (!(await ofAddress(caller, id, clock.now())))
          throw new ApiError('ResourceNotFound', `IP ${id} was not found.`);
        return { status: 200, body: { '@odata.context': contextOf(origin, 'Ips/$entity'), id } };
      },
    }),
    defineRoute({
      id: 'ips.stats',
      method: 'GET',
      path: '/api/ips/:id/stats',
      summary: 'How common an address is on the devices the caller may see.',
      access: ipAccess,
      audit: null,
      params,
      responses: { 200: entityAnswer(IpStats) },
      async handle({ caller, params: { id }, origin, url }) {
        const seen = await ofAddress(caller, id, lookBack(url, clock));
        const context = contextOf(origin, 'microsoft.windowsDefenderATP.api.InOrgIPStats');
        return { status: 200, body: { '@odata.context': context, ipAddress: id, ...prevalence(seen) } };
      },
    }),
    defineRoute({
      id: 'ips.machines',
      method: 'GET',
      path: '/api/ips/:id/machines',
      summary: 'List the devices that connected to an address.',
      access: readMachines,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        const { id } = request.params;
        if (!(await ofAddress(request.caller, id, clock.now())))
          throw new ApiError('ResourceNotFound', `IP ${id} was not found.`);
        return devicesThatSaw(deps, request, { kind: 'ip', address: addressOf(id) });
      },
    }),
    defineRoute({
      id: 'ips.alerts',
      method: 'GET',
      path: '/api/ips/:id/alerts',
      summary: 'List the alerts that name an address.',
      access: readAlerts,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Alert) },
      collection: alertCollection,
      handle: async (request) =>
        alerts.listAbout(request, request.caller, { kind: 'ip', address: addressOf(request.params.id) }),
    }),
    defineRoute({
      id: 'domains.seen',
      method: 'GET',
      path: '/api/domains/:id',
      summary: 'Whether a device connected to a domain.',
      access: domainAccess,
      audit: null,
      params,
      responses: { 200: entityAnswer(DomainEntity) },
      async handle({ caller, params: { id }, origin }) {
        if (!(await ofHost(caller, id, clock.now())))
          throw new ApiError('ResourceNotFound', `Domain ${id} was not found.`);
        return { status: 200, body: { '@odata.context': contextOf(origin, 'Domains/$entity'), host: id } };
      },
    }),
    defineRoute({
      id: 'domains.stats',
      method: 'GET',
      path: '/api/domains/:id/stats',
      summary: 'How common a domain is on the devices the caller may see.',
      access: domainAccess,
      audit: null,
      params,
      responses: { 200: entityAnswer(DomainStats) },
      async handle({ caller, params: { id }, origin, url }) {
        const seen = await ofHost(caller, id, lookBack(url, clock));
        const context = contextOf(origin, 'microsoft.windowsDefenderATP.api.InOrgDomainStats');
        return { status: 200, body: { '@odata.context': context, host: id, ...prevalence(seen) } };
      },
    }),
    defineRoute({
      id: 'domains.machines',
      method: 'GET',
      path: '/api/domains/:id/machines',
      summary: 'List the devices that connected to a domain, the last 500.',
      access: readMachines,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      handle: async (request) =>
        devicesThatSaw(
          deps,
          request,
          { kind: 'domain', host: hostOf(request.params.id) },
          MAX_DOMAIN_DEVICES,
        ),
    }),
    defineRoute({
      id: 'domains.alerts',
      method: 'GET',
      path: '/api/domains/:id/alerts',
      summary: 'List the alerts that name a domain.',
      access: readAlerts,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Alert) },
      collection: alertCollection,
      handle: async (request) =>
        alerts.listAbout(request, request.caller, { kind: 'domain', host: hostOf(request.params.id) }),
    }),
  ];
}

/** What nobody saw is as rare as can be: zero, not an error. */
function prevalence(seen: Sightings | null) {
  const devices = seen?.devices ?? 0;
  return {
    organizationPrevalence: devices,
    orgPrevalence: String(devices),
    orgFirstSeen: seen?.firstSeen ?? null,
    orgLastSeen: seen?.lastSeen ?? null,
  };
}
