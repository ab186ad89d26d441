/** Where in a query the server found fault: it says `(at position 12, length 3)`. Pure. */

export interface QueryProblem {
  /** What is wrong, without the place. */
  readonly message: string;
  /** Offset and length in UTF-16 units; null when the server names no place. */
  readonly place: { readonly from: number; readonly length: number } | null;
  /** Line and column, from 1, as the editor shows them. */
  readonly line: number | null;
  readonly column: number | null;
}

const PLACE = /\s*\(at position (\d+), length (\d+)\)\s*$/;

export function queryProblem(message: string, query: string): QueryProblem {
  const found = PLACE.exec(message);
  if (!found) return { message, place: null, line: null, column: null };
  const from = Math.min(Number(found[1]), query.length);
  const before = query.slice(0, from).split('\n');
  return {
    message: message.slice(0, found.index),
    place: { from, length: Math.min(Number(found[2]), query.length - from) },
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
  };
}
