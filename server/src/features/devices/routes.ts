import { ApiError, collectionAnswer, entityAnswer, Machine } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Reply, type Route, type RouteRequest } from '../../http/route.ts';
import { collectionReply, contextOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { machineEntity } from './machine-entity.ts';
import { machineKey } from './machine-key.ts';
import { machineCollection, machineColumns, machineSet } from './machine-set.ts';
import type { DevicesStore } from './store.ts';

const readAccess = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read', 'Machine.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;

interface MachinesDeps {
  readonly store: Pick<DevicesStore, 'list'>;
  readonly clock: Clock;
}

/** A page of the machines the caller may see: of those named, or of all. */
export async function machinesAmong(
  deps: MachinesDeps,
  request: Pick<RouteRequest, 'url' | 'origin'>,
  caller: Caller,
  among: readonly string[] | null,
): Promise<Reply> {
  const now = deps.clock.now();
  return collectionReply(
    request,
    { set: machineSet, columns: machineColumns(now), context: 'Machines' },
    async (page) => {
      const { rows, total } = await deps.store.list(caller, page, among);
      return { entities: rows.map((row) => machineEntity(row, now)), total };
    },
  );
}

export function machineRoutes(deps: {
  store: Pick<DevicesStore, 'list' | 'find' | 'tagged'>;
  clock: Clock;
}): Route[] {
  return [
    defineRoute({
      id: 'machines.list',
      method: 'GET',
      path: '/api/machines',
      summary: 'List the devices the caller may see.',
      access: { ...readAccess, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        return machinesAmong(deps, request, request.caller, null);
      },
    }),
    defineRoute({
      id: 'machines.findByTag',
      method: 'GET',
      path: '/api/machines/findbytag',
      summary: 'List the devices that have a tag, or one that begins so.',
      access: { ...readAccess, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        const given = new Map(
          [...new URLSearchParams(request.url.split('?', 2)[1] ?? '')].map(([name, value]) => [
            name.toLowerCase(),
            value,
          ]),
        );
        const tag = given.get('tag');
        if (!tag) throw new ApiError('MissingRequiredParameter', 'findbytag takes tag=….');
        const begins = given.get('usestartswithfilter')?.toLowerCase() === 'true';
        const ids = await deps.store.tagged(request.caller, tag, begins);
        return machinesAmong(deps, request, request.caller, ids);
      },
    }),
    defineRoute({
      id: 'machines.get',
      method: 'GET',
      path: '/api/machines/:id',
      summary: 'One device, by id or computer name.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: Type.Object({ id: Type.String() }),
      responses: { 200: entityAnswer(Machine) },
      async handle(request) {
        const { id } = request.params;
        const row = await deps.store.find(request.caller, machineKey(id));
        if (!row) throw new ApiError('ResourceNotFound', `Machine ${id} was not found.`);
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(request.origin, 'Machines/$entity'),
            ...machineEntity(row, deps.clock.now()),
          },
        };
      },
    }),
  ];
}
