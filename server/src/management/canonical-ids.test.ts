import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { canonicalIds } from './canonical-ids.ts';

const UPPER = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
const id = Type.String({ format: 'uuid' });

it('lowers ids wherever they stand, and nothing else', () => {
  const schema = Type.Object({
    id,
    name: Type.String(),
    roles: Type.Optional(Type.Array(id)),
    policy: Type.Object({ owner: Type.Union([id, Type.Null()]), hours: Type.Number() }),
  });
  const lower = UPPER.toLowerCase();
  expect(
    canonicalIds(schema, {
      id: UPPER,
      name: UPPER,
      roles: [UPPER],
      policy: { owner: UPPER, hours: 1 },
    }),
  ).toEqual({ id: lower, name: UPPER, roles: [lower], policy: { owner: lower, hours: 1 } });
  expect(canonicalIds(schema, { id: lower, policy: { owner: null, hours: 1 } })).toEqual({
    id: lower,
    policy: { owner: null, hours: 1 },
  });
});
