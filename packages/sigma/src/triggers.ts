/** What must be seen in an event before a rule can hold: the literals by which the compiled set finds its candidates. */
import type { FieldTest } from './field-test.ts';
import { requiredLiteral } from './regex.ts';
import { fold } from './string-pattern.ts';

export interface Literal {
  /** Folded. */
  readonly text: string;
  /** The value begins (ends) with it. Both: it is the whole value. */
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** A single character is found in nearly every text. */
const LEAST_LENGTH = 2;

/** A literal that every value passing the test holds; null: none is known. */
export function literalOf(test: FieldTest): Literal | null {
  if (test.kind === 'regex') {
    const text = requiredLiteral(test.regex, LEAST_LENGTH);
    return text === null ? null : { text: fold(text), atStart: false, atEnd: false };
  }
  if (test.kind !== 'text') return null;
  let best: Literal | null = null;
  const { parts } = test.pattern;
  for (const [index, part] of parts.entries()) {
    if (!('literal' in part)) continue;
    const text = fold(part.literal);
    if (text.length < LEAST_LENGTH && parts.length > 1) continue;
    if (best === null || text.length > best.text.length) {
      best = { text, atStart: index === 0, atEnd: index === parts.length - 1 };
    }
  }
  return best;
}

/** A literal in a slot (a field as read). */
interface Trigger extends Literal {
  readonly slot: number;
}

/** One of these is seen whenever the rule holds. Null: nothing is known, the rule is evaluated for every event. */
export type Triggers = readonly Trigger[] | null;

export function eitherOf(sets: readonly Triggers[]): Triggers {
  const all: Trigger[] = [];
  for (const set of sets) {
    if (set === null) return null;
    all.push(...set);
  }
  return all;
}

/** Each of the sets would do: the one seen most rarely is taken. */
export function rarestOf(sets: readonly Triggers[]): Triggers {
  let best: Triggers = null;
  for (const set of sets) if (set !== null && (best === null || rarity(set) > rarity(best))) best = set;
  return best;
}

/** By experience: longer is rarer, a whole value rarer still, and every doubling of alternatives costs about a character. */
function rarity(set: readonly Trigger[]): number {
  const lengths = set.map((one) => one.text.length + (one.atStart && one.atEnd ? 8 : 0));
  return Math.min(...lengths) - Math.log2(set.length);
}
