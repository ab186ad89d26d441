/** Sign-in codes: people set them up for themselves; who manages people resets them and says who must have them. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import type { Totp } from './totp.ts';
import type { UserDirectory } from './user-directory.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const role = 'PortalSettings.Manage';
const Policy = Type.Object({ everybody: Type.Boolean(), userGroups: Type.Array(id, { maxItems: 500 }) });

interface TotpOperationDeps {
  readonly totp: Totp;
  readonly directory: UserDirectory;
}

export function totpOperations({ totp, directory }: TotpOperationDeps): Operation[] {
  return [
    defineOperation({
      name: 'totp.enrol',
      method: 'POST',
      path: '/api/merlon/me/totp',
      summary: 'Begin to set up sign-in codes for oneself; they are on once a code was confirmed.',
      role: null,
      changes: 'user',
      lasting: false,
      input: Type.Object({}, exactly),
      output: Type.Object({ secret: Type.String(), uri: Type.String() }),
      async run(caller) {
        const { userPrincipalName } = await directory.get(caller.tenantId, person(caller));
        return totp.enrol(
          { tenantId: caller.tenantId, id: person(caller), principalName: userPrincipalName },
          'Merlon',
        );
      },
    }),
    defineOperation({
      name: 'totp.confirm',
      method: 'POST',
      path: '/api/merlon/me/totp/confirm',
      summary: 'Switch sign-in codes on with a first code; the recovery codes are shown this once.',
      role: null,
      changes: 'user',
      lasting: false,
      input: Type.Object({ code: Type.String({ minLength: 6, maxLength: 16 }) }, exactly),
      output: Type.Object({ recoveryCodes: Type.Array(Type.String()) }),
      async run(caller, input) {
        const recoveryCodes = await totp.confirm(caller.tenantId, person(caller), input.code);
        if (recoveryCodes === null)
          throw new ApiError('InvalidInput', 'The code is wrong or was used before.');
        return { recoveryCodes };
      },
    }),
    defineOperation({
      name: 'totp.reset',
      method: 'POST',
      path: '/api/merlon/users/:id/resettotp',
      summary: 'Switch off the sign-in codes of a person who lost them.',
      role,
      changes: 'user',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ id }),
      async run(caller, input) {
        const { tenantId } = caller;
        await directory.get(tenantId, input.id);
        await totp.reset(tenantId, input.id);
        await directory.revokeSessions(tenantId, input.id);
        return { id: input.id };
      },
    }),
    defineOperation({
      name: 'totp.policy',
      method: 'GET',
      path: '/api/merlon/totppolicy',
      summary: 'Who must sign in with a code besides the password.',
      role,
      changes: null,
      input: Type.Object({}, exactly),
      output: Policy,
      run: ({ tenantId }) => totp.policy(tenantId),
    }),
    defineOperation({
      name: 'totp.setPolicy',
      method: 'PATCH',
      path: '/api/merlon/totppolicy',
      summary: 'Say who must sign in with a code; what is left out stays.',
      role,
      changes: 'tenant',
      lasting: true,
      input: Type.Object(
        {
          everybody: Type.Optional(Policy.properties.everybody),
          userGroups: Type.Optional(Policy.properties.userGroups),
        },
        exactly,
      ),
      output: Policy,
      async run({ tenantId }, input) {
        await totp.setPolicy(tenantId, { ...(await totp.policy(tenantId)), ...input });
        return totp.policy(tenantId);
      },
    }),
  ];
}

function person({ userId }: OperationCaller): string {
  if (userId === null)
    throw new ApiError('DisallowedOperation', 'Only a person sets up sign-in codes, for himself.');
  return userId;
}
