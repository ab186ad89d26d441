/** Orders a machine action: checks the device, asks for approval where a policy wants it, keeps the action with its record, and lets the order go. */
import { randomUUID } from 'node:crypto';
import { ApiError, type MachineActionScope, type OrderContent, type OrderKind } from '@merlon/contract';
import type { Caller, RouteAudit } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { DeviceIdentity, Devices } from '../devices/index.ts';
import { type ApprovalPolicies, policyFor } from './approval-policies.ts';
import type { MachineActionRow, ResponseStore, ResponseTransaction } from './store.ts';

/** An order waits this long for its device, and for the device's word on it. */
export const ACTION_LIFETIME_MS = 72 * 3_600_000;
/** What nobody approved in this time counts as rejected: rbac.md, remediation levels. */
const APPROVAL_LIFETIME_MS = 7 * 24 * 3_600_000;

export interface OrderingDeps {
  readonly store: ResponseStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly clock: Clock;
  readonly policies: Pick<ApprovalPolicies, 'list'>;
  /** Lets an order go to its device, from whichever server holds its channel. */
  send(action: MachineActionRow): Promise<void>;
}

type OrderCaller = Pick<Caller, 'tenantId' | 'kind' | 'id' | 'name' | 'deviceGroups'>;

export interface OrderRequest {
  readonly caller: OrderCaller;
  readonly audit: Pick<RouteAudit, 'target' | 'details' | 'recordIn'>;
  /** Ordered by the platform itself, not by a person or a program. */
  readonly automation?: {
    /** The person who agreed to it. With the platform that makes two, so no policy asks for another. */
    readonly approvedBy: { readonly name: string; readonly comment: string | null; readonly at: Date } | null;
  };
  /** Id or name of the device, as the caller gave it. */
  readonly machine: string;
  readonly content: OrderContent;
  readonly scope?: MachineActionScope;
  readonly comment: string;
  readonly externalId?: string;
  /** In the transaction that makes the action, once it is made; what it throws undoes that. */
  alongside?(db: ResponseTransaction, actionId: string): Promise<void>;
}

export type Ordering = ReturnType<typeof createOrdering>;

export function createOrdering(deps: OrderingDeps) {
  return {
    /**
     * The action as it stands once it is ordered.
     * @throws ResourceNotFound, Forbidden (the device), BadRequest (it is offboarded), ClientVersionNotSupported (its agent cannot do this), ActiveRequestAlreadyExists
     */
    async order(request: OrderRequest): Promise<MachineActionRow> {
      const { caller, audit, content, comment } = request;
      audit.target('machine', request.machine);
      const device = await deps.devices.require(caller, request.machine, 'act');
      audit.target('machine', device.deviceId);
      requireAble(device, content.kind);
      const { tenantId, kind, name, id: callerId } = caller;
      const createdAt = deps.clock.now();
      const id = randomUUID();
      const approvedBy = request.automation?.approvedBy ?? null;
      const policy =
        approvedBy === null
          ? policyFor(await deps.policies.list(tenantId), content.kind, device.groupId)
          : null;
      audit.details({
        machineActionId: id,
        comment,
        ...(Object.keys(content.params).length > 0 ? { params: content.params } : {}),
        ...(policy ? { awaitsApproval: policy.name } : {}),
      });
      const lifetime = policy ? APPROVAL_LIFETIME_MS : ACTION_LIFETIME_MS;
      const action = await deps.store.create(
        tenantId,
        {
          id,
          content,
          scope: request.scope ?? null,
          externalId: request.externalId ?? null,
          requestor: kind === 'user' || request.automation ? name : callerId,
          requestorId: request.automation ? null : callerId,
          approved: approvedBy,
          awaits: policy && `Waits for the approval of a second person (policy "${policy.name}").`,
          comment,
          source: request.automation ? 'Automation' : kind === 'user' ? 'Portal' : 'PublicApi',
          machineId: device.deviceId,
          machineName: device.name,
          createdAt,
          expiresAt: new Date(createdAt.getTime() + lifetime),
        },
        async (db) => {
          await request.alongside?.(db, id);
          await audit.recordIn(db);
        },
      );
      if (!action) throw new ApiError('ActiveRequestAlreadyExists', 'Action is already in progress');
      if (!policy) await deps.send(action);
      return action;
    },
  };
}

/** @throws ApiError BadRequest (it is offboarded), ClientVersionNotSupported (its agent cannot do this) */
export function requireAble(device: DeviceIdentity, kind: OrderKind): void {
  if (device.state === 'Offboarded') {
    throw new ApiError('BadRequest', `Machine ${device.deviceId} is offboarded and takes no orders.`);
  }
  if (!device.carriesOut.includes(kind)) {
    throw new ApiError(
      'ClientVersionNotSupported',
      `The agent on machine ${device.deviceId} cannot carry out ${kind}. It can: ${device.carriesOut.join(', ') || 'nothing'}.`,
    );
  }
}
