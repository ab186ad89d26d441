/**
 * Finds which of many texts stand in a text, in one pass (Aho-Corasick, with its failure links worked into one table). Case is folded on the
 * way while the text is ASCII; on the first character beyond it the pass begins again on the folded text.
 */

export interface LiteralNeedle {
  /** Folded, not empty. */
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  /** What to report. */
  readonly ids: readonly number[];
}

interface Hit {
  readonly length: number;
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly ids: readonly number[];
}

const ASCII = 128;

export class LiteralAutomaton {
  /** Character -> its column in the table; 0 for all that stand in no needle. */
  readonly #asciiClass = new Int32Array(ASCII);
  readonly #wideClass = new Map<number, number>();
  /** State (as the index of its row) and class -> next state; the complement where that state has hits. */
  readonly #next: Int32Array;
  readonly #classes: number;
  readonly #hits: readonly (readonly Hit[])[];

  constructor(needles: readonly LiteralNeedle[]) {
    this.#classes = this.#classify(needles);
    const { goto, hits } = this.#trie(needles);
    this.#hits = hits;
    this.#next = this.#complete(goto, hits);
  }

  /** Calls `found` for every id of every needle; an id may come more than once. */
  scan(raw: string, folded: () => string, found: (id: number) => void): void {
    if (!this.#pass(raw, true, found)) this.#pass(folded(), false, found);
  }

  /** False: given up at a character that is not ASCII. */
  #pass(text: string, asciiOnly: boolean, found: (id: number) => void): boolean {
    const next = this.#next;
    const classes = this.#asciiClass;
    let state = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      let column: number;
      if (code < ASCII) column = classes[code] as number;
      else if (asciiOnly) return false;
      else column = this.#wideClass.get(code) ?? 0;
      state = next[state + column] as number;
      if (state < 0) {
        state = ~state;
        this.#report(state, i + 1, text.length, found);
      }
    }
    return true;
  }

  #report(state: number, end: number, length: number, found: (id: number) => void): void {
    for (const hit of this.#hits[state / this.#classes] ?? []) {
      if (hit.atEnd && end !== length) continue;
      if (hit.atStart && end !== hit.length) continue;
      for (const id of hit.ids) found(id);
    }
  }

  #classify(needles: readonly LiteralNeedle[]): number {
    let classes = 1;
    for (const { text } of needles) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code >= ASCII) {
          if (!this.#wideClass.has(code)) this.#wideClass.set(code, classes++);
        } else if (this.#asciiClass[code] === 0) this.#asciiClass[code] = classes++;
      }
    }
    for (let lower = 0x61; lower <= 0x7a; lower++) {
      this.#asciiClass[lower - 0x20] = this.#asciiClass[lower] as number;
    }
    return classes;
  }

  #classOf(code: number): number {
    return code < ASCII ? (this.#asciiClass[code] as number) : (this.#wideClass.get(code) ?? 0);
  }

  #trie(needles: readonly LiteralNeedle[]): { goto: Map<number, number>[]; hits: Hit[][] } {
    const goto: Map<number, number>[] = [new Map()];
    const hits: Hit[][] = [[]];
    for (const { text, atStart, atEnd, ids } of needles) {
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        const column = this.#classOf(text.charCodeAt(i));
        let to = goto[state]?.get(column);
        if (to === undefined) {
          to = goto.length;
          goto.push(new Map());
          hits.push([]);
          goto[state]?.set(column, to);
        }
        state = to;
      }
      hits[state]?.push({ length: text.length, atStart, atEnd, ids });
    }
    return { goto, hits };
  }

  #complete(goto: readonly Map<number, number>[], hits: Hit[][]): Int32Array {
    const width = this.#classes;
    const next = new Int32Array(goto.length * width);
    const fail = new Int32Array(goto.length);
    const queue = [0];
    for (let head = 0; head < queue.length; head++) {
      const state = queue[head] as number;
      const back = fail[state] as number;
      if (state !== back) hits[state]?.push(...(hits[back] ?? []));
      for (let column = 0; column < width; column++) {
        const to = goto[state]?.get(column);
        const elsewhere = state === 0 ? 0 : (next[back * width + column] as number);
        if (to === undefined) next[state * width + column] = elsewhere;
        else {
          next[state * width + column] = to;
          fail[to] = elsewhere;
          queue.push(to);
        }
      }
    }
    for (let i = 0; i < next.length; i++) {
      const to = next[i] as number;
      next[i] = hits[to]?.length ? ~(to * width) : to * width;
    }
    return next;
  }
}
