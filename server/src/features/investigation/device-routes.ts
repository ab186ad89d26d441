/** Devices by an address they had at a moment. */
import { isIP } from 'node:net';
import { ApiError, collectionAnswer, Machine } from '@merlon/contract';
import { defineRoute, type Route } from '../../http/route.ts';
import { machineCollection } from '../devices/index.ts';
import { type InvestigationDeps, readMachines } from './relations.ts';

const MINUTE_MS = 60_000;
const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** Two addresses of one question: its name, what it calls the address, and how far round the moment it looks. */
const BY_IP = { name: 'findbyip', key: 'ip', marginMs: 15 * MINUTE_MS } as const;
const FIND = { name: 'find', key: 'key', marginMs: 16 * MINUTE_MS } as const;
type Question = typeof BY_IP | typeof FIND;

export function deviceRoutes({ profiles, devices, clock }: InvestigationDeps): Route[] {
  return [
    defineRoute({
      id: 'machines.findByIp',
      method: 'GET',
      path: '/api/machines/findbyip(*',
      summary: 'List the devices that had an address within a quarter of an hour of a moment.',
      access: readMachines,
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        const { address, at } = argumentsOf(request.url, BY_IP, clock.now());
        const ids = await profiles.devicesAt(request.caller, address, at, BY_IP.marginMs);
        return devices.listAmong(request, request.caller, ids);
      },
    }),
    defineRoute({
      id: 'machines.find',
      method: 'GET',
      path: '/api/machines/find(*',
      summary:
        'List the devices that had an address within sixteen minutes of a moment, as clients of 2018 ask.',
      access: { ...readMachines, delegated: [] },
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        const { address, at } = argumentsOf(request.url, FIND, clock.now());
        const ids = await profiles.devicesAt(request.caller, address, at, FIND.marginMs);
        if (ids.length === 0)
          throw new ApiError('ResourceNotFound', `No machine had ${address} at that time.`);
        return devices.listAmong(request, request.caller, ids);
      },
    }),
  ];
}

/** `…/findbyip(ip='10.0.0.1',timestamp=2026-11-24T10:00:00Z)`, in either order. @throws ApiError */
function argumentsOf(url: string, { name, key }: Question, now: Date): { address: string; at: Date } {
  const [, inside] = /\(([^()]*)\)\/?$/.exec(decodeURIComponent(url.split('?', 1)[0] ?? '')) ?? [];
  const given = new Map(
    (inside ?? '').split(',').map((part) => {
      const at = part.indexOf('=');
      const value = part.slice(at + 1).trim();
      return [part.slice(0, at).trim().toLowerCase(), value.replace(/^'(.*)'$/, '$1')] as const;
    }),
  );
  const [address, time] = [given.get(key), given.get('timestamp')];
  if (address === undefined || time === undefined)
    throw new ApiError('MissingRequiredParameter', `${name} takes (${key}='…',timestamp=…).`);
  if (isIP(address) === 0) throw new ApiError('InvalidIpAddress', `${address} is no IP address.`);
  const at = new Date(time);
  if (!/^\d{4}-\d\d-\d\dT/.test(time) || Number.isNaN(at.getTime()))
    throw new ApiError('InvalidInput', `${time} is no time.`);
  if (now.getTime() - at.getTime() > MAX_AGE_MS)
    throw new ApiError('InvalidInput', 'timestamp lies more than 30 days in the past.');
  return { address, at };
}
