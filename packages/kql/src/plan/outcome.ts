import type { Translation } from '../translation.ts';

/**
 * What translating a query gives: the statement to run, or what must be known before there can be one. A query that calls, say, `bag_unpack` has
 * columns that depend on its rows: they are asked for first, and the query is translated again with the answer among its `supplied`.
 */
export type Outcome =
  | { readonly kind: 'statement'; readonly translation: Translation }
  | { readonly kind: 'needs'; readonly needs: readonly Need[] };

export type Need = RowsNeed | ExternalNeed;

/** Rows of a statement of its own, which carries the scope as every statement does. */
export interface RowsNeed {
  readonly kind: 'rows';
  /** The same for the same query and answers: a second translation asks by the same name. */
  readonly id: string;
  readonly statement: Translation;
  /** The statement gives one row more at most; a query whose rows are more than this is refused. */
  readonly maxRows: number;
}

/** The bytes behind one address of `externaldata`, under the administrator's allow-list. */
export interface ExternalNeed {
  readonly kind: 'external';
  readonly id: string;
  readonly url: string;
  /** Written as an obfuscated string (`h"…"`): the address holds a secret and belongs in no log. */
  readonly isSecret: boolean;
  readonly maxBytes: number;
}

/** Answers by the id of the need: the rows in wire form, or the bytes. */
export type Supplied = Readonly<Record<string, readonly (readonly unknown[])[] | Uint8Array>>;

/** Whoever can run a statement and fetch an address. Its errors reach the caller of `prepare` as they are. */
export interface QueryHost {
  /** The rows of the statement, in wire form. */
  rows(
    statement: Translation,
    maxRows: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly (readonly unknown[])[]>;
  /** The bytes behind the address. What the administrator does not allow it refuses, best with `KqlError.unsupported`. */
  external(request: ExternalNeed, signal: AbortSignal | undefined): Promise<Uint8Array>;
}
