import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { decodeBody } from './body.ts';
import { checkInput, outputProblem } from './validation.ts';

const Body = Type.Object(
  {
    Comment: Type.String({ minLength: 1 }),
    IsolationType: Type.Optional(Type.Union([Type.Literal('Full'), Type.Literal('Selective')])),
    Ids: Type.Optional(Type.Array(Type.Object({ id: Type.String() }))),
  },
  { additionalProperties: false },
);
const Query = Type.Object({
  top: Type.Optional(Type.Integer({ maximum: 10 })),
  deep: Type.Optional(Type.Boolean()),
});

function refusal(work: () => unknown): [string, string] {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return [error.code, error.publicMessage];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('text that no store can keep', () => {
  it.each([
    ['in a body', 'body', Body, { Comment: 'a\0b' }],
    ['in half a character', 'body', Body, { Comment: 'a\ud800' }],
    ['deep inside', 'body', Body, { Comment: 'a', Ids: [{ id: '\0' }] }],
    ['in a query no schema describes', 'query', undefined, { $filter: "id eq '\0'" }],
    ['in a path', 'path', Type.Object({ id: Type.String() }), { id: 'a\0b' }],
  ] as const)('is refused by name %s', (_, part, schema, value) => {
    expect(refusal(() => checkInput(part, schema, value))).toEqual([
      'InvalidInput',
      expect.stringMatching(/U\+0000/),
    ]);
  });
});

describe('a body', () => {
  it('passes unchanged when it fits', () => {
    const value = { Comment: 'x', IsolationType: 'Full' };
    expect(checkInput('body', Body, value)).toBe(value);
  });

  it.each([
    [undefined, 'InvalidRequestBody', 'The request body is missing.'],
    [[], 'InvalidRequestBody', 'The body must be an object, not a list.'],
    [{}, 'MissingRequiredParameter', "'Comment' is required."],
    [
      { comment: 'x' },
      'InvalidRequestBody',
      "'comment' is not known here. Did you mean 'Comment'? Names are case-sensitive.",
    ],
    [
      { Comment: 'x', Other: 1 },
      'InvalidRequestBody',
      "'Other' is not known here. Known here: Comment, IsolationType, Ids.",
    ],
    [{ Comment: '' }, 'InvalidInput', "'Comment' must not be empty."],
    [{ Comment: 1 }, 'InvalidInput', "'Comment' must be a text, not 1."],
    [
      { Comment: 'x', IsolationType: 'full' },
      'InvalidInput',
      '\'IsolationType\' must be one of Full, Selective, not "full".',
    ],
    [{ Comment: 'x', Ids: [{ id: 'a' }, { id: 2 }] }, 'InvalidInput', "'Ids[1].id' must be a text, not 2."],
    [{ Comment: 'x', Ids: [{}] }, 'MissingRequiredParameter', "'Ids[0].id' is required."],
  ])('%j is refused by name', (value, code, message) => {
    expect(refusal(() => checkInput('body', Body, value))).toEqual([code, message]);
  });
});

describe('a query', () => {
  it('is converted from text', () => {
    expect(checkInput('query', Query, { top: '7', deep: 'true', other: 'x' })).toEqual({
      top: 7,
      deep: true,
      other: 'x',
    });
  });
  it('is refused by name', () => {
    expect(refusal(() => checkInput('query', Query, { top: 'many' }))).toEqual([
      'InvalidInput',
      '\'top\' must be a whole number, not "many".',
    ]);
    expect(refusal(() => checkInput('query', Query, { top: '11' }))[1]).toContain(
      "'top' must be at most 10, not 11.",
    );
  });
});

describe('bytes of a body', () => {
  const json = (text: string | Buffer, type?: string) => decodeBody('json', Buffer.from(text), type);

  it('are JSON, whatever the details of the content type', () => {
    for (const type of [
      undefined,
      '',
      'application/json',
      'Application/JSON; charset=UTF-8',
      'application/json;odata=verbose',
      'application/merge-patch+json',
    ]) {
      expect(json('{"a":1}', type)).toEqual({ a: 1 });
    }
    expect(json('\ufeff{"a":1}')).toEqual({ a: 1 });
    expect(json('')).toBeUndefined();
  });

  it.each([
    ['{"a":', undefined, 'InvalidRequestBody'],
    [Buffer.from([0x22, 0xff, 0x22]), undefined, 'InvalidRequestBody'],
    ['{}', 'text/xml', 'UnsupportedMediaType'],
    ['{}', 'application/json; charset=latin1', 'UnsupportedMediaType'],
  ])('%j of type %s are refused', (text, type, code) => {
    expect(refusal(() => json(text, type))[0]).toBe(code);
  });

  it('are a form, repeated names together', () => {
    const form = (text: string) => decodeBody('form', Buffer.from(text), 'application/x-www-form-urlencoded');
    expect(form('a=1&b=x+y%20z&a=2')).toEqual({ a: ['1', '2'], b: 'x y z' });
    expect(form('__proto__=1')).toHaveProperty('__proto__', '1');
  });
});

describe('our own answers', () => {
  it('are compared as they stand on the wire', () => {
    const Answer = Type.Object(
      { at: Type.String(), count: Type.Optional(Type.Integer()) },
      { additionalProperties: false },
    );
    expect(outputProblem(Answer, { at: new Date(0), count: undefined })).toBeNull();
    expect(outputProblem(Answer, { at: 'x', extra: 1 })).toContain('extra');
    expect(outputProblem(Answer, {})).toContain('at');
  });
});
