/** What an alert names: its device, files, addresses, domains and account. */
import { isIP } from 'node:net';
import {
  type Alert,
  type AlertEvidence,
  ApiError,
  collectionAnswer,
  DomainEntity,
  entityAnswer,
  FileEntity,
  IpEntity,
  Machine,
  UserEntity,
} from '@merlon/contract';
import { type TSchema, Type } from 'typebox';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import { fileEntity, fileOfAlert } from './files.ts';
import { type InvestigationDeps, readMachines, readOnly } from './relations.ts';
import { userEntity, userOfAlert } from './users.ts';

const params = Type.Object({ id: Type.String() });
const require = { deviceScope: 'require' } as const;

export function alertRelationRoutes(deps: InvestigationDeps): Route[] {
  const { alerts, devices, profiles, clock } = deps;

  /** @throws ResourceNotFound */
  async function alertOf(caller: Caller, id: string): Promise<Alert> {
    const alert = await alerts.find(caller, id);
    if (!alert) throw new ApiError('ResourceNotFound', `Alert ${id} was not found.`);
    return alert;
  }

  const collection = (
    what: 'files' | 'ips' | 'domains',
    summary: string,
    permission: 'File.Read.All' | 'Ip.Read.All' | 'URL.Read.All',
    answer: TSchema,
    { name, entity, key }: { name: string; entity: string; key: string },
    entities: (caller: Caller, evidence: readonly AlertEvidence[]) => Promise<readonly object[]>,
  ) =>
    defineRoute({
      id: `alerts.${what}`,
      method: 'GET',
      path: `/api/alerts/:id/${what}`,
      summary,
      access: { ...readOnly(permission), ...require },
      audit: null,
      params,
      responses: { 200: answer },
      collection: { name, entity, key, set: null },
      async handle({ caller, params: { id }, origin }) {
        const { evidence } = await alertOf(caller, id);
        const value = await entities(caller, evidence);
        return { status: 200, body: { '@odata.context': contextOf(origin, name), value } };
      },
    });

  return [
    defineRoute({
      id: 'alerts.machine',
      method: 'GET',
      path: '/api/alerts/:id/machine',
      summary: 'The device that an alert is about.',
      access: { ...readMachines, ...require },
      audit: null,
      params,
      responses: { 200: entityAnswer(Machine) },
      async handle({ caller, params: { id }, origin }) {
        const { machineId } = await alertOf(caller, id);
        const machine =
          machineId === null ? undefined : (await devices.machines(caller, [machineId])).get(machineId);
        if (!machine) throw new ApiError('ResourceNotFound', `The machine of alert ${id} was not found.`);
        const context = contextOf(origin, 'Machines/$entity');
        return { status: 200, body: { '@odata.context': context, ...machine } };
      },
    }),
    collection(
      'files',
      'List the files that an alert names.',
      'File.Read.All',
      collectionAnswer(FileEntity),
      { name: 'Files', entity: 'File', key: 'sha1' },
      async (caller, evidence) => {
        const named = distinct(
          evidence.filter(({ sha1, sha256 }) => sha1 || sha256),
          ({ sha1, sha256 }) => (sha1 ?? sha256 ?? '').toLowerCase(),
        );
        const hashes = (kind: 'sha1' | 'sha256') =>
          named
            .filter((one) => kind === 'sha1' || !one.sha1)
            .flatMap((one) => (one[kind] ? [one[kind].toLowerCase()] : []));
        const now = clock.now();
        const known = (
          await Promise.all([
            profiles.files(caller, 'sha1', hashes('sha1'), now),
            profiles.files(caller, 'sha256', hashes('sha256'), now),
          ])
        ).flat();
        const entities = named.map((one) => {
          const file = known.find(({ sha1, sha256 }) =>
            one.sha1 ? sha1 === one.sha1.toLowerCase() : sha256 === one.sha256?.toLowerCase(),
          );
          return file ? fileEntity(file) : fileOfAlert(one);
        });
        // By SHA-256 alone and by both hashes may be one file.
        return distinct(entities, ({ sha1, sha256 }) => sha1 ?? sha256 ?? '');
      },
    ),
    collection(
      'ips',
      'List the addresses that an alert names.',
      'Ip.Read.All',
      collectionAnswer(IpEntity),
      { name: 'Ips', entity: 'Ip', key: 'id' },
      async (_, evidence) =>
        distinct(
          evidence.flatMap(({ ipAddress }) => (ipAddress ? [{ id: ipAddress }] : [])),
          ({ id }) => id.toLowerCase(),
        ),
    ),
    collection(
      'domains',
      'List the domains that an alert names.',
      'URL.Read.All',
      collectionAnswer(DomainEntity),
      { name: 'Domains', entity: 'Domain', key: 'host' },
      async (_, evidence) =>
        distinct(
          evidence.flatMap(({ url }) => (url ? hostsOf(url) : [])).map((host) => ({ host })),
          ({ host }) => host,
        ),
    ),
    defineRoute({
      id: 'alerts.user',
      method: 'GET',
      path: '/api/alerts/:id/user',
      summary: 'The account that an alert is about.',
      access: { ...readOnly('User.Read.All'), ...require },
      audit: null,
      params,
      responses: { 200: entityAnswer(UserEntity) },
      async handle({ caller, params: { id }, origin }) {
        const alert = await alertOf(caller, id);
        const named = userOfAlert(alert);
        if (!named) throw new ApiError('ResourceNotFound', `Alert ${id} names no user.`);
        const account = await profiles.account(caller, named.accountName, named.accountDomain || null);
        const context = contextOf(origin, 'Users/$entity');
        return {
          status: 200,
          body: { '@odata.context': context, ...(account ? userEntity(account) : named) },
        };
      },
    }),
  ];
}

/** The first of each key. */
function distinct<T>(all: readonly T[], key: (one: T) => string): T[] {
  return [...new Map([...all].reverse().map((one) => [key(one), one])).values()].reverse();
}

/** The host of a URL, or the name itself; none where it is an address. */
function hostsOf(url: string): string[] {
  const [, host] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?([^/?#:[\]]+)/i.exec(url) ?? [];
  return host === undefined || isIP(host) !== 0 ? [] : [host.toLowerCase()];
}
