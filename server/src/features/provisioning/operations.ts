/** Managing what directories come in with, and handing accounts over to them. */
import { nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { People } from './people.ts';
import type { TokenRow } from './store.ts';
import type { Tokens } from './token.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const managing = { role: 'PortalSettings.Manage' } as const;

const TokenShape = Type.Object({
  id,
  name: Type.String(),
  hint: Type.String({ description: 'The first characters of the token.' }),
  createdBy: Type.String(),
  createdAt: Type.String(),
  expiresAt: Type.String(),
});

export function provisioningOperations(deps: {
  readonly tokens: Tokens;
  readonly people: People;
  /** Address for the directory to be given. */
  addressOf(tenantId: string): string;
}): Operation[] {
  const { tokens, people } = deps;
  return [
    defineOperation({
      name: 'provisioningToken.list',
      method: 'GET',
      path: '/api/merlon/provisioningtokens',
      summary: 'List the tokens that directories provision people with.',
      ...managing,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(TokenShape) }),
      run: async ({ tenantId }) => ({ value: (await tokens.list(tenantId)).map(shape) }),
    }),
    defineOperation({
      name: 'provisioningToken.create',
      method: 'POST',
      path: '/api/merlon/provisioningtokens',
      summary: 'Make a token for a directory; it is shown this once.',
      ...managing,
      changes: 'provisioningToken',
      lasting: true,
      input: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 120 }),
          days: Type.Optional(Type.Integer({ minimum: 1, maximum: 730 })),
        },
        exactly,
      ),
      output: Type.Object({
        ...TokenShape.properties,
        token: Type.String({ description: 'Shown this once.' }),
        address: Type.String({ description: 'What the directory calls the tenant URL or base URL.' }),
      }),
      async run({ tenantId, actor }, { name, days = 365 }) {
        const { token, ...row } = await tokens.create(tenantId, { name, days, by: actor.name });
        return { ...shape(row), token, address: deps.addressOf(tenantId) };
      },
    }),
    defineOperation({
      name: 'provisioningToken.revoke',
      method: 'DELETE',
      path: '/api/merlon/provisioningtokens/:id',
      summary: 'Let a directory in no more. What it made stays.',
      ...managing,
      changes: 'provisioningToken',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: TokenShape,
      run: async ({ tenantId }, input) => shape(await tokens.revoke(tenantId, input.id)),
    }),
    defineOperation({
      name: 'account.adopt',
      method: 'POST',
      path: '/api/merlon/users/:id/adopt',
      summary: 'Hand an account over to the directory, which finds it by its name and keeps it from then on.',
      ...managing,
      changes: 'user',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ id, userName: Type.String() }),
      run: ({ tenantId }, input) => people.adopt(tenantId, input.id),
    }),
  ];
}

function shape({ createdAt, expiresAt, ...row }: TokenRow) {
  return { ...row, createdAt: nowIso7(createdAt), expiresAt: nowIso7(expiresAt) };
}
