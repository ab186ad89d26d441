/** A field's test, made ready to run. */
import type { FieldTest } from './field-test.ts';
import { inNetwork } from './ip-network.ts';
import { compileRegex } from './regex.ts';
import { compilePattern } from './string-pattern.ts';

/** `on` says what it runs on; an absent value passes only `presence`. */
export type ValueTest =
  | { readonly on: 'presence'; readonly present: boolean }
  | { readonly on: 'raw' | 'folded'; run(text: string): boolean }
  /** Both fields raw when `cased`, else both folded. */
  | { readonly on: 'fields'; readonly cased: boolean; run(text: string, other: string): boolean };

export function valueTest(test: FieldTest): ValueTest {
  switch (test.kind) {
    case 'empty':
      return { on: 'presence', present: false };
    case 'present':
      return { on: 'presence', present: true };
    case 'text':
      return { on: test.cased ? 'raw' : 'folded', run: compilePattern(test.pattern, !test.cased) };
    case 'regex':
      return { on: 'raw', run: compileRegex(test.regex) };
    case 'network':
      return { on: 'raw', run: (text) => inNetwork(test.network, text) };
    case 'compare':
      return { on: 'raw', run: comparison(test.operator, test.value) };
    case 'field':
      return { on: 'fields', cased: test.cased, run: RELATIONS[test.relation] };
  }
}

/** Text that is no number compares false, whatever the operator. */
function comparison(operator: Extract<FieldTest, { kind: 'compare' }>['operator'], limit: number) {
  const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
  switch (operator) {
    case 'lt':
      return (text: string) => number(text) < limit;
    case 'lte':
      return (text: string) => number(text) <= limit;
    case 'gt':
      return (text: string) => number(text) > limit;
    case 'gte':
      return (text: string) => number(text) >= limit;
  }
}

const RELATIONS = {
  equals: (text: string, other: string) => text === other,
  contains: (text: string, other: string) => text.includes(other),
  startswith: (text: string, other: string) => text.startsWith(other),
  endswith: (text: string, other: string) => text.endsWith(other),
};
