/** Devices by an address they had at a moment. */
import { isIP } from 'node:net';
import { ApiError, collectionAnswer, Machine } from '@merlon/contract';
import { defineRoute, type Route } from '../../http/route.ts';
import { type InvestigationDeps, readMachines } from './relations.ts';

const QUARTER_HOUR_MS = 15 * 60_000;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

export function deviceRoutes({ profiles, devices, clock }: InvestigationDeps): Route[] {
  return [
    defineRoute({
      id: 'machines.findByIp',
      method: 'GET',
      path: '/api/machines/findbyip*',
      summary: 'List the devices that had an address within a quarter of an hour of a moment.',
      access: readMachines,
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      async handle(request) {
        const { address, at } = argumentsOf(request.url);
        const age = clock.now().getTime() - at.getTime();
        if (age > MAX_AGE_MS)
          throw new ApiError('InvalidInput', 'timestamp lies more than 30 days in the past.');
        const ids = await profiles.devicesAt(request.caller, address, at, QUARTER_HOUR_MS);
        return devices.listAmong(request, request.caller, ids);
      },
    }),
  ];
}

/** `…/findbyip(ip='10.0.0.1',timestamp=2026-11-24T10:00:00Z)`. @throws ApiError */
function argumentsOf(url: string): { address: string; at: Date } {
  const [, inside] = /findbyip\((.*)\)\/?$/i.exec(decodeURIComponent(url.split('?', 1)[0] ?? '')) ?? [];
  const given = new Map(
    (inside ?? '').split(',').map((part) => {
      const at = part.indexOf('=');
      const value = part.slice(at + 1).trim();
      return [part.slice(0, at).trim().toLowerCase(), value.replace(/^'(.*)'$/, '$1')] as const;
    }),
  );
  const [address, time] = [given.get('ip'), given.get('timestamp')];
  if (address === undefined || time === undefined)
    throw new ApiError('MissingRequiredParameter', "findbyip takes (ip='…',timestamp=…).");
  if (isIP(address) === 0) throw new ApiError('InvalidIpAddress', `${address} is no IP address.`);
  const at = new Date(time);
  if (!/^\d{4}-\d\d-\d\dT/.test(time) || Number.isNaN(at.getTime()))
    throw new ApiError('InvalidInput', `${time} is no time.`);
  return { address, at };
}
