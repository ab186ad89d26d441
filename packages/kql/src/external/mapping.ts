import { ExternalError } from './external-error.ts';

/** Where a column's value comes from. */
export type FieldSource =
  | { readonly kind: 'ordinal'; readonly ordinal: number }
  /** Of a log file with a header. */
  | { readonly kind: 'field'; readonly name: string }
  /** Keys and, from 0, positions below the record. */
  | { readonly kind: 'path'; readonly path: readonly (string | number)[] }
  | { readonly kind: 'constant'; readonly value: string }
  /** The address, or the number of the record in its file. */
  | { readonly kind: 'location' }
  | { readonly kind: 'line' };

export type Transform = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

export interface ColumnMapping {
  readonly source: FieldSource;
  /** The number counts from 1970 in this unit. */
  readonly transform?: Transform;
}

const unixTransforms: Readonly<Record<string, Transform>> = {
  datetimefromunixseconds: 'seconds',
  datetimefromunixmilliseconds: 'milliseconds',
  datetimefromunixmicroseconds: 'microseconds',
  datetimefromunixnanoseconds: 'nanoseconds',
};

/**
 * An ingestion mapping: `[{"Column":"a","Properties":{"Path":"$.x"}}, …]`, with `Ordinal`, `Field`, `ConstValue` and `Transform` as further properties. The
 * older form has the properties beside the name.
 * @throws ExternalError naming what is not understood
 */
export function parseMapping(json: string): ReadonlyMap<string, ColumnMapping> {
  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch {
    throw new ExternalError('an ingestionMapping that is not JSON');
  }
  if (!Array.isArray(written)) throw new ExternalError('an ingestionMapping that is not an array');
  return new Map(written.map(columnMapping));
}

function columnMapping(entry: unknown): [string, ColumnMapping] {
  const outer = lowered(entry);
  const column = outer.get('column') ?? outer.get('name');
  if (typeof column !== 'string') throw new ExternalError('an ingestionMapping without a column');
  const properties = new Map([...outer, ...lowered(outer.get('properties') ?? {})]);
  const transform = String(properties.get('transform') ?? '').toLowerCase();
  const unit = unixTransforms[transform];
  const source = sourceOf(properties, transform, column);
  if (transform === '' || transform === 'none' || source.kind === 'location' || source.kind === 'line')
    return [column, { source }];
  if (unit === undefined)
    throw new ExternalError(`an ingestionMapping with the transform ${String(properties.get('transform'))}`);
  return [column, { source, transform: unit }];
}

function sourceOf(properties: ReadonlyMap<string, unknown>, transform: string, column: string): FieldSource {
  if (transform === 'sourcelocation') return { kind: 'location' };
  if (transform === 'sourcelinenumber') return { kind: 'line' };
  const constant = properties.get('constvalue') ?? properties.get('constantvalue');
  if (constant !== undefined && constant !== null) return { kind: 'constant', value: String(constant) };
  const path = properties.get('path');
  if (typeof path === 'string') return { kind: 'path', path: parsePath(path) };
  const field = properties.get('field');
  if (typeof field === 'string') return { kind: 'field', name: field };
  const ordinal = properties.get('ordinal');
  if (ordinal !== undefined && /^\d+$/.test(String(ordinal)))
    return { kind: 'ordinal', ordinal: Number(ordinal) };
  throw new ExternalError(`an ingestionMapping that does not say where '${column}' comes from`);
}

function lowered(value: unknown): Map<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw new ExternalError('an ingestionMapping of this shape');
  return new Map(Object.entries(value).map(([key, inner]) => [key.toLowerCase(), inner]));
}

const pathSegment = /\.([^.[\]]+)|\[\s*'([^']*)'\s*\]|\[\s*"([^"]*)"\s*\]|\[\s*(\d+)\s*\]/y;

/** `$.a['b c'][0]` as keys and positions. */
export function parsePath(written: string): (string | number)[] {
  const path: (string | number)[] = [];
  if (!written.startsWith('$')) throw new ExternalError(`the path '${written}'`);
  pathSegment.lastIndex = 1;
  while (pathSegment.lastIndex < written.length) {
    const match = pathSegment.exec(written);
    if (match === null) throw new ExternalError(`the path '${written}'`);
    const [, dotted, single, double, position] = match;
    path.push(position === undefined ? (dotted ?? single ?? double ?? '') : Number(position));
  }
  return path;
}
