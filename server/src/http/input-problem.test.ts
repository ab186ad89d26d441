import { type TSchema, Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { problemOf } from './input-problem.ts';
import { checkInput } from './validation.ts';

const exactly = { additionalProperties: false } as const;

/** What is said of `value` at the member `a`. */
function said(a: TSchema, value: unknown): string {
  return saidOf(Type.Object({ a }, exactly), { a: value });
}

function saidOf(schema: TSchema, value: unknown): string {
  try {
    checkInput('body', schema, value);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

const letters = (count: number) => Array.from({ length: count }, (_, index) => `Machine.Permission${index}`);

describe('what is wrong with a value', () => {
  it.each([
    ['type', Type.Boolean(), 'yes', 'must be true or false, not "yes".'],
    ['type', Type.Integer(), 1.5, 'must be a whole number, not 1.5.'],
    ['type', Type.Array(Type.String()), 'x', 'must be a list, not "x".'],
    ['type', Type.String(), { b: 1 }, 'must be a text, not an object.'],
    ['type', Type.String(), null, 'must be a text, not null.'],
    ['enum', Type.Enum(['x', 'y']), 'z', 'must be one of x, y, not "z".'],
    ['const', Type.Literal('x'), 'z', 'must be x, not "z".'],
    [
      'anyOf of constants',
      Type.Union(letters(12).map((one) => Type.Literal(one))),
      'z',
      `must be one of ${letters(12).join(', ')}, not "z".`,
    ],
    [
      'anyOf of constants and null',
      Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Null()]),
      'z',
      'must be one of x, y, null, not "z".',
    ],
    ['anyOf of kinds', Type.Union([Type.String(), Type.Null()]), 5, 'must be a text or null, not 5.'],
    [
      'anyOf, by the alternative of the right kind',
      Type.Union([Type.String({ minLength: 3 }), Type.Null()]),
      'ab',
      'must have at least 3 characters, not 2.',
    ],
    ['pattern', Type.String({ pattern: '^[a-z]+$' }), 'Z', 'must match the pattern ^[a-z]+$, not "Z".'],
    [
      'pattern, in words where the schema has them',
      Type.String({ pattern: '^[0-9]{2}$', description: 'two digits' }),
      'Z',
      'must be: two digits, not "Z".',
    ],
    [
      'format',
      Type.String({ format: 'uuid' }),
      'Z',
      'must be a GUID, such as 6f9619ff-8b86-4d01-b42d-00cf4fc964ff, not "Z".',
    ],
    [
      'format',
      Type.String({ format: 'date-time' }),
      'today',
      'must be a time with its zone, such as 2026-11-25T09:30:00Z, not "today".',
    ],
    ['format', Type.String({ format: 'ipv4' }), 'x', 'must be of the format ipv4, not "x".'],
    ['minLength', Type.String({ minLength: 1 }), '', 'must not be empty.'],
    ['maxLength', Type.String({ maxLength: 3 }), 'abcde', 'must have at most 3 characters, not 5.'],
    ['minItems', Type.Array(Type.String(), { minItems: 1 }), [], 'must hold at least one value.'],
    ['minItems', Type.Array(Type.String(), { minItems: 2 }), ['x'], 'must hold at least 2 values, not 1.'],
    [
      'maxItems',
      Type.Array(Type.String(), { maxItems: 1 }),
      ['x', 'y'],
      'must hold at most 1 values, not 2.',
    ],
    [
      'uniqueItems',
      Type.Array(Type.String(), { uniqueItems: true }),
      ['x', 'x'],
      'must not hold the same value twice.',
    ],
    [
      'minProperties',
      Type.Object({ b: Type.Optional(Type.String()), c: Type.Optional(Type.String()) }, { minProperties: 1 }),
      {},
      'must hold at least one of b, c.',
    ],
    ['minimum', Type.Number({ minimum: 1 }), 0, 'must be at least 1, not 0.'],
    ['exclusiveMinimum', Type.Number({ exclusiveMinimum: 0 }), 0, 'must be more than 0, not 0.'],
    ['maximum', Type.Number({ maximum: 72 }), 100, 'must be at most 72, not 100.'],
    ['exclusiveMaximum', Type.Number({ exclusiveMaximum: 1 }), 1, 'must be less than 1, not 1.'],
    ['multipleOf', Type.Number({ multipleOf: 5 }), 3, 'must be a multiple of 5, not 3.'],
  ])('%s is said in words', (_, schema, value, text) => {
    expect(said(schema, value)).toBe(`'a' ${text}`);
  });

  it('names the nearest of many, and where all are', () => {
    const many = Type.Array(Type.Enum([...letters(30), 'Machine.Isolate', 'Alert.Read.All']));
    const text = said(many, ['Alert.Read.All', 'machine.isolat']);
    expect(text).toMatch(
      /^'a\[1\]' must be one of 32 values, not "machine\.isolat"\. Nearest: Machine\.Isolate, /,
    );
    expect(text).toMatch(/\/openapi\.json\) lists all\.$/);
  });

  it('shows no more than the beginning of what is long, and nothing of a secret or a query', () => {
    const text = said(Type.Enum(['x', 'y']), 'z'.repeat(10_000));
    expect(text).toBe(`'a' must be one of x, y, not "${'z'.repeat(40)}"… (10000 characters).`);
    for (const name of ['clientSecret', 'password', 'token', 'InitiatingQuery'])
      expect(saidOf(Type.Object({ [name]: Type.Enum(['x', 'y']) }), { [name]: 'hunter2' })).toBe(
        `'${name}' must be one of x, y.`,
      );
  });
});

describe('members of an object', () => {
  const Nested = Type.Object(
    { inner: Type.Object({ roles: Type.Optional(Type.String()), hours: Type.Number() }, exactly) },
    exactly,
  );
  it.each([
    [{ inner: { hours: 1, role: 'x' } }, "'inner.role' is not known here. Did you mean 'roles'?"],
    [
      { inner: { hours: 1, Roles: 'x' } },
      "'inner.Roles' is not known here. Did you mean 'roles'? Names are case-sensitive.",
    ],
    [{ inner: { hours: 1, colour: 'x' } }, "'inner.colour' is not known here. Known here: roles, hours."],
    [{}, "'inner' is required."],
    [{ inner: {} }, "'inner.hours' is required."],
  ])('%j', (value, text) => {
    expect(saidOf(Nested, value)).toBe(text);
  });

  it('are named together when several are missing', () => {
    expect(saidOf(Type.Object({ b: Type.String(), c: Type.String() }), {})).toBe("'b', 'c' are required.");
  });

  it('are not known however many there are', () => {
    const value = Object.fromEntries(letters(300).map((name) => [name, 1]));
    expect(saidOf(Nested, { inner: { hours: 1 }, ...value })).toMatch(/^'Machine\.Permission0' is not known/);
  });

  it('are those of the alternative that its constant names', () => {
    const Choice = Type.Union([
      Type.Object({ kind: Type.Literal('text'), text: Type.String() }, exactly),
      Type.Object({ kind: Type.Literal('count'), count: Type.Integer() }, exactly),
    ]);
    expect(saidOf(Choice, { kind: 'count', count: 'x' })).toBe('\'count\' must be a whole number, not "x".');
    expect(saidOf(Choice, { kind: 'count' })).toBe("'count' is required.");
    expect(said(Type.Array(Choice), [{ kind: 'text', text: 'x', size: 1 }])).toBe(
      "'a[0].size' is not known here. Known here: kind, text.",
    );
  });
});

it('says something of what it does not know', () => {
  const error = {
    keyword: 'if',
    schemaPath: '#',
    instancePath: '/a',
    message: 'must match "then"',
    params: {},
  };
  expect(problemOf([error], Type.Object({}), { a: 1 })).toEqual({
    kind: 'wrong',
    name: 'a',
    text: 'must match "then".',
  });
});
