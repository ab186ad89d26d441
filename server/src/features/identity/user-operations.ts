/** Managing people: list, make, change, switch off and on, remove, new password, out of every session. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import type { Access } from '../access/index.ts';
import type { UserDirectory } from './user-directory.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const displayName = Type.String({ minLength: 1, maxLength: 120 });
const managing = { role: 'PortalSettings.Manage' } as const;
const reading = {
  ...managing,
  application: ['AccessManagement.Read.All', 'AccessManagement.ReadWrite.All'],
} as const;

const UserShape = Type.Object({
  id,
  userPrincipalName: Type.String(),
  displayName: Type.String(),
  accountEnabled: Type.Boolean(),
  mustChangePassword: Type.Boolean(),
  signInCodes: Type.Boolean({ description: 'Whether codes of an authenticator app are on.' }),
  createdDateTime: Type.String(),
});
const WithPassword = Type.Object({
  ...UserShape.properties,
  oneTimePassword: Type.String({ description: 'Shown this once; must be changed at the first sign-in.' }),
});

interface UserOperationDeps {
  readonly directory: UserDirectory;
  readonly requireRemovable: Access['requireRemovable'];
  /** What is remembered of the tenant's people no longer counts. */
  changed(tenantId: string): Promise<void>;
}

export function userOperations({ directory, changed, requireRemovable }: UserOperationDeps): Operation[] {
  const onOne = (
    name: string,
    verb: string,
    lasting: boolean,
    summary: string,
    work: (caller: OperationCaller, id: string) => Promise<unknown>,
  ) =>
    defineOperation({
      name,
      method: 'POST',
      path: `/api/merlon/users/:id/${verb}`,
      summary,
      ...managing,
      changes: 'user',
      lasting,
      input: Type.Object({ id }, exactly),
      output: UserShape,
      async run(caller, input) {
        await work(caller, input.id);
        await changed(caller.tenantId);
        return directory.get(caller.tenantId, input.id);
      },
    });

  return [
    defineOperation({
      name: 'account.list',
      method: 'GET',
      path: '/api/merlon/users',
      summary: 'List people, a page at a time, by principal name.',
      ...reading,
      changes: null,
      input: Type.Object(
        {
          search: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
          enabled: Type.Optional(Type.Boolean()),
          after: Type.Optional(Type.String({ maxLength: 256, description: '`next` of the page before.' })),
          top: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
        },
        exactly,
      ),
      output: Type.Object({ value: Type.Array(UserShape), next: Type.Union([Type.String(), Type.Null()]) }),
      run: ({ tenantId }, { top = 100, ...input }) => directory.page(tenantId, { ...input, top }),
    }),
    defineOperation({
      name: 'account.get',
      method: 'GET',
      path: '/api/merlon/users/:id',
      summary: 'One person.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: UserShape,
      run: ({ tenantId }, input) => directory.get(tenantId, input.id),
    }),
    defineOperation({
      name: 'account.create',
      method: 'POST',
      path: '/api/merlon/users',
      summary: 'Make a person; the one-time password is shown this once.',
      ...managing,
      changes: 'user',
      lasting: true,
      input: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 256 }),
          displayName: Type.Optional(displayName),
        },
        exactly,
      ),
      output: WithPassword,
      run: ({ tenantId }, input) => directory.create(tenantId, input),
    }),
    defineOperation({
      name: 'account.update',
      method: 'PATCH',
      path: '/api/merlon/users/:id',
      summary: 'Change what a person is called.',
      ...managing,
      changes: 'user',
      lasting: false,
      input: Type.Object({ id, displayName }, exactly),
      output: UserShape,
      async run({ tenantId }, input) {
        await directory.rename(tenantId, input.id, input.displayName);
        return directory.get(tenantId, input.id);
      },
    }),
    onOne(
      'account.disable',
      'disable',
      false,
      'Let a person in no more, and end all his sessions.',
      (caller, user) => {
        if (caller.userId === user)
          throw new ApiError('DisallowedOperation', 'Nobody switches off his own account.');
        return directory.setEnabled(caller.tenantId, user, false);
      },
    ),
    onOne('account.enable', 'enable', true, 'Let a person in again.', ({ tenantId }, user) =>
      directory.setEnabled(tenantId, user, true),
    ),
    onOne(
      'account.revokeSessions',
      'revokesessions',
      false,
      'End all sessions of a person.',
      ({ tenantId }, user) => directory.revokeSessions(tenantId, user),
    ),
    defineOperation({
      name: 'account.resetPassword',
      method: 'POST',
      path: '/api/merlon/users/:id/resetpassword',
      summary: 'Give a person a new one-time password, shown this once, and end all his sessions.',
      ...managing,
      changes: 'user',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: WithPassword,
      async run(caller, input) {
        return directory.resetPassword(caller.tenantId, input.id);
      },
    }),
    defineOperation({
      name: 'account.remove',
      method: 'DELETE',
      path: '/api/merlon/users/:id',
      summary: 'Remove a person for good.',
      ...managing,
      changes: 'user',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: UserShape,
      async run(caller, input) {
        if (caller.userId === input.id)
          throw new ApiError('DisallowedOperation', 'Nobody removes his own account.');
        await requireRemovable(caller, input.id);
        const removed = await directory.remove(caller.tenantId, input.id);
        await changed(caller.tenantId);
        return removed;
      },
    }),
  ];
}
