/** The chain of modifiers behind a field name, `CommandLine|wide|base64offset|contains`, turned into tests of one value each. */
import type { Comparison, FieldTest } from './field-test.ts';
import { parseNetwork } from './ip-network.ts';
import { regexProblem } from './regex.ts';
import {
  type Around,
  literalPattern,
  parsePattern,
  plainText,
  type StringPattern,
  widen,
  withAnyDash,
} from './string-pattern.ts';

export type RuleScalar = string | number | boolean | null;

/** How the values of one key are read, and how they are joined. */
export interface ValueReader {
  /** `all`: every value must hold; else one is enough. */
  readonly join: 'all' | 'any';
  /** `neq`: the whole is turned round. */
  readonly negated: boolean;
  /** One value becomes one test, or several of which one is enough. @throws ModifierProblem */
  read(value: RuleScalar): FieldTest[];
}

/** Without a place: the caller knows the key. */
export class ModifierProblem extends Error {
  readonly kind: 'rule' | 'unsupported' | 'regex';
  constructor(kind: 'rule' | 'unsupported' | 'regex', problem: string) {
    super(problem);
    this.kind = kind;
  }
}

const AROUND: Readonly<Record<string, Around>> = { contains: 'both', endswith: 'start', startswith: 'end' };
const COMPARISONS: readonly string[] = ['lt', 'lte', 'gt', 'gte'] satisfies Comparison[];
const ENCODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  wide: (text) => Buffer.from(text, 'utf16le'),
  utf16le: (text) => Buffer.from(text, 'utf16le'),
  utf16be: (text) => Buffer.from(text, 'utf16le').swap16(),
  utf16: (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
};
const REGEX_FLAGS: Readonly<Record<string, 'ignoreCase' | 'multiline' | 'dotAll'>> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
};
const KNOWN_ELSEWHERE = ['expand', 'minute', 'hour', 'day', 'week', 'month', 'year'];

/** @throws ModifierProblem */
export function readModifiers(modifiers: readonly string[]): ValueReader {
  const rest: string[] = [];
  let join: ValueReader['join'] = 'any';
  let negated = false;
  let cased = false;
  for (const modifier of modifiers) {
    if (modifier === 'all') join = 'all';
    else if (modifier === 'neq') negated = true;
    else if (modifier === 'cased') cased = true;
    else if (KNOWN_ELSEWHERE.includes(modifier)) {
      throw new ModifierProblem('unsupported', `the modifier "${modifier}" is not supported`);
    } else rest.push(modifier);
  }
  return { join, negated, read: readerOf(rest, cased) };
}

function readerOf(modifiers: readonly string[], cased: boolean): ValueReader['read'] {
  const [first, ...others] = modifiers;
  if (first === undefined) return (value) => [plainTest(value, cased)];
  const alone = () => {
    if (others.length > 0 || cased) {
      throw new ModifierProblem(
        'rule',
        `the modifier "${first}" cannot be combined with "${others[0] ?? 'cased'}"`,
      );
    }
  };
  if (first === 're') return regexReader(others, cased);
  if (first === 'cidr') {
    alone();
    return (value) => [networkTest(value)];
  }
  if (first === 'exists') {
    alone();
    return (value) => {
      if (typeof value !== 'boolean') throw new ModifierProblem('rule', '"exists" takes true or false');
      return [{ kind: value ? 'present' : 'empty' }];
    };
  }
  if (COMPARISONS.includes(first)) {
    alone();
    return (value) => {
      if (typeof value !== 'number') throw new ModifierProblem('rule', `"${first}" takes a number`);
      return [{ kind: 'compare', operator: first as Comparison, value }];
    };
  }
  if (modifiers.includes('fieldref')) return fieldReader(modifiers, cased);
  return textReader(modifiers, cased);
}

function plainTest(value: RuleScalar, cased: boolean): FieldTest {
  if (value === null || value === '') return { kind: 'empty' };
  return textTest(typeof value === 'string' ? parsePattern(value) : literalPattern(String(value)), cased);
}

function textTest(pattern: StringPattern, cased: boolean): FieldTest {
  const [only] = pattern.parts;
  const isAny =
    pattern.parts.length === 1 && only !== undefined && 'wildcard' in only && only.wildcard === 'any';
  return isAny ? { kind: 'present' } : { kind: 'text', pattern, cased };
}

function networkTest(value: RuleScalar): FieldTest {
  const network = typeof value === 'string' ? parseNetwork(value) : null;
  if (network === null) throw new ModifierProblem('rule', `"${String(value)}" is not an IP network`);
  return { kind: 'network', network };
}

function regexReader(flags: readonly string[], cased: boolean): ValueReader['read'] {
  const set = { ignoreCase: false, multiline: false, dotAll: false };
  for (const flag of flags) {
    const name = REGEX_FLAGS[flag];
    if (name === undefined)
      throw new ModifierProblem('rule', `the modifier "re" cannot be combined with "${flag}"`);
    set[name] = true;
  }
  if (cased && set.ignoreCase) throw new ModifierProblem('rule', '"cased" contradicts the flag "i"');
  return (value) => {
    if (typeof value !== 'string') throw new ModifierProblem('rule', '"re" takes text');
    const regex = { source: value, ...set };
    const problem = regexProblem(regex);
    if (problem !== null) throw new ModifierProblem('regex', problem);
    return [{ kind: 'regex', regex }];
  };
}

function fieldReader(modifiers: readonly string[], cased: boolean): ValueReader['read'] {
  const [relation, more] = modifiers.filter((modifier) => modifier !== 'fieldref');
  if (more !== undefined || (relation !== undefined && AROUND[relation] === undefined)) {
    throw new ModifierProblem(
      'rule',
      `the modifier "fieldref" cannot be combined with "${more ?? relation}"`,
    );
  }
  return (value) => {
    if (typeof value !== 'string' || value === '')
      throw new ModifierProblem('rule', '"fieldref" takes a field name');
    const how = (relation ?? 'equals') as 'equals' | 'contains' | 'startswith' | 'endswith';
    return [{ kind: 'field', field: value, relation: how, cased }];
  };
}

/** Text on its way through encodings: a pattern, or the bytes it became. */
type Stage = { readonly pattern: StringPattern } | { readonly bytes: Buffer };

function textReader(modifiers: readonly string[], cased: boolean): ValueReader['read'] {
  for (const modifier of modifiers) {
    const known =
      AROUND[modifier] !== undefined ||
      ENCODINGS[modifier] !== undefined ||
      modifier === 'base64' ||
      modifier === 'base64offset' ||
      modifier === 'windash';
    if (!known) {
      const elsewhere = ['re', 'cidr', 'exists', ...COMPARISONS].includes(modifier);
      throw elsewhere
        ? new ModifierProblem('rule', `the modifier "${modifier}" cannot be combined with "${modifiers[0]}"`)
        : new ModifierProblem('unsupported', `there is no modifier "${modifier}"`);
    }
  }
  return (value) => {
    if (value === null || value === '')
      throw new ModifierProblem('rule', `"${modifiers[0]}" takes text that is not empty`);
    const pattern = typeof value === 'string' ? parsePattern(value) : literalPattern(String(value));
    let stages: Stage[] = [{ pattern }];
    for (const modifier of modifiers) stages = stages.flatMap((stage) => applyModifier(modifier, stage));
    return stages.map((stage) => {
      if ('bytes' in stage)
        throw new ModifierProblem('rule', 'an encoding must be followed by base64 or base64offset');
      return textTest(stage.pattern, cased);
    });
  };
}

function applyModifier(modifier: string, stage: Stage): Stage[] {
  const around = AROUND[modifier];
  if (around !== undefined) return [{ pattern: widen(patternOf(stage, modifier), around) }];
  if (modifier === 'windash') return [{ pattern: withAnyDash(patternOf(stage, modifier)) }];
  if (modifier === 'base64')
    return [{ pattern: literalPattern(bytesOf(stage, modifier).toString('base64')) }];
  if (modifier === 'base64offset')
    return base64Offsets(bytesOf(stage, modifier)).map((text) => ({ pattern: literalPattern(text) }));
  const encode = ENCODINGS[modifier];
  if (encode === undefined) throw new ModifierProblem('unsupported', `there is no modifier "${modifier}"`);
  return [{ bytes: encode(textOf(patternOf(stage, modifier), modifier)) }];
}

function patternOf(stage: Stage, modifier: string): StringPattern {
  if ('bytes' in stage) throw new ModifierProblem('rule', `"${modifier}" cannot follow an encoding`);
  return stage.pattern;
}

function bytesOf(stage: Stage, modifier: string): Buffer {
  return 'bytes' in stage ? stage.bytes : Buffer.from(textOf(stage.pattern, modifier), 'utf8');
}

function textOf(pattern: StringPattern, modifier: string): string {
  const text = plainText(pattern);
  if (text === null) throw new ModifierProblem('rule', `"${modifier}" cannot encode wildcards`);
  return text;
}

/**
 * What the bytes look like inside longer base64 text. Three bytes make four characters, so there are three ways to be aligned; characters
 * that also hold bits of the neighbours are cut off.
 */
function base64Offsets(bytes: Buffer): string[] {
  const cutFront = [0, 2, 3];
  const cutBack = [0, 3, 2];
  return cutFront.map((front, offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const back = cutBack[(offset + bytes.length) % 3] ?? 0;
    const certain = text.slice(front, text.length - back);
    if (certain === '') throw new ModifierProblem('rule', '"base64offset" takes at least two bytes');
    return certain;
  });
}
