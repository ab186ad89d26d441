/** Checks values against a route's schemas and says by name what is wrong. */
import { ApiError, isStorable } from '@merlon/contract';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Convert } from 'typebox/value';

export type Part = 'path' | 'query' | 'body';

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Readonly<Record<string, unknown>>;
}

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
  throw explain(part, validator(schema).Errors(candidate) as readonly SchemaError[], schema);
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

function explain(part: Part, errors: readonly SchemaError[], schema: TSchema): ApiError {
  const unknownNames = errors.find((error) => error.keyword === 'additionalProperties');
  const missing = errors.find((error) => error.keyword === 'required');
  if (unknownNames) {
    const [name = ''] = (unknownNames.params.additionalProperties ?? []) as string[];
    const meant = knownNames(schema).find((known) => known.toLowerCase() === name.toLowerCase());
    const hint = meant ? ` Did you mean '${meant}'? Names are case-sensitive.` : '';
    return new ApiError(
      part === 'body' ? 'InvalidRequestBody' : optionCode(name),
      `'${path(unknownNames.instancePath, name)}' is not known here.${hint}`,
    );
  }
  if (missing) {
    const [name = ''] = (missing.params.requiredProperties ?? []) as string[];
    return new ApiError('MissingRequiredParameter', `'${path(missing.instancePath, name)}' is required.`);
  }
  // The last error of the first place is the outermost: `anyOf` after each alternative it tried.
  const place = errors[0]?.instancePath ?? '';
  const here = errors.filter((error) => error.instancePath === place);
  const constants = here.flatMap((error) =>
    error.keyword === 'const' ? [String(error.params.allowedValue)] : [],
  );
  const last = here.at(-1);
  const problem =
    constants.length > 0 ? `must be one of ${constants.join(', ')}` : (last?.message ?? 'is not valid');
  const name = path(place);
  if (name === '')
    return new ApiError(part === 'body' ? 'InvalidRequestBody' : 'InvalidInput', `The ${part} ${problem}.`);
  return new ApiError(part === 'query' ? optionCode(name) : 'InvalidInput', `'${name}' ${problem}.`);
}

const optionCode = (name: string): 'ODataError' | 'InvalidInput' =>
  name.startsWith('$') ? 'ODataError' : 'InvalidInput';

/** `/a/0/b` and `c` to `a[0].b.c` */
function path(instancePath: string, name?: string): string {
  const steps = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (name !== undefined) steps.push(name);
  return steps.reduce(
    (text, step) => (/^\d+$/.test(step) && text ? `${text}[${step}]` : text ? `${text}.${step}` : step),
    '',
  );
}

function knownNames(schema: TSchema): string[] {
  const properties: unknown = 'properties' in schema ? schema.properties : undefined;
  return properties && typeof properties === 'object' ? Object.keys(properties) : [];
}
