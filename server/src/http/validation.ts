/** Checks values against a route's schemas and says by name what is wrong. */
import { ApiError, isStorable } from '@merlon/contract';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Convert } from 'typebox/value';
import { type InputProblem, problemOf, type SchemaError } from './input-problem.ts';

export type Part = 'path' | 'query' | 'body';

// Its own 8 are too few for a choice of more constants, or a body with more unknown members, to say what it is.
Settings.Set({ maxErrors: 256 });

const compiled = new WeakMap<TSchema, Validator>();

function validator(schema: TSchema): Validator {
  const known = compiled.get(schema);
  if (known) return known;
  const made = Compile(schema);
  compiled.set(schema, made);
  return made;
}

/** The value, converted from text for path and query, or ApiError. */
export function checkInput(part: Part, schema: TSchema | undefined, value: unknown): unknown {
  if (!isStorable(value)) {
    throw new ApiError('InvalidInput', `The ${part} holds text with U+0000 or a lone surrogate.`);
  }
  if (!schema) return value;
  if (part === 'body' && value === undefined)
    throw new ApiError('InvalidRequestBody', 'The request body is missing.');
  const candidate = part === 'body' ? value : Convert(schema, structuredClone(value));
  if (validator(schema).Check(candidate)) return candidate;
  const errors = validator(schema).Errors(candidate) as readonly SchemaError[];
  throw refusal(part, problemOf(errors, schema, candidate));
}

/** What of `value` breaks `schema`, or null. For checking our own answers in tests. */
export function outputProblem(schema: TSchema, value: unknown): string | null {
  // What leaves is JSON text: absent and undefined are the same there, and dates are strings.
  const onTheWire: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  if (validator(schema).Check(onTheWire)) return null;
  const [first] = validator(schema).Errors(onTheWire) as readonly SchemaError[];
  return first
    ? `${first.instancePath || '/'} ${first.message} ${JSON.stringify(first.params)}`
    : 'does not match';
}

function refusal(part: Part, problem: InputProblem): ApiError {
  switch (problem.kind) {
    case 'unknown':
      return new ApiError(part === 'body' ? 'InvalidRequestBody' : optionCode(problem.name), problem.text);
    case 'missing':
      return new ApiError('MissingRequiredParameter', problem.text);
    case 'wrong': {
      const { name, text } = problem;
      if (name === '')
        return new ApiError(part === 'body' ? 'InvalidRequestBody' : 'InvalidInput', `The ${part} ${text}`);
      return new ApiError(part === 'query' ? optionCode(name) : 'InvalidInput', `'${name}' ${text}`);
    }
  }
}

const optionCode = (name: string): 'ODataError' | 'InvalidInput' =>
  name.startsWith('$') ? 'ODataError' : 'InvalidInput';
