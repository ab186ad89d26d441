/** The part of each list page that lives in its address. What does not fit is left out, never an error: addresses are edited by hand. */

import { pageSizes } from '../ui/page-sizes.ts';

export interface ListAddress {
  readonly q?: string;
  readonly sort?: string;
  readonly page?: number;
  /** Rows on a page. */
  readonly size?: number;
  /** Ids of the columns shown; absent: the usual ones. */
  readonly cols?: readonly string[];
}

type Search = Record<string, unknown>;

export function readList(search: Search): ListAddress {
  const page = Number(search.page);
  return {
    ...text('q', search),
    ...text('sort', search),
    ...(Number.isInteger(page) && page > 1 ? { page } : {}),
    ...(pageSizes.some((size) => size === Number(search.size)) ? { size: Number(search.size) } : {}),
    ...choices('cols', search),
  };
}

/** A text under that name, if there is one. The router reads `?q=12` as a number. */
export function text<K extends string>(name: K, search: Search): { readonly [key in K]?: string } {
  const value = search[name];
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return {};
  return { [name]: String(value) } as { [key in K]?: string };
}

/** Those of the values under that name that are among the known ones; all texts where there are no known ones. */
export function choices<K extends string>(
  name: K,
  search: Search,
  known?: readonly string[],
): { readonly [key in K]?: readonly string[] } {
  const value = search[name];
  const list = (Array.isArray(value) ? value : value === undefined ? [] : [value])
    .map(String)
    .filter((one) => known === undefined || known.includes(one));
  return list.length === 0 ? {} : ({ [name]: list } as unknown as { [key in K]?: readonly string[] });
}
