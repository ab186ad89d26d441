import { ApiError } from '@merlon/contract';
import fc from 'fast-check';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { AadstsError } from '../features/identity/aadsts.ts';
import { applicationAudience, userScopes } from '../features/identity/token-request.ts';
import { decodeBody } from './body.ts';
import { fold, isProgramPath } from './paths.ts';
import { checkInput } from './validation.ts';

const Schema = Type.Object(
  { a: Type.Optional(Type.Integer()), b: Type.Optional(Type.Array(Type.String(), { maxItems: 3 })) },
  { additionalProperties: false },
);

/** Whatever strangers send, the answer is ours: a value, or an error with a name. */
function namedOrNothing(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof AadstsError)) throw error;
    if (error instanceof ApiError) expect(error.status).toBeLessThan(500);
  }
}

const rawPath = fc
  .array(fc.constantFrom('/', '//', 'a', 'B', 'api', '%2F', '.', '..', '~'), { maxLength: 12 })
  .map((parts) => parts.join(''));
const field = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), fc.constant(undefined));

describe('whatever strangers send', () => {
  it('bodies are read or refused by name', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('json', 'form'),
        fc.option(fc.string(), { nil: undefined }),
        (bytes, accepts, type) => namedOrNothing(() => decodeBody(accepts, Buffer.from(bytes), type)),
      ),
    );
  });

  it('JSON of every shape is taken as it is or refused by name', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        namedOrNothing(() =>
          checkInput('body', Schema, decodeBody('json', Buffer.from(JSON.stringify(value)), undefined)),
        );
        namedOrNothing(() => checkInput('query', Schema, value));
      }),
    );
  });

  it('paths fold to one form, whose own form it is', () => {
    fc.assert(
      fc.property(rawPath, fc.string(), (path, query) => {
        const folded = fold(`${path}?${query}`);
        expect(fold(folded)).toBe(folded);
        expect(fold(path.toUpperCase())).toBe(fold(path.toLowerCase()));
        expect(isProgramPath(folded)).toBeTypeOf('boolean');
      }),
    );
  });

  it('sign-in requests are understood or refused with a number', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2), field, field, (version, scope, resource) => {
        namedOrNothing(() => applicationAudience(version as 1 | 2, { scope, resource }, 'T'));
        namedOrNothing(() => userScopes(version as 1 | 2, { scope, resource }, 'T', ['Alert.Read']));
      }),
    );
  });
});
