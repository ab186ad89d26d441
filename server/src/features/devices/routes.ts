import { ApiError, collectionAnswer, entityAnswer, Machine } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, contextOf, readQuery, sqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { machineEntity } from './machine-entity.ts';
import { machineKey } from './machine-key.ts';
import { machineColumns, machineSet } from './machine-set.ts';
import type { DevicesStore } from './store.ts';

const readAccess = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read', 'Machine.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;

export function machineRoutes(deps: { store: Pick<DevicesStore, 'list' | 'find'>; clock: Clock }): Route[] {
  return [
    defineRoute({
      id: 'machines.list',
      method: 'GET',
      path: '/api/machines',
      summary: 'List the devices the caller may see.',
      access: { ...readAccess, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(Machine) },
      async handle(request) {
        const now = deps.clock.now();
        const query = readQuery(request, machineSet);
        const { rows, total } = await deps.store.list(
          request.caller,
          sqlPage(query, machineSet, machineColumns(now)),
        );
        const machines = rows.map((row) => machineEntity(row, now));
        return { status: 200, body: collectionBody(request, query, machineSet, 'Machines', machines, total) };
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
