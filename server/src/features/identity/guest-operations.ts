/** Inviting people of other tenants, and answering such invitations. What the guest does is recorded in both tenants' trails. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import type { Audit } from '../audit/index.ts';
import { Guest, type Guests } from './guests.ts';
import type { Tenants } from './tenants.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const role = 'PortalSettings.Manage';
const MAX_DAYS = 365;
const Invitation = Type.Object({ ...Guest.properties, tenantName: Type.String() });

export function guestOperations(deps: {
  readonly guests: Guests;
  readonly tenants: Pick<Tenants, 'find'>;
  readonly audit: Audit;
  /** What is remembered of the tenant's people no longer counts. */
  changed(tenantId: string): Promise<void>;
}): Operation[] {
  const { guests } = deps;
  const named = async (guest: Guest) => ({
    ...guest,
    tenantName: (await deps.tenants.find(guest.tenantId))?.name ?? guest.tenantId,
  });
  /** The other tenant is told in its own trail who did it, and from where. */
  async function answered(caller: OperationCaller, action: string, guest: Guest) {
    await deps.audit.record({
      tenantId: guest.tenantId,
      actor: { kind: 'user', id: guest.id, name: guest.user },
      action,
      target: { kind: 'guest', id: guest.id },
      outcome: 'success',
      details: { homeTenantId: caller.tenantId, homeUserId: caller.userId },
    });
    await deps.changed(guest.tenantId);
    return named(guest);
  }

  return [
    defineOperation({
      name: 'guest.list',
      method: 'GET',
      path: '/api/merlon/guests',
      summary: 'People of other tenants who may act here, or were asked to.',
      role,
      application: ['AccessManagement.Read.All', 'AccessManagement.ReadWrite.All'],
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Guest) }),
      run: async ({ tenantId }) => ({ value: await guests.list(tenantId) }),
    }),
    defineOperation({
      name: 'guest.invite',
      method: 'POST',
      path: '/api/merlon/guests',
      summary: 'Ask a person of another tenant to act here; user groups decide what he may do.',
      role,
      changes: 'guest',
      lasting: true,
      input: Type.Object(
        {
          user: Type.String({ minLength: 3, maxLength: 256 }),
          displayName: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
          days: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_DAYS })),
        },
        exactly,
      ),
      output: Guest,
      run: ({ tenantId, actor }, { days = MAX_DAYS, ...input }) =>
        guests.invite(tenantId, { ...input, days, by: actor.name }),
    }),
    defineOperation({
      name: 'guest.withdraw',
      method: 'DELETE',
      path: '/api/merlon/guests/:id',
      summary: 'Let a guest act here no more, at once.',
      role,
      changes: 'guest',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Guest,
      async run({ tenantId }, input) {
        const guest = await guests.withdraw(tenantId, input.id);
        await deps.changed(tenantId);
        return guest;
      },
    }),
    defineOperation({
      name: 'invitation.list',
      method: 'GET',
      path: '/api/merlon/invitations',
      summary: 'Tenants that ask the caller to act in them, or in which he may act.',
      role: null,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Invitation) }),
      run: async (caller) => ({
        value: await Promise.all((await guests.invitations(caller.tenantId, person(caller))).map(named)),
      }),
    }),
    defineOperation({
      name: 'invitation.accept',
      method: 'POST',
      path: '/api/merlon/invitations/:id/accept',
      summary: 'Accept to act in the tenant of that id.',
      role: null,
      changes: 'tenant',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Invitation,
      run: async (caller, input) =>
        answered(caller, 'guest.accept', await guests.accept(caller.tenantId, person(caller), input.id)),
    }),
    defineOperation({
      name: 'invitation.leave',
      method: 'POST',
      path: '/api/merlon/invitations/:id/leave',
      summary: 'Decline an invitation of the tenant of that id, or act in it no more.',
      role: null,
      changes: 'tenant',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Invitation,
      run: async (caller, input) =>
        answered(caller, 'guest.leave', await guests.leave(caller.tenantId, person(caller), input.id)),
    }),
  ];
}

function person({ userId }: OperationCaller): string {
  if (userId === null)
    throw new ApiError('DisallowedOperation', 'Only the person who is invited answers an invitation.');
  return userId;
}
