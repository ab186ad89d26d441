import type { FilterNode } from './filter-node.ts';
import { ODataError, shown } from './odata-error.ts';
import { findField, type ODataExpandable, type ODataField, type ODataSet } from './odata-set.ts';
import { parseFilter } from './parse-filter.ts';

export interface ODataOrder {
  readonly field: ODataField;
  readonly direction: 'asc' | 'desc';
}

export interface ODataExpansion {
  /** As the wire spells it. */
  readonly name: string;
  /** What is asked of its items. */
  readonly query: ODataQuery;
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
  readonly expand: readonly ODataExpansion[];
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
  return readOptions(typeof search === 'string' ? new URLSearchParams(search) : search, set);
}

function readOptions(given: Iterable<readonly [string, string]>, set: ODataSet): ODataQuery {
  const options = collect(given);
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
    expand: expand(options.get('$expand'), set),
    count: flag('$count', options),
  };
}

function collect(given: Iterable<readonly [string, string]>): ReadonlyMap<Option, string> {
  const options = new Map<Option, string>();
  for (const [name, value] of given) {
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
  return text === undefined ? null : parts(option, text, ',');
}

/** What stands between the separators, trimmed; those inside parentheses and quotes do not separate. */
function parts(option: Option, text: string, separator: ',' | ';'): Item[] {
  if (text.length > LIST_LENGTH) throw new ODataError(option, `longer than ${LIST_LENGTH} characters`);
  const items: Item[] = [];
  let [from, depth, quoted] = [0, 0, false];
  for (let at = 0; at <= text.length; at++) {
    const char = text.charAt(at);
    // A doubled quote ends the text and begins it anew, which is the same here.
    if (char === "'") quoted = !quoted;
    else if (!quoted && char === '(') depth++;
    else if (!quoted && char === ')') depth--;
    if (at < text.length && (quoted || depth > 0 || char !== separator)) continue;
    const part = text.slice(from, at);
    const item = { text: part.trim(), at: from + part.length - part.trimStart().length };
    if (item.text === '') throw new ODataError(option, 'a name is missing', { position: item.at });
    items.push(item);
    from = at + 1;
  }
  return items;
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

function expand(text: string | undefined, set: ODataSet): ODataExpansion[] {
  const expansions = new Map<string, ODataQuery>();
  for (const item of text === undefined ? [] : parts('$expand', text, ',')) {
    const open = item.text.indexOf('(');
    const closed = open >= 0 && item.text.endsWith(')');
    const name = closed ? item.text.slice(0, open).trim() : item.text;
    const options = closed ? item.text.slice(open + 1, -1) : undefined;
    if (name === '*' && options === undefined) {
      for (const { name: each, items } of set.expandable) expansions.set(each, readOptions([], items));
      continue;
    }
    const found = set.expandable.find((known) => known.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      throw new ODataError('$expand', `${shown(name)} cannot be expanded in ${set.name}`, {
        position: item.at,
        property: name,
      });
    }
    if (expansions.has(found.name)) {
      throw new ODataError('$expand', `${shown(name)} is given twice`, { position: item.at, property: name });
    }
    expansions.set(found.name, nested(found, options));
  }
  return [...expansions].map(([name, query]) => ({ name, query }));
}

/** What stands in the parentheses: `$select=a,b;$top=3`. @throws ODataError that names what is wrong there */
function nested({ name, items }: ODataExpandable, text: string | undefined): ODataQuery {
  const options = text === undefined || text.trim() === '' ? [] : parts('$expand', text, ';');
  try {
    return readOptions(
      options.map(({ text: option }) => {
        const at = option.indexOf('=');
        const own = at < 0 ? option : option.slice(0, at).trim();
        // Here nothing is the route's own.
        if (!own.startsWith('$')) throw new ODataError(shown(own), 'this query option is not supported');
        return [own, at < 0 ? '' : option.slice(at + 1)] as const;
      }),
      items,
    );
  } catch (error) {
    if (error instanceof ODataError) throw new ODataError('$expand', `in ${name}: ${error.message}`);
    throw error;
  }
}
