/** Which statements PostgreSQL keeps read and planned for one connection, and what their rows look like. */

export interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

export interface KeptStatement {
  readonly name: string;
  /** Null until its first answer told. */
  columns: readonly Column[] | null;
}

const KEPT = 64;
/** Of texts that came once: whoever filters makes many, and most never come again. */
const SEEN = 512;

/** A statement is kept from its second time on. */
export class KeptStatements {
  readonly #kept = new Map<string, KeptStatement>();
  readonly #seen = new Set<string>();
  #dropped: string[] = [];
  #made = 0;

  /** Undefined: it is not worth keeping yet. `fresh`: PostgreSQL has yet to read it. */
  find(key: string): { readonly statement: KeptStatement; readonly fresh: boolean } | undefined {
    const known = this.#kept.get(key);
    if (known) {
      // To the end of the map: its first entry is the one that was not asked for longest.
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return { statement: known, fresh: false };
    }
    if (!this.#seen.delete(key)) {
      if (this.#seen.size >= SEEN) this.#seen.clear();
      this.#seen.add(key);
      return undefined;
    }
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT && oldest !== undefined) this.drop(oldest);
    const statement = { name: `merlon_${this.#made++}`, columns: null };
    this.#kept.set(key, statement);
    return { statement, fresh: true };
  }

  drop(key: string): void {
    const statement = this.#kept.get(key);
    if (!statement) return;
    this.#kept.delete(key);
    this.#dropped.push(statement.name);
  }

  /** Names that PostgreSQL may forget. */
  takeDropped(): readonly string[] {
    const dropped = this.#dropped;
    if (dropped.length > 0) this.#dropped = [];
    return dropped;
  }
}
