/**
 * Conditions: `selection and not 1 of filter_*`. `not` binds closest, then `and`, then `or`. Names are resolved here, so that a condition
 * that parses can be evaluated.
 */
import { compilePattern, parsePattern } from './string-pattern.ts';

export type Condition =
  | { readonly kind: 'selection'; readonly name: string }
  /** `1 of` (`any`) or `all of` these, never none. */
  | { readonly kind: 'of'; readonly quantifier: 'any' | 'all'; readonly names: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition };

/** Without a place: the caller knows the file. */
export class ConditionProblem extends Error {
  readonly kind: 'syntax' | 'unsupported' | 'rule';
  constructor(kind: 'syntax' | 'unsupported' | 'rule', problem: string) {
    super(problem);
    this.kind = kind;
  }
}

interface Token {
  readonly text: string;
  /** From 1. */
  readonly at: number;
}

const MAX_CHARACTERS = 8_192;
const MAX_DEPTH = 64;

/** @throws ConditionProblem */
export function parseCondition(text: string, selections: readonly string[]): Condition {
  if (text.length > MAX_CHARACTERS) {
    throw new ConditionProblem('syntax', `the condition is longer than ${MAX_CHARACTERS} characters`);
  }
  const parser = new Parser(tokenize(text), selections);
  return parser.whole();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[()]|\||[^\s()|]+/g)) {
    const at = match.index + 1;
    if (match[0] === '|') {
      const name = /^\s*([A-Za-z]+)/.exec(text.slice(at))?.[1] ?? '';
      throw new ConditionProblem(
        'unsupported',
        `character ${at}: aggregations ("| ${name}") are not supported; a rule here looks at one event`,
      );
    }
    tokens.push({ text: match[0], at });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #selections: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], selections: readonly string[]) {
    this.#tokens = tokens;
    this.#selections = selections;
  }

  whole(): Condition {
    if (this.#tokens.length === 0) throw new ConditionProblem('syntax', 'the condition is empty');
    const condition = this.#or();
    const extra = this.#tokens[this.#at];
    if (extra) throw this.#unexpected(extra);
    return condition;
  }

  #or(): Condition {
    return this.#chain('or', () => this.#chain('and', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', operand: () => Condition): Condition {
    const first = operand();
    const of = [first];
    while (this.#take(kind)) of.push(operand());
    return of.length === 1 ? first : { kind, of };
  }

  #not(): Condition {
    if (!this.#take('not')) return this.#operand();
    this.#deeper();
    const of = this.#not();
    this.#depth -= 1;
    return { kind: 'not', of };
  }

  #operand(): Condition {
    const token = this.#next();
    const word = token.text.toLowerCase();
    if (token.text === '(') {
      this.#deeper();
      const inner = this.#or();
      this.#depth -= 1;
      const close = this.#next();
      if (close.text !== ')') throw this.#unexpected(close);
      return inner;
    }
    if (token.text === ')' || word === 'and' || word === 'or' || word === 'of') throw this.#unexpected(token);
    if (this.#tokens[this.#at]?.text.toLowerCase() === 'of') {
      this.#at += 1;
      return this.#of(token, word);
    }
    if (word === 'near') {
      throw new ConditionProblem('unsupported', `character ${token.at}: "near" is not supported`);
    }
    if (!this.#selections.includes(token.text)) {
      throw new ConditionProblem('rule', `character ${token.at}: there is no selection "${token.text}"`);
    }
    return { kind: 'selection', name: token.text };
  }

  #of(quantity: Token, word: string): Condition {
    if (word !== '1' && word !== 'any' && word !== 'all') {
      throw new ConditionProblem(
        'unsupported',
        `character ${quantity.at}: "${quantity.text} of" is not supported; only "1 of", "any of" and "all of" are`,
      );
    }
    const target = this.#next();
    if (target.text === '(' || target.text === ')') throw this.#unexpected(target);
    const names = this.#named(target.text);
    if (names.length === 0) {
      throw new ConditionProblem(
        'rule',
        `character ${target.at}: no selection is named like "${target.text}"`,
      );
    }
    return { kind: 'of', quantifier: word === 'all' ? 'all' : 'any', names };
  }

  /** `them` leaves out names that begin with an underscore. */
  #named(pattern: string): string[] {
    if (pattern.toLowerCase() === 'them') return this.#selections.filter((name) => !name.startsWith('_'));
    const fits = compilePattern(parsePattern(pattern), false);
    return this.#selections.filter(fits);
  }

  #take(word: string): boolean {
    if (this.#tokens[this.#at]?.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (!token) throw new ConditionProblem('syntax', 'the condition ends too early');
    this.#at += 1;
    return token;
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH)
      throw new ConditionProblem('syntax', `nested deeper than ${MAX_DEPTH} levels`);
  }

  #unexpected(token: Token): ConditionProblem {
    return new ConditionProblem('syntax', `character ${token.at}: "${token.text}" is not expected here`);
  }
}
