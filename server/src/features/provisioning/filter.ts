/**
 * Filters and PATCH paths of SCIM (RFC 7644 §3.4.2.2, §3.5.2), text to tree. Names are looked up while reading, so that a tree names only what
 * there is. Pure.
 */
import { ScimError, type ScimErrorType } from '@merlon/contract';
import { type Attribute, type AttributePath, named, type ResourceType, resolvePath } from './schema.ts';

export type Literal = string | number | boolean | null;
export const operators = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Operator = (typeof operators)[number];

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | {
      readonly kind: 'compare';
      readonly path: AttributePath;
      readonly operator: Operator;
      readonly value: Literal;
    }
  /** One of the values of a many-valued attribute meets the condition, whose paths start at the value. */
  | { readonly kind: 'some'; readonly path: AttributePath; readonly of: Filter };

/** Where a PATCH operation works. `filter` chooses among the values of the attribute. */
export type PatchTarget =
  | { readonly kind: 'attribute'; readonly path: AttributePath; readonly filter: Filter | null }
  | { readonly kind: 'extension'; readonly id: string };

const LONGEST = 8_192;
const DEEPEST = 40;
const NAME = /[A-Za-z$][A-Za-z0-9_$:.-]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** @throws ScimError invalidFilter */
export function parseFilter(type: ResourceType, text: string): Filter {
  const reader = new Reader(text, 'invalidFilter');
  const filter = reader.either((name) => resolvePath(type, name), 0);
  reader.end();
  return filter;
}

/** @throws ScimError invalidPath */
export function parsePath(type: ResourceType, text: string): PatchTarget {
  const extension = type.extensions.find(({ id }) => id.toLowerCase() === text.trim().toLowerCase());
  if (extension) return { kind: 'extension', id: extension.id };
  const reader = new Reader(text, 'invalidPath');
  const path = reader.path((name) => resolvePath(type, name));
  if (!reader.taken('[')) {
    reader.end();
    return { kind: 'attribute', path, filter: null };
  }
  const filter = reader.ofValue(path, 0);
  const sub = reader.part(path.attribute);
  reader.end();
  return { kind: 'attribute', path: { ...path, sub }, filter };
}

type Lookup = (name: string) => AttributePath | null;

class Reader {
  readonly #text: string;
  readonly #kind: ScimErrorType;
  #at = 0;

  constructor(text: string, kind: ScimErrorType) {
    this.#text = text;
    this.#kind = kind;
    if (text.length > LONGEST) throw new ScimError(kind, `It is longer than ${LONGEST} characters.`);
  }

  either(lookup: Lookup, depth: number): Filter {
    let left = this.#both(lookup, depth);
    while (this.#word('or')) left = { kind: 'or', left, right: this.#both(lookup, depth) };
    return left;
  }

  #both(lookup: Lookup, depth: number): Filter {
    let left = this.#one(lookup, depth);
    while (this.#word('and')) left = { kind: 'and', left, right: this.#one(lookup, depth) };
    return left;
  }

  #one(lookup: Lookup, depth: number): Filter {
    if (depth >= DEEPEST) this.#fail(`It is nested deeper than ${DEEPEST} levels.`);
    if (this.taken('(')) return this.#group(lookup, depth);
    const start = this.#at;
    if (this.#word('not')) {
      if (this.taken('(')) return { kind: 'not', of: this.#group(lookup, depth) };
      this.#at = start;
    }
    const path = this.path(lookup);
    if (!this.taken('[')) return this.#test(path);
    const of = this.ofValue(path, depth + 1);
    const sub = this.part(path.attribute);
    if (sub === null) return { kind: 'some', path, of };
    const test = this.#test({ extension: null, attribute: sub, sub: null });
    return { kind: 'some', path, of: { kind: 'and', left: of, right: test } };
  }

  #group(lookup: Lookup, depth: number): Filter {
    const inside = this.either(lookup, depth + 1);
    if (!this.taken(')')) this.#fail('A ) is missing.');
    return inside;
  }

  path(lookup: Lookup): AttributePath {
    const name = this.#match(NAME);
    if (name === null) this.#fail('The name of an attribute is missing.');
    const path = lookup(name);
    if (!path) this.#fail(`There is no attribute '${name.slice(0, 200)}'.`);
    return path;
  }

  /** After `[`: the condition on one value, and the closing bracket. */
  ofValue({ attribute, sub }: AttributePath, depth: number): Filter {
    if (!attribute.multiValued || attribute.subAttributes === undefined || sub !== null)
      this.#fail(`'${attribute.name}' has no values to choose from.`);
    const parts = attribute.subAttributes;
    const filter = this.either((name) => {
      const part = named(parts, name);
      return part && { extension: null, attribute: part, sub: null };
    }, depth);
    if (!this.taken(']')) this.#fail('A ] is missing.');
    return filter;
  }

  /** `.value` after a bracket. */
  part(attribute: Attribute): Attribute | null {
    if (this.#text[this.#at] !== '.') return null;
    this.#at += 1;
    const name = this.#match(NAME) ?? '';
    const part = named(attribute.subAttributes ?? [], name);
    if (!part) this.#fail(`There is no attribute '${attribute.name}.${name.slice(0, 200)}'.`);
    return part;
  }

  #test(path: AttributePath): Filter {
    const word = this.#match(NAME)?.toLowerCase();
    if (word === 'pr') return { kind: 'present', path };
    const operator = operators.find((one) => one === word);
    if (operator === undefined) this.#fail(`'${word ?? ''}' is no operator.`);
    // Of a complex attribute its value is meant (`members eq "…"`).
    const { attribute, sub } = path;
    const part =
      sub === null && attribute.type === 'complex' ? named(attribute.subAttributes ?? [], 'value') : sub;
    const compared = part ?? attribute;
    if (compared.type === 'complex') this.#fail(`'${attribute.name}' can only be compared by its parts.`);
    const value = this.#literal(compared, operator);
    return { kind: 'compare', path: { ...path, sub: part }, operator, value };
  }

  #literal({ name, type }: Attribute, operator: Operator): Literal {
    const value = this.#value();
    if (value === null) {
      if (operator !== 'eq' && operator !== 'ne') this.#fail(`null cannot be compared by ${operator}.`);
      return value;
    }
    if (type === 'boolean') {
      if (operator !== 'eq' && operator !== 'ne') this.#fail(`'${name}' cannot be compared by ${operator}.`);
      // Some clients write it as text.
      const text = String(value).toLowerCase();
      if (text !== 'true' && text !== 'false') this.#fail(`'${name}' is true or false.`);
      return text === 'true';
    }
    if (typeof value !== 'string') this.#fail(`'${name}' is compared with a text in quotes.`);
    if (type === 'dateTime') {
      if (operator === 'co' || operator === 'sw' || operator === 'ew')
        this.#fail(`'${name}' is a time and cannot be compared by ${operator}.`);
      if (Number.isNaN(Date.parse(value))) this.#fail(`'${value.slice(0, 40)}' is no time.`);
    }
    return value;
  }

  #value(): Literal {
    const text = this.#match(STRING);
    if (text !== null) {
      try {
        return JSON.parse(text) as string;
      } catch {
        this.#fail('A text in quotes is not well-formed.');
      }
    }
    const number = this.#match(NUMBER);
    if (number !== null) return Number(number);
    switch (this.#match(NAME)?.toLowerCase()) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      default:
        return this.#fail('A value is missing: a text in quotes, a number, true, false or null.');
    }
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length)
      this.#fail(`'${this.#text.slice(this.#at, this.#at + 20)}' is too much.`);
  }

  taken(mark: string): boolean {
    const start = this.#at;
    this.#skip();
    if (this.#text[this.#at] !== mark) {
      this.#at = start;
      return false;
    }
    this.#at += 1;
    return true;
  }

  #word(wanted: string): boolean {
    const start = this.#at;
    if (this.#match(NAME)?.toLowerCase() === wanted) return true;
    this.#at = start;
    return false;
  }

  #match(pattern: RegExp): string | null {
    this.#skip();
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  #skip(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }

  #fail(why: string): never {
    throw new ScimError(this.#kind, `${why} (at character ${this.#at + 1})`);
  }
}
