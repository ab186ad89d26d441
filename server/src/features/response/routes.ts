/** What there is to read of machine actions, and the word that ends one. */
import {
  ApiError,
  CancelRequest,
  collectionAnswer,
  entityAnswer,
  interruptibleOrders,
  isGuid,
  MachineAction,
} from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, readQuery, sqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import { actionKinds, requireMayOrder } from './action-kinds.ts';
import { machineActionBody, machineActionEntity } from './machine-action-entity.ts';
import { machineActionColumns, machineActionSet } from './machine-action-set.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

const readAccess = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read', 'Machine.ReadWrite'],
  role: 'ViewData.SecurityOperations',
  deviceScope: 'filter',
} as const;
const responsePermissions = [...new Set(Object.values(actionKinds).map(({ permission }) => permission))];

const idParams = Type.Object({ id: Type.String() });
const actionAnswer = entityAnswer(MachineAction);

export interface ResponseRouteDeps {
  readonly store: ResponseStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly clock: Clock;
  /** Lets the word go to the device, from whichever server holds its channel. */
  send(action: MachineActionRow): Promise<void>;
}

export function responseRoutes(deps: ResponseRouteDeps): Route[] {
  return [
    defineRoute({
      id: 'machineactions.list',
      method: 'GET',
      path: '/api/machineactions',
      summary: 'List machine actions, newest first.',
      access: readAccess,
      audit: null,
      responses: { 200: collectionAnswer(MachineAction) },
      collection: { name: 'MachineActions', entity: 'MachineAction', key: 'id', set: machineActionSet },
      async handle(request) {
        const query = readQuery(request, machineActionSet);
        const { rows, total } = await deps.store.list(
          request.caller,
          sqlPage(query, machineActionSet, machineActionColumns),
        );
        const actions = rows.map(machineActionEntity);
        return {
          status: 200,
          body: collectionBody(request, query, machineActionSet, 'MachineActions', actions, total),
        };
      },
    }),
    defineRoute({
      id: 'machineactions.get',
      method: 'GET',
      path: '/api/machineactions/:id',
      summary: 'One machine action.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: actionAnswer },
      async handle(request) {
        const { id } = request.params;
        const row = isGuid(id) ? await deps.store.find(request.caller, id) : undefined;
        if (!row) throw notFound(id);
        return { status: 200, body: machineActionBody(request.origin, row) };
      },
    }),
    defineRoute({
      id: 'machineactions.cancel',
      method: 'POST',
      path: '/api/machineactions/:id/cancel',
      summary: 'Cancel a machine action that its device has not begun, or break off a long one.',
      access: {
        kind: 'api',
        application: responsePermissions,
        delegated: responsePermissions,
        // And the role of the kind of action, which only the action tells.
        role: null,
        deviceScope: 'require',
      },
      audit: 'machineAction.cancel',
      params: idParams,
      body: CancelRequest,
      responses: { 200: actionAnswer },
      async handle(request) {
        const { id } = request.params;
        const { tenantId } = request.caller;
        request.audit.target('machineAction', id);
        const action = isGuid(id) ? await deps.store.find(tenantId, id) : undefined;
        if (!action) throw notFound(id);
        await deps.devices.require(request.caller, action.machine_id, 'act');
        // Any of them opens the route; the one that ordered it is the one that counts.
        requireMayOrder(request.caller, action.type, 'Cancelling an action');
        const now = deps.clock.now();
        const result = await deps.store.change(
          tenantId,
          id,
          { kind: interruptibleOrders.includes(action.type) ? 'cancelAsked' : 'cancelled' },
          now,
          {
            cancellation_requestor: request.caller.name,
            cancellation_comment: request.body.Comment ?? null,
            cancelled_at: now,
          },
          { alongside: (db) => request.audit.recordIn(db) },
        );
        if (!result) throw notFound(id);
        if (!result.changed) {
          throw new ApiError(
            'BadRequest',
            `The action is ${result.row.status} and can no longer be cancelled.`,
          );
        }
        await deps.send(result.row);
        return { status: 200, body: machineActionBody(request.origin, result.row) };
      },
    }),
  ];
}

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `Machine action ${id} was not found.`);
}
