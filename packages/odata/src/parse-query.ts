import type { FilterNode } from './filter-node.ts';
import { ODataError, shown } from './odata-error.ts';
import { findField, type ODataField, type ODataSet } from './odata-set.ts';
import { parseFilter } from './parse-filter.ts';

export interface ODataOrder {
  readonly field: ODataField;
  readonly direction: 'asc' | 'desc';
}

export interface ODataQuery {
  readonly filter: FilterNode | null;
  /** Undefined: not asked for; the page size of the set holds. */
  readonly top: number | undefined;
  readonly skip: number;
  /** As the set's own `@odata.nextLink` gave it; opaque here. */
  readonly skipToken: string | undefined;
  readonly orderBy: readonly ODataOrder[];
  /** Names as the wire spells them; null: all. */
  readonly select: readonly string[] | null;
  readonly expand: readonly string[];
  readonly count: boolean;
}

const OPTIONS = [
  '$filter',
  '$top',
  '$skip',
  '$orderby',
  '$select',
  '$expand',
  '$count',
  '$skiptoken',
] as const;
type Option = (typeof OPTIONS)[number];

/** Characters of `$orderby`, `$select` and `$expand`. */
const LIST_LENGTH = 8192;
/** Properties of one `$orderby`. */
const ORDER_LENGTH = 10;

/**
 * Reads the query options of a request. Names that do not begin with `$` are the route's own and are passed over.
 *
 * @param search query part of the address, with or without `?`, still encoded; or already split.
 * @throws ODataError naming the option, for anything but what the set offers.
 */
export function parseQuery(search: URLSearchParams | string, set: ODataSet): ODataQuery {
  const options = collect(typeof search === 'string' ? new URLSearchParams(search) : search);
  const filter = options.get('$filter');
  const top = integer('$top', options);
  if (top !== undefined && top > set.maxTop) {
    throw new ODataError('$top', `${top} is more than the ${set.maxTop} allowed for ${set.name}`);
  }
  return {
    filter: filter === undefined ? null : parseFilter(filter, set),
    top,
    skip: integer('$skip', options) ?? 0,
    skipToken: skipToken(options, set),
    orderBy: orderBy(list('$orderby', options), set),
    select: select(list('$select', options), set),
    expand: expand(list('$expand', options), set),
    count: flag('$count', options),
  };
}

function collect(search: URLSearchParams): ReadonlyMap<Option, string> {
  const options = new Map<Option, string>();
  for (const [name, value] of search) {
    if (!name.startsWith('$')) continue;
    const option = OPTIONS.find((known) => known === name.toLowerCase());
    if (!option) throw new ODataError(shown(name), 'this query option is not supported');
    if (options.has(option)) throw new ODataError(option, 'this query option is given twice');
    options.set(option, value);
  }
  return options;
}

function integer(option: Option, options: ReadonlyMap<Option, string>): number | undefined {
  const text = options.get(option);
  if (text === undefined) return undefined;
  const value = /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new ODataError(option, `${shown(text)} is no whole number from 0`);
  return value;
}

function skipToken(options: ReadonlyMap<Option, string>, set: ODataSet): string | undefined {
  const token = options.get('$skiptoken');
  if (token !== undefined && !set.paging) throw new ODataError('$skiptoken', `${set.name} has no such pages`);
  return token;
}

function flag(option: Option, options: ReadonlyMap<Option, string>): boolean {
  const text = options.get(option);
  const value = text?.trim().toLowerCase();
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new ODataError(option, `${shown(text ?? '')} is neither true nor false`);
}

interface Item {
  readonly text: string;
  readonly at: number;
}

/** Parts between commas, trimmed; null when the option is absent. */
function list(option: Option, options: ReadonlyMap<Option, string>): Item[] | null {
  const text = options.get(option);
  if (text === undefined) return null;
  if (text.length > LIST_LENGTH) throw new ODataError(option, `longer than ${LIST_LENGTH} characters`);
  let at = 0;
  return text.split(',').map((part) => {
    const item = { text: part.trim(), at: at + part.length - part.trimStart().length };
    at += part.length + 1;
    if (item.text === '') throw new ODataError(option, 'a name is missing', { position: item.at });
    return item;
  });
}

function fieldOf(option: Option, name: string, at: number, set: ODataSet): ODataField {
  const field = findField(set.fields, name);
  if (field) return field;
  throw new ODataError(option, `${shown(name)} is no property of ${set.name}`, {
    position: at,
    property: name,
  });
}

function orderBy(items: readonly Item[] | null, set: ODataSet): ODataOrder[] {
  const orders: ODataOrder[] = [];
  for (const { text, at } of items ?? []) {
    const [name = '', direction = 'asc', ...rest] = text.split(/[\s+]+/);
    const word = direction.toLowerCase();
    if (rest.length > 0 || (word !== 'asc' && word !== 'desc')) {
      throw new ODataError('$orderby', `${shown(text)} is not "<property> asc" or "<property> desc"`, {
        position: at,
        property: name,
      });
    }
    const field = fieldOf('$orderby', name, at, set);
    if (!field.sortable) {
      throw new ODataError('$orderby', `${shown(name)} cannot be sorted by`, {
        position: at,
        property: name,
      });
    }
    if (orders.some((order) => order.field === field)) {
      throw new ODataError('$orderby', `${shown(name)} is given twice`, { position: at, property: name });
    }
    if (orders.length === ORDER_LENGTH) {
      throw new ODataError('$orderby', `rows are sorted by at most ${ORDER_LENGTH} properties`, {
        position: at,
      });
    }
    orders.push({ field, direction: word });
  }
  return orders;
}

function select(items: readonly Item[] | null, set: ODataSet): string[] | null {
  if (items === null) return null;
  const names = new Set<string>();
  for (const { text, at } of items) if (text !== '*') names.add(fieldOf('$select', text, at, set).name);
  return items.some((item) => item.text === '*') ? null : [...names];
}

function expand(items: readonly Item[] | null, set: ODataSet): string[] {
  const names = new Set<string>();
  for (const { text, at } of items ?? []) {
    if (text === '*') {
      for (const name of set.expandable) names.add(name);
      continue;
    }
    const name = set.expandable.find((known) => known.toLowerCase() === text.toLowerCase());
    if (name === undefined) {
      throw new ODataError('$expand', `${shown(text)} cannot be expanded in ${set.name}`, {
        position: at,
        property: text,
      });
    }
    names.add(name);
  }
  return [...names];
}
