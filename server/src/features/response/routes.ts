import { randomUUID } from 'node:crypto';
import {
  ApiError,
  CancelRequest,
  collectionAnswer,
  entityAnswer,
  IsolateRequest,
  isGuid,
  MachineAction,
  UnisolateRequest,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import { collectionBody, contextOf, readQuery, sqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import { type ApprovalPolicies, policyFor } from './approval-policies.ts';
import type { ChannelHub } from './channel-hub.ts';
import { machineActionEntity } from './machine-action-entity.ts';
import { machineActionColumns, machineActionSet } from './machine-action-set.ts';
import { signCancel } from './orders.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

/** An order waits this long for its device, and for the device's word on it. */
export const ACTION_LIFETIME_MS = 72 * 3_600_000;
/** What nobody approved in this time counts as rejected: rbac.md, remediation levels. */
const APPROVAL_LIFETIME_MS = 7 * 24 * 3_600_000;

const readAccess = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read', 'Machine.ReadWrite'],
  role: 'ViewData.SecurityOperations',
  deviceScope: 'filter',
} as const;
const isolateAccess = {
  kind: 'api',
  application: ['Machine.Isolate'],
  delegated: ['Machine.Isolate'],
  role: 'ActiveRemediation.SecurityOperations',
  deviceScope: 'require',
} as const;
const responsePermissions = [
  'Machine.CollectForensics',
  'Machine.Isolate',
  'Machine.RestrictExecution',
  'Machine.Scan',
  'Machine.Offboard',
  'Machine.StopAndQuarantine',
  'Machine.LiveResponse',
] as const;

const idParams = Type.Object({ id: Type.String() });
const actionAnswer = entityAnswer(MachineAction);

export interface ResponseRouteDeps {
  readonly store: ResponseStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly hub: ChannelHub;
  readonly commandKey: () => CommandKey;
  readonly clock: Clock;
  readonly policies: Pick<ApprovalPolicies, 'list'>;
  /** Lets an order go to its device, from whichever server holds its channel. */
  send(action: MachineActionRow): Promise<void>;
}

export function responseRoutes(deps: ResponseRouteDeps): Route[] {
  return [
    defineRoute({
      id: 'machines.isolate',
      method: 'POST',
      path: '/api/machines/:id/isolate',
      summary: 'Cut a device off from the network; it keeps its line to Merlon.',
      access: isolateAccess,
      audit: 'machine.isolate',
      params: idParams,
      body: IsolateRequest,
      responses: { 201: actionAnswer },
      async handle(request) {
        const type = request.body.IsolationType ?? 'Full';
        if (type === 'UnManagedDevice') {
          throw new ApiError(
            'InvalidInput',
            'IsolationType UnManagedDevice is for devices that are not onboarded; every device known here is.',
          );
        }
        return order(request, 'Isolate', type, request.body.Comment);
      },
    }),
    defineRoute({
      id: 'machines.unisolate',
      method: 'POST',
      path: '/api/machines/:id/unisolate',
      summary: 'Release a device from isolation.',
      access: isolateAccess,
      audit: 'machine.unisolate',
      params: idParams,
      body: UnisolateRequest,
      responses: { 201: actionAnswer },
      handle: (request) => order(request, 'Unisolate', null, request.body.Comment),
    }),
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
        return { status: 200, body: entityBody(request.origin, row) };
      },
    }),
    defineRoute({
      id: 'machineactions.cancel',
      method: 'POST',
      path: '/api/machineactions/:id/cancel',
      summary: 'Cancel a machine action that its device has not begun.',
      access: {
        kind: 'api',
        application: responsePermissions,
        delegated: responsePermissions,
        role: 'ActiveRemediation.SecurityOperations',
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
        // Every action there is today isolates or releases; its own permission is the one that counts.
        if (!request.caller.permissions.has('Machine.Isolate')) {
          throw new ApiError(
            'Forbidden',
            `Cancelling an action of type ${action.type} needs Machine.Isolate.`,
          );
        }
        const now = deps.clock.now();
        const result = await deps.store.change(
          tenantId,
          id,
          { kind: 'cancelled' },
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
        const cancel = await signCancel(result.row, deps.commandKey(), now);
        deps.hub.send(result.row.machine_id, { type: 'cancel', cancel });
        return { status: 200, body: entityBody(request.origin, result.row) };
      },
    }),
  ];

  async function order(
    request: { params: { id: string }; caller: Caller; audit: RouteAudit; origin: string },
    type: 'Isolate' | 'Unisolate',
    scope: 'Full' | 'Selective' | null,
    comment: string,
  ) {
    const { tenantId, kind, name, id: callerId } = request.caller;
    request.audit.target('machine', request.params.id);
    const device = await deps.devices.require(request.caller, request.params.id, 'act');
    request.audit.target('machine', device.deviceId);
    if (device.state === 'Offboarded') {
      throw new ApiError('BadRequest', `Machine ${device.deviceId} is offboarded and takes no orders.`);
    }
    const createdAt = deps.clock.now();
    const id = randomUUID();
    const policy = policyFor(await deps.policies.list(tenantId), type, device.groupId);
    request.audit.details({
      machineActionId: id,
      comment,
      ...(policy ? { awaitsApproval: policy.name } : {}),
    });
    const lifetime = policy ? APPROVAL_LIFETIME_MS : ACTION_LIFETIME_MS;
    const action = await deps.store.create(
      tenantId,
      {
        id,
        type,
        scope,
        requestor: kind === 'user' ? name : callerId,
        requestorId: callerId,
        awaits: policy && `Waits for the approval of a second person (policy "${policy.name}").`,
        comment,
        source: kind === 'user' ? 'Portal' : 'PublicApi',
        machineId: device.deviceId,
        machineName: device.name,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + lifetime),
      },
      (db) => request.audit.recordIn(db),
    );
    if (!action) throw new ApiError('ActiveRequestAlreadyExists', 'Action is already in progress');
    if (!policy) await deps.send(action);
    return { status: 201, body: entityBody(request.origin, action) };
  }
}

function entityBody(origin: string, row: MachineActionRow): object {
  return { '@odata.context': contextOf(origin, 'MachineActions/$entity'), ...machineActionEntity(row) };
}

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `Machine action ${id} was not found.`);
}
