/** What is wrong with a value that does not fit its schema, in words by which a person can set it right. Pure. */
import type { TSchema } from 'typebox';
import { nearestNames, slipOf } from './nearest-names.ts';
import { isSecretName } from './without-secrets.ts';

/** As typebox reports it. */
export interface SchemaError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type InputProblem =
  | { readonly kind: 'unknown'; readonly name: string; readonly text: string }
  | { readonly kind: 'missing'; readonly text: string }
  /** `text` goes on from the name: `must be …`. */
  | { readonly kind: 'wrong'; readonly name: string; readonly text: string };

/** Longer lists are told by what is nearest in them. */
const WHOLE_LIST = 20;
const NEAREST = 3;
const LONGEST_SHOWN = 40;
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a GUID, such as 6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  'date-time': 'a time with its zone, such as 2026-11-25T09:30:00Z',
  date: 'a date, such as 2026-11-25',
  email: 'an e-mail address',
  uri: 'an address, such as https://contoso.example/',
};
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** `errors`: all of them, as there is at least one. */
export function problemOf(errors: readonly SchemaError[], schema: TSchema, value: unknown): InputProblem {
  const telling = withoutOtherAlternatives(errors);
  const unknown = telling.find(({ keyword }) => keyword === 'boolean');
  if (unknown) return unknownMember(unknown, schema);
  const missing = telling.find(({ keyword }) => keyword === 'required');
  if (missing) return missingMember(missing);
  const place = telling[0]?.instancePath ?? '';
  const here = telling.filter(({ instancePath }) => instancePath === place);
  return { kind: 'wrong', name: pathText(place), text: wrongValue(here, schema, givenAt(value, place)) };
}

/**
 * Of `anyOf`, the errors of the alternative that was meant: of the right kind, and with the constants that tell it apart. Where none or several may have
 * been meant, all stay.
 */
function withoutOtherAlternatives(errors: readonly SchemaError[]): readonly SchemaError[] {
  const choice = errors.findLast(({ keyword }) => keyword === 'anyOf');
  if (!choice) return errors;
  const prefix = `${choice.schemaPath}/anyOf/`;
  const alternatives = new Map<string, SchemaError[]>();
  for (const error of errors) {
    if (!error.schemaPath.startsWith(prefix)) continue;
    const [number = ''] = error.schemaPath.slice(prefix.length).split('/');
    alternatives.set(number, [...(alternatives.get(number) ?? []), error]);
  }
  const meant = [...alternatives.values()].filter(
    (own) =>
      !own.some(
        ({ keyword, instancePath }) =>
          (keyword === 'type' && instancePath === choice.instancePath) ||
          (keyword === 'const' && isWithin(choice.instancePath, instancePath)),
      ),
  );
  const [only] = meant;
  if (meant.length !== 1 || only === undefined) return errors;
  const others = errors.filter((error) => error !== choice && !error.schemaPath.startsWith(prefix));
  return withoutOtherAlternatives([...others, ...only].sort((a, b) => errors.indexOf(a) - errors.indexOf(b)));
}

/** The place itself, or a member right below it. */
function isWithin(place: string, path: string): boolean {
  return path === place || (path.startsWith(`${place}/`) && !path.slice(place.length + 1).includes('/'));
}

/** Each unknown member is an error of its own (`boolean`, since its schema is `false`), before the one of the object that holds it. */
function unknownMember({ instancePath, schemaPath }: SchemaError, schema: TSchema): InputProblem {
  const name = stepsOf(instancePath).at(-1) ?? '';
  const known = membersOf(schemaAt(schema, schemaPath.replace(/\/additionalProperties$/, '')));
  const sameLetters = known.find((one) => one.toLowerCase() === name.toLowerCase());
  const meant = sameLetters ?? slipOf(name, known);
  const hint =
    sameLetters !== undefined
      ? ` Did you mean '${sameLetters}'? Names are case-sensitive.`
      : meant !== null
        ? ` Did you mean '${meant}'?`
        : known.length > 0 && known.length <= WHOLE_LIST
          ? ` Known here: ${known.join(', ')}.`
          : '';
  return {
    kind: 'unknown',
    name,
    text: `'${pathText(instancePath).slice(0, 200)}' is not known here.${hint}`,
  };
}

function missingMember({ params, instancePath }: SchemaError): InputProblem {
  const names = textsOf(params.requiredProperties).map((name) => `'${pathText(instancePath, name)}'`);
  return {
    kind: 'missing',
    text: names.length === 1 ? `${names[0]} is required.` : `${names.join(', ')} are required.`,
  };
}

interface Given {
  /** Empty: it is not to be shown. */
  readonly shown: string;
  readonly value: unknown;
}

/** The errors of one place: one, or what each alternative of a choice says, and last that none fits. */
function wrongValue(errors: readonly SchemaError[], schema: TSchema, given: Given): string {
  const allowed = errors.flatMap(({ keyword, params }) =>
    keyword === 'const' ? [params.allowedValue] : keyword === 'enum' ? listOf(params.allowedValues) : [],
  );
  const types = errors.flatMap(({ keyword, params }) =>
    keyword === 'type' ? textsOf(params.type).map((type) => TYPES[type] ?? type) : [],
  );
  if (allowed.length > 0) return oneOf(allowed.map(String), types, given);
  const rule = errors.find(({ keyword }) => keyword !== 'type' && keyword !== 'anyOf');
  if (rule) return broken(rule, schema, given);
  if (types.length > 0) return `must be ${[...new Set(types)].join(' or ')}${notGiven(given)}.`;
  return `does not fit what the API description (/openapi.json) says of it.`;
}

function oneOf(allowed: readonly string[], types: readonly string[], given: Given): string {
  const names = [...new Set([...allowed, ...types])];
  if (names.length === 1) return `must be ${names[0]}${notGiven(given)}.`;
  if (names.length <= WHOLE_LIST) return `must be one of ${names.join(', ')}${notGiven(given)}.`;
  const nearest =
    typeof given.value === 'string'
      ? ` Nearest: ${nearestNames(given.value, names, NEAREST).join(', ')}.`
      : '';
  return `must be one of ${names.length} values${notGiven(given)}.${nearest} The API description (/openapi.json) lists all.`;
}

function broken(
  { keyword, params, schemaPath, message }: SchemaError,
  schema: TSchema,
  given: Given,
): string {
  const { limit } = params;
  const { value } = given;
  const length = typeof value === 'string' ? [...value].length : Array.isArray(value) ? value.length : null;
  switch (keyword) {
    case 'minLength':
      return limit === 1
        ? 'must not be empty.'
        : `must have at least ${limit} characters${length === null ? '' : `, not ${length}`}.`;
    case 'maxLength':
      return `must have at most ${limit} characters${length === null ? '' : `, not ${length}`}.`;
    case 'minItems':
      return limit === 1
        ? 'must hold at least one value.'
        : `must hold at least ${limit} values, not ${length}.`;
    case 'maxItems':
      return `must hold at most ${limit} values, not ${length}.`;
    case 'uniqueItems':
      return 'must not hold the same value twice.';
    case 'minProperties':
      return limit === 1
        ? `must hold at least one of ${membersOf(schemaAt(schema, schemaPath)).join(', ') || 'its members'}.`
        : `must hold at least ${limit} members.`;
    case 'maxProperties':
      return `must hold at most ${limit} members.`;
    case 'minimum':
      return `must be at least ${limit}${notGiven(given)}.`;
    case 'exclusiveMinimum':
      return `must be more than ${limit}${notGiven(given)}.`;
    case 'maximum':
      return `must be at most ${limit}${notGiven(given)}.`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}${notGiven(given)}.`;
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}${notGiven(given)}.`;
    case 'format':
      return `must be ${FORMATS[String(params.format)] ?? `of the format ${params.format}`}${notGiven(given)}.`;
    case 'pattern': {
      const { description } = schemaAt(schema, schemaPath) as { description?: unknown };
      return typeof description === 'string'
        ? `must be: ${description}${notGiven(given)}.`
        : `must match the pattern ${params.pattern}${notGiven(given)}.`;
    }
    default:
      return `${message}.`;
  }
}

function notGiven({ shown }: Given): string {
  return shown === '' ? '' : `, not ${shown}`;
}

/** What stands at the place; no text of a secret, nor of a long one more than its beginning. */
function givenAt(value: unknown, instancePath: string): Given {
  const steps = stepsOf(instancePath);
  let at = value;
  for (const step of steps)
    at = at !== null && typeof at === 'object' ? (at as Readonly<Record<string, unknown>>)[step] : undefined;
  return { value: at, shown: steps.some(isSecretName) ? '' : shownAs(at) };
}

function shownAs(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const letters = [...value];
  return letters.length <= LONGEST_SHOWN
    ? JSON.stringify(value)
    : `${JSON.stringify(letters.slice(0, LONGEST_SHOWN).join(''))}… (${letters.length} characters)`;
}

function schemaAt(schema: TSchema, schemaPath: string): object {
  let at: unknown = schema;
  for (const step of stepsOf(schemaPath))
    at = at !== null && typeof at === 'object' ? (at as Readonly<Record<string, unknown>>)[step] : undefined;
  return at !== null && typeof at === 'object' ? at : {};
}

function membersOf(schema: object): string[] {
  const properties: unknown = 'properties' in schema ? schema.properties : undefined;
  return properties !== null && typeof properties === 'object' ? Object.keys(properties) : [];
}

/** `/a/0/b` and `c` to `a[0].b.c` */
function pathText(instancePath: string, name?: string): string {
  const steps = stepsOf(instancePath);
  if (name !== undefined) steps.push(name);
  return steps.reduce(
    (text, step) => (/^\d+$/.test(step) && text ? `${text}[${step}]` : text ? `${text}.${step}` : step),
    '',
  );
}

/** Of a JSON pointer (RFC 6901), `#/a` or `/a`. */
function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}
