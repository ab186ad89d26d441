/** What waits for a second person's word, and that word. */
import { ApiError, collectionAnswer, isGuid, MachineAction } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import type { AwaitingSource } from './awaiting.ts';
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
  readonly elsewhere: AwaitingSource;
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
      summary: 'Machine actions and console sessions that wait for approval, oldest first.',
      access: { ...access, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(MachineAction) },
      handle: async ({ caller, origin }) => ({
        status: 200,
        body: {
          '@odata.context': `${origin}/api/$metadata#MachineActions`,
          value: [
            ...(await deps.store.awaiting(caller, MAX_LISTED)).map(machineActionEntity),
            ...(await deps.elsewhere.waiting(caller, MAX_LISTED)),
          ]
            // Of one form, they sort as text.
            .sort((one, other) => one.creationDateTimeUtc.localeCompare(other.creationDateTimeUtc))
            .slice(0, MAX_LISTED),
        },
      }),
    }),
    defineRoute({
      id: 'approvals.approve',
      method: 'POST',
      path: '/api/merlon/approvals/:id/approve',
      summary:
        'Approve a machine action that somebody else ordered, or his console session; the order leaves.',
      access: { ...access, deviceScope: 'require' },
      audit: 'machineAction.approve',
      params: idParams,
      body: Word,
      responses: { 200: MachineAction },
      async handle(request) {
        const action = await waiting(request);
        if (!action) return { status: 200, body: await decideElsewhere(request, 'approve') };
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
      summary: 'Reject a machine action or a console session that waits for approval; it ends as cancelled.',
      access: { ...access, deviceScope: 'require' },
      audit: 'machineAction.reject',
      params: idParams,
      body: Word,
      responses: { 200: MachineAction },
      async handle(request) {
        const action = await waiting(request);
        if (!action) return { status: 200, body: await decideElsewhere(request, 'reject') };
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

  /** Whoever ordered it is not the second person. Null: there is no machine action of that id. */
  async function waiting(request: DecisionRequest): Promise<MachineActionRow | null> {
    const { id } = request.params;
    request.audit.target('machineAction', id);
    const action = isGuid(id) ? await deps.store.find(request.caller.tenantId, id) : undefined;
    if (!action) return null;
    if (action.approval !== 'Required' || action.status !== 'Pending') throw noneWaits(id);
    await deps.devices.require(request.caller, action.machine_id, 'act');
    await requireSecondPerson(deps, { id: action.requestor_id, at: action.created_at }, request.caller);
    return action;
  }

  async function decideElsewhere(
    { params: { id }, caller, audit, body }: DecisionRequest & { readonly body: Static<typeof Word> },
    decision: 'approve' | 'reject',
  ): Promise<MachineAction> {
    const decided = isGuid(id)
      ? await deps.elsewhere.decide(id, decision, { caller, audit, comment: body.comment ?? null })
      : null;
    if (!decided) throw noneWaits(id);
    return decided;
  }
}

interface DecisionRequest {
  readonly params: { readonly id: string };
  readonly caller: Caller;
  readonly audit: RouteAudit;
}

function noneWaits(id: string): ApiError {
  return new ApiError('ResourceNotFound', `No machine action ${id} waits for approval.`);
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
