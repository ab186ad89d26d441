/** What a list is asked for (RFC 7644 §3.4.2): which, in which order, from where, how many, with which attributes. Pure. */
import { ScimError } from '@merlon/contract';
import { type Filter, parseFilter } from './filter.ts';
import { comparable, type Document, isDocument, valuesAt } from './match.ts';
import type { Projection } from './resource.ts';
import { type AttributePath, named, type ResourceType, resolvePath } from './schema.ts';

export const MOST_RESULTS = 200;
const USUAL_RESULTS = 100;

export type Parameters = Readonly<Record<string, string | string[] | undefined>>;

export interface ListQuery {
  readonly filter: Filter | null;
  readonly sort: { readonly path: AttributePath; readonly descending: boolean } | null;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
  readonly projection: Projection;
}

/** @throws ScimError */
export function readListQuery(type: ResourceType, parameters: Parameters): ListQuery {
  const filter = single(parameters, 'filter');
  const sortBy = single(parameters, 'sortBy');
  return {
    filter: filter === undefined ? null : parseFilter(type, filter),
    sort:
      sortBy === undefined
        ? null
        : { path: sortPath(type, sortBy), descending: isDescending(single(parameters, 'sortOrder')) },
    startIndex: Math.max(1, whole(parameters, 'startIndex') ?? 1),
    count: Math.min(MOST_RESULTS, Math.max(0, whole(parameters, 'count') ?? USUAL_RESULTS)),
    projection: readProjection(parameters),
  };
}

/** @throws ScimError */
export function readProjection(parameters: Parameters): Projection {
  const attributes = single(parameters, 'attributes');
  const excluded = single(parameters, 'excludedAttributes');
  if (attributes !== undefined && excluded !== undefined)
    throw new ScimError('invalidValue', "'attributes' and 'excludedAttributes' exclude each other.");
  return { attributes: attributes === undefined ? null : names(attributes), excluded: names(excluded ?? '') };
}

/**
 * The values that an attribute must equal for the filter to be met, so far as they stand in a conjunction: enough to look them up instead of reading
 * everything. The filter itself is still to be asked.
 */
export function wanted(filter: Filter | null, name: string, sub: string | null = null): string | null {
  if (filter === null) return null;
  if (filter.kind === 'and') return wanted(filter.left, name, sub) ?? wanted(filter.right, name, sub);
  if (filter.kind === 'some' && sub !== null && filter.path.attribute.name === name)
    return wanted(filter.of, sub);
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || typeof filter.value !== 'string') return null;
  const { path } = filter;
  return path.extension === null && path.attribute.name === name && (path.sub?.name ?? null) === sub
    ? filter.value
    : null;
}

/** Whether the filter looks at an attribute. */
export function looksAt(filter: Filter | null, name: string): boolean {
  if (filter === null) return false;
  switch (filter.kind) {
    case 'and':
    case 'or':
      return looksAt(filter.left, name) || looksAt(filter.right, name);
    case 'not':
      return looksAt(filter.of, name);
    case 'present':
    case 'compare':
    case 'some':
      return filter.path.attribute.name === name;
  }
}

/** Of many values the primary one, else the first, says where a resource stands; what has none comes last (RFC 7644 §3.4.2.3). */
export function sorted(resources: readonly Document[], sort: NonNullable<ListQuery['sort']>): Document[] {
  const { path, descending } = sort;
  const attribute = path.sub ?? path.attribute;
  const keyed = resources.map((resource) => ({
    resource,
    key: comparable(attribute, primaryAt(resource, path)),
  }));
  const direction = descending ? -1 : 1;
  return keyed
    .sort((a, b) => {
      if (a.key === b.key) return 0;
      if (a.key === null) return direction;
      if (b.key === null) return -direction;
      return a.key < b.key ? -direction : direction;
    })
    .map(({ resource }) => resource);
}

function primaryAt(resource: Document, path: AttributePath): unknown {
  if (path.sub === null) return valuesAt(resource, path)[0];
  const all = valuesAt(resource, { ...path, sub: null }).filter(isDocument);
  const first = all.find(({ primary }) => primary === true) ?? all[0];
  return first?.[path.sub.name];
}

function sortPath(type: ResourceType, text: string): AttributePath {
  const path = resolvePath(type, text);
  if (!path) throw new ScimError('invalidPath', `There is no attribute '${text.slice(0, 200)}' to sort by.`);
  const value = named(path.attribute.subAttributes ?? [], 'value');
  if (path.attribute.type !== 'complex' || path.sub !== null) return path;
  if (!value) throw new ScimError('invalidPath', `'${text}' can only be sorted by one of its parts.`);
  return { ...path, sub: value };
}

function isDescending(order: string | undefined): boolean {
  const folded = order?.toLowerCase() ?? 'ascending';
  if (folded !== 'ascending' && folded !== 'descending')
    throw new ScimError('invalidValue', "'sortOrder' is ascending or descending.");
  return folded === 'descending';
}

/** Names of query parameters come in any case. */
function single(parameters: Parameters, name: string): string | undefined {
  const [value, ...more] = Object.entries(parameters)
    .filter(([own]) => own.toLowerCase() === name.toLowerCase())
    .flatMap(([, own]) => own ?? []);
  if (more.length > 0) throw new ScimError('invalidValue', `'${name}' appears more than once.`);
  return value === '' ? undefined : value;
}

function whole(parameters: Parameters, name: string): number | undefined {
  const text = single(parameters, name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw new ScimError('invalidValue', `'${name}' must be a whole number.`);
  return Number(text);
}

function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .slice(0, 200);
}
