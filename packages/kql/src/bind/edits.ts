import type { KqlErrorPlace } from '../kql-error.ts';

/** A change to the query text before it is bound, in the places of the text as it was given. */
export interface Edit {
  readonly start: number;
  readonly length: number;
  readonly text: string;
  /** What of the given text stands behind the new one, where that is not what it replaces. */
  readonly place?: KqlErrorPlace;
}

/**
 * The text that is bound in place of the one that was given: what only the rows can tell (the columns of `bag_unpack`) or only our service has
 * (`FileProfile`) is written into it. Places in it lead back to the text as it was given.
 */
export class EditedText {
  readonly text: string;
  readonly #original: string;
  /** By place, none overlapping another, each with where its new text begins. */
  readonly #edits: readonly (Edit & { readonly begins: number })[];

  constructor(original: string, edits: readonly Edit[]) {
    this.#original = original;
    let [text, at] = ['', 0];
    this.#edits = [...edits]
      .sort((a, b) => a.start - b.start || a.length - b.length)
      .map((edit) => {
        if (edit.start < at) throw new TypeError('edits overlap');
        const begins = text.length + edit.start - at;
        text += original.slice(at, edit.start) + edit.text;
        at = edit.start + edit.length;
        return { ...edit, begins };
      });
    this.text = text + original.slice(at);
  }

  /** Where a place of the edited text is in the original. */
  originalPlace({ start, length }: KqlErrorPlace): KqlErrorPlace {
    const within = this.#edits.find(({ begins, text }) => start >= begins && start < begins + text.length);
    if (within?.place !== undefined) return within.place;
    const from = within === undefined ? this.originalOffset(start) : within.start;
    return { start: from, length: Math.max(0, this.originalOffset(start + length) - from) };
  }

  /** The original offset of an edited one; of one within a new text, the end of what it replaces. */
  originalOffset(offset: number): number {
    let shift = 0;
    for (const { start, length, begins, text } of this.#edits) {
      if (offset <= begins) break;
      if (offset <= begins + text.length) return start + length;
      shift = begins + text.length - (start + length);
    }
    return Math.min(offset - shift, this.#original.length);
  }
}
