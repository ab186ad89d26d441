import type { Edit } from '../bind/edits.ts';
import type { KqlErrorPlace } from '../kql-error.ts';
import type { ResultColumn } from '../lower/operators/rule.ts';

/** Names that a query may take on trust in vain: each costs another binding. */
const maxMissing = 100;

/** Columns of operators whose schema depends on their rows, by the place in the query text where the schema is to be written. */
export class LearnedColumns {
  readonly #byOffset = new Map<number, Map<string, ResultColumn>>();
  /** Columns that the query names and no row has: the binder took them on trust before the schema was known. */
  readonly #missing = new Map<number, Set<string>>();
  readonly #tables = new Map<number, Edit>();
  #missingType: 'string' | 'dynamic' = 'string';

  /** A place that is reached by several calls of one function gets the columns of all; of one name, the first type counts. Tells whether any is new. */
  add(offset: number, columns: readonly ResultColumn[]): boolean {
    const known = this.#byOffset.get(offset) ?? new Map<string, ResultColumn>();
    const before = this.#byOffset.has(offset) ? known.size : -1;
    this.#byOffset.set(offset, known);
    for (const column of columns) if (!known.has(column.name)) known.set(column.name, column);
    return known.size > before;
  }

  /** Writes the name of a table in place of what computes it. Tells whether that is new. */
  nameTable({ start, length }: KqlErrorPlace, table: string): boolean {
    if (this.#tables.has(start)) return false;
    this.#tables.set(start, { start, length, text: JSON.stringify(table) });
    return true;
  }

  /** Names learned for a place; undefined where there are none. */
  at(offset: number): ReadonlySet<string> | undefined {
    const known = this.#byOffset.get(offset);
    return known === undefined ? undefined : new Set(known.keys());
  }

  /** Lets the last schema before `place` have a column of nulls by this name. Tells whether there is one that has none. */
  addMissing(place: number, name: string): boolean {
    const offset = [...this.#byOffset.keys()].filter((start) => start <= place).sort((a, b) => b - a)[0];
    if (offset === undefined || this.#byOffset.get(offset)?.has(name) === true) return false;
    const names = this.#missing.get(offset) ?? new Set();
    this.#missing.set(offset, names);
    const isNew = !names.has(name) && names.size < maxMissing;
    if (isNew) names.add(name);
    return isNew;
  }

  /** A null of any type: for a query that does not bind with missing columns as text. Tells whether that is a change. */
  loosenMissing(): boolean {
    const isChange = this.#missing.size > 0 && this.#missingType === 'string';
    this.#missingType = 'dynamic';
    this.#missing.clear();
    return isChange;
  }

  edits(): Edit[] {
    const columns = [...this.#byOffset].map(([start, learned]): Edit => {
      const missing = [...(this.#missing.get(start) ?? [])].map((name) => ({
        name,
        type: this.#missingType,
      }));
      const all = [...learned.values(), ...missing].map(
        ({ name, type }) => `[${JSON.stringify(name)}]:${type}`,
      );
      return { start, length: 0, text: ` : (${all.join(', ')})` };
    });
    return [...columns, ...this.#tables.values()];
  }
}
