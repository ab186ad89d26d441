import type { Edit } from '../bind/edits.ts';
import type { ResultColumn } from '../lower/operators/rule.ts';

/** Columns of operators whose schema depends on their rows, by the place in the query text where the schema is to be written. */
export class LearnedColumns {
  readonly #byOffset = new Map<number, Map<string, ResultColumn>>();

  /** A place that is reached by several calls of one function gets the columns of all; of one name, the first type counts. Tells whether any is new. */
  add(offset: number, columns: readonly ResultColumn[]): boolean {
    const known = this.#byOffset.get(offset) ?? new Map<string, ResultColumn>();
    const before = this.#byOffset.has(offset) ? known.size : -1;
    this.#byOffset.set(offset, known);
    for (const column of columns) if (!known.has(column.name)) known.set(column.name, column);
    return known.size > before;
  }

  edits(): Edit[] {
    return [...this.#byOffset].map(([start, columns]) => ({
      start,
      length: 0,
      text: ` : (${[...columns.values()].map(({ name, type }) => `[${JSON.stringify(name)}]:${type}`).join(', ')})`,
    }));
  }
}
