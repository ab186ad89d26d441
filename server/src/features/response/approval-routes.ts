/** What waits for a second person's word, and that word. */
import { ApiError, collectionAnswer, isGuid, MachineAction } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import { machineActionEntity } from './machine-action-entity.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

const access = {
  kind: 'api',
  application: [],
  delegated: 'portal',
  role: 'ActiveRemediation.SecurityOperations',
} as const;
const Word = Type.Object(
  { comment: Type.Optional(Type.String({ maxLength: 4_000 })) },
  { additionalProperties: false },
);
const idParams = Type.Object({ id: Type.String() });
const MAX_LISTED = 1_000;

export function approvalRoutes(deps: {
  readonly store: ResponseStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly clock: Clock;
  /** Lets the order go to its device. */
  send(action: MachineActionRow): Promise<void>;
  /** Whether the person held a credential of the program at that moment. */
  couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean>;
  /** How long an approved order waits for its device. */
  readonly lifetimeMs: number;
}): Route[] {
  return [
    defineRoute({
      id: 'approvals.list',
      method: 'GET',
      path: '/api/merlon/approvals',
      summary: 'Machine actions that wait for approval, oldest first.',
      access: { ...access, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(MachineAction) },
      handle: async ({ caller, origin }) => ({
        status: 200,
        body: {
          '@odata.context': `${origin}/api/$metadata#MachineActions`,
          value: (await deps.store.awaiting(caller, MAX_LISTED)).map(machineActionEntity),
        },
      }),
    }),
    defineRoute({
      id: 'approvals.approve',
      method: 'POST',
      path: '/api/merlon/approvals/:id/approve',
      summary: 'Approve a machine action that somebody else ordered; the order leaves.',
      access: { ...access, deviceScope: 'require' },
      audit: 'machineAction.approve',
      params: idParams,
      body: Word,
      responses: { 200: MachineAction },
      async handle(request) {
        const action = await waiting(request);
        const now = deps.clock.now();
        const approved = await deps.store.approve(
          request.caller.tenantId,
          action.id,
          {
            by: request.caller.name,
            comment: request.body.comment ?? null,
            at: now,
            expiresAt: new Date(now.getTime() + deps.lifetimeMs),
          },
          (db) => request.audit.recordIn(db),
        );
        if (!approved) throw decided(action.id);
        await deps.send(approved);
        return { status: 200, body: machineActionEntity(approved) };
      },
    }),
    defineRoute({
      id: 'approvals.reject',
      method: 'POST',
      path: '/api/merlon/approvals/:id/reject',
      summary: 'Reject a machine action that waits for approval; it ends as cancelled.',
      access: { ...access, deviceScope: 'require' },
      audit: 'machineAction.reject',
      params: idParams,
      body: Word,
      responses: { 200: MachineAction },
      async handle(request) {
        const action = await waiting(request);
        const rejected = await deps.store.reject(
          request.caller.tenantId,
          action.id,
          { by: request.caller.name, comment: request.body.comment ?? null, at: deps.clock.now() },
          (db) => request.audit.recordIn(db),
        );
        if (!rejected) throw decided(action.id);
        return { status: 200, body: machineActionEntity(rejected) };
      },
    }),
  ];

  /** Whoever ordered it is not the second person. */
  async function waiting(request: {
    params: { id: string };
    caller: Caller;
    audit: RouteAudit;
  }): Promise<MachineActionRow> {
    const { id } = request.params;
    request.audit.target('machineAction', id);
    const action = isGuid(id) ? await deps.store.find(request.caller.tenantId, id) : undefined;
    if (action?.approval !== 'Required' || action.status !== 'Pending')
      throw new ApiError('ResourceNotFound', `No machine action ${id} waits for approval.`);
    await deps.devices.require(request.caller, action.machine_id, 'act');
    await requireSecondPerson(deps, { id: action.requestor_id, at: action.created_at }, request.caller);
    return action;
  }
}

function decided(id: string): ApiError {
  return new ApiError('Conflict', `Machine action ${id} was decided on in the meantime.`);
}

/** @throws ApiError DisallowedOperation unless the caller is somebody else than who ordered it, and than who could have had it ordered by a program */
export async function requireSecondPerson(
  {
    couldAct,
  }: { couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean> },
  ordered: { readonly id: string | null; readonly at: Date },
  { tenantId, id: userId }: Caller,
): Promise<void> {
  if (ordered.id === userId)
    throw new ApiError(
      'DisallowedOperation',
      'The action needs the word of somebody other than the one who ordered it.',
    );
  if (ordered.id !== null && (await couldAct(ordered.id, ordered.at, { tenantId, userId })))
    throw new ApiError(
      'DisallowedOperation',
      'The action was ordered by a program whose credentials you hold: it needs the word of somebody else.',
    );
}
