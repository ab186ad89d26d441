/** /api/users: by the name of the account, with or without its domain. */
import { Alert, ApiError, collectionAnswer, entityAnswer, Machine, UserEntity } from '@merlon/contract';
import type { AccountProfile } from '@merlon/event-store';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import { alertCollection } from '../alerts/index.ts';
import { machineCollection } from '../devices/index.ts';
import {
  devicesThatSaw,
  type InvestigationDeps,
  orNull,
  readAlerts,
  readMachines,
  readOnly,
} from './relations.ts';

const params = Type.Object({ id: Type.String() });

function accountOf(id: string): { account: string; domain: string | null } {
  const at = id.indexOf('\\');
  return at < 0 ? { account: id, domain: null } : { account: id.slice(at + 1), domain: id.slice(0, at) };
}

export function userRoutes(deps: InvestigationDeps): Route[] {
  return [
    defineRoute({
      id: 'users.get',
      method: 'GET',
      path: '/api/users/:id',
      summary: 'An account that signed in to devices the caller may see.',
      access: readOnly('User.Read.All'),
      audit: null,
      params,
      responses: { 200: entityAnswer(UserEntity) },
      async handle({ caller, params: { id }, origin }) {
        const { account, domain } = accountOf(id);
        const found = await deps.profiles.account(caller, account, domain);
        if (!found) throw new ApiError('ResourceNotFound', `User ${id} was not found.`);
        return {
          status: 200,
          body: { '@odata.context': contextOf(origin, 'Users/$entity'), ...userEntity(found) },
        };
      },
    }),
    defineRoute({
      id: 'users.machines',
      method: 'GET',
      path: '/api/users/:id/machines',
      summary: 'List the devices an account signed in to.',
      access: readMachines,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      handle: (request) => devicesThatSaw(deps, request, { kind: 'user', ...accountOf(request.params.id) }),
    }),
    defineRoute({
      id: 'users.alerts',
      method: 'GET',
      path: '/api/users/:id/alerts',
      summary: 'List the alerts that name an account.',
      access: readAlerts,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Alert) },
      collection: alertCollection,
      handle: (request) =>
        deps.alerts.listAbout(request, request.caller, {
          kind: 'user',
          account: accountOf(request.params.id).account.toLowerCase(),
        }),
    }),
    defineRoute({
      id: 'machines.logonusers',
      method: 'GET',
      path: '/api/machines/:id/logonusers',
      summary: 'List the accounts that signed in to one device, with their times on it.',
      access: { ...readOnly('User.Read.All'), deviceScope: 'require' },
      audit: null,
      params,
      responses: { 200: collectionAnswer(UserEntity) },
      collection: { name: 'Users', entity: 'User', key: 'id', set: null },
      async handle({ caller, params: { id }, origin }) {
        const device = await deps.devices.require(caller, id, 'read');
        const accounts = await deps.profiles.accountsOf(caller, device.deviceId);
        return {
          status: 200,
          body: { '@odata.context': contextOf(origin, 'Users'), value: accounts.map(userEntity) },
        };
      },
    }),
  ];
}

/** What an alert tells of the account it is about; null: it names none. Its times are those of the alert's events. */
export function userOfAlert(alert: Alert): UserEntity | null {
  const evidence = alert.evidence.find(
    ({ entityType, accountName }) => entityType === 'User' && accountName !== null,
  );
  const name = alert.relatedUser?.userName || evidence?.accountName;
  const [firstSeen, lastSeen] = [alert.firstEventTime, alert.lastEventTime];
  if (!name || firstSeen === null || lastSeen === null) return null;
  const domain = (alert.relatedUser ? alert.relatedUser.domainName : evidence?.domainName) ?? '';
  return {
    id: domain === '' ? name : `${domain}\\${name}`,
    accountName: name,
    accountDomain: domain,
    accountSid: evidence?.accountName === name ? evidence.userSid : null,
    firstSeen,
    lastSeen,
    mostPrevalentMachineId: alert.machineId,
    leastPrevalentMachineId: alert.machineId,
    logonTypes: '',
    logOnMachinesCount: null,
    isDomainAdmin: null,
    isOnlyNetworkUser: null,
  };
}

export function userEntity(account: AccountProfile): UserEntity {
  const { logonTypes } = account;
  return {
    id: account.domain === '' ? account.name : `${account.domain}\\${account.name}`,
    accountName: account.name,
    accountDomain: account.domain,
    accountSid: orNull(account.sid),
    firstSeen: account.firstSeen,
    lastSeen: account.lastSeen,
    mostPrevalentMachineId: account.mostUsedDevice,
    leastPrevalentMachineId: account.leastUsedDevice,
    logonTypes: logonTypes.join(', '),
    logOnMachinesCount: account.devices,
    isDomainAdmin: null,
    isOnlyNetworkUser: logonTypes.length === 0 ? null : logonTypes.every((kind) => kind === 'Network'),
  };
}
