/** The plain reading of the rules, written to be obviously right and not fast: what the compiled set is tested and measured against. */
import { RE2JS } from 're2js';
import type { Condition } from './condition.ts';
import { type EventRow, EventView, fieldReader, keywordReader } from './field-reader.ts';
import type { FieldTest } from './field-test.ts';
import { inNetwork } from './ip-network.ts';
import { osOfPlatform, resolveLogSource } from './log-source.ts';
import type { SelectionNode, SigmaRule } from './rule.ts';
import type { MatchContext } from './rule-set.ts';
import { fold, type StringPattern } from './string-pattern.ts';

/** Whether the rule holds for the event, by walking the rule as written. */
export function holdsPlainly(
  rule: SigmaRule,
  table: string,
  row: EventRow,
  { osPlatform }: MatchContext,
): boolean {
  const target = resolveLogSource(rule);
  const os = osOfPlatform(osPlatform);
  if (os === null || !target.systems.includes(os) || target.table.name !== table) return false;
  if (target.actions !== null && !target.actions.some((action) => action === row.ActionType)) return false;
  const event = new EventView();
  event.show(row);
  const selection = (node: SelectionNode): boolean => {
    switch (node.kind) {
      case 'all':
        return node.of.every(selection);
      case 'any':
        return node.of.some(selection);
      case 'not':
        return !selection(node.of);
      case 'field': {
        const read = (field: string | null) =>
          (field === null
            ? keywordReader(target.table)
            : fieldReader(target.source(field, os, node.place))
          ).read(event);
        return passes(node.test, read(node.field), read);
      }
    }
  };
  const named = (name: string): boolean => {
    const node = rule.selections.get(name);
    if (!node) throw new Error(`no selection ${name}`);
    return selection(node);
  };
  const condition = (part: Condition): boolean => {
    switch (part.kind) {
      case 'selection':
        return named(part.name);
      case 'of':
        return part.quantifier === 'any' ? part.names.some(named) : part.names.every(named);
      case 'and':
        return part.of.every(condition);
      case 'or':
        return part.of.some(condition);
      case 'not':
        return !condition(part.of);
    }
  };
  return rule.conditions.some(condition);
}

function passes(test: FieldTest, value: string | null, read: (field: string) => string | null): boolean {
  if (test.kind === 'empty') return value === null;
  if (value === null) return false;
  switch (test.kind) {
    case 'present':
      return true;
    case 'text':
      return test.cased ? like(test.pattern, value) : like(folded(test.pattern), fold(value));
    case 'regex': {
      const { source, ignoreCase, multiline, dotAll } = test.regex;
      const flags =
        (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
        (multiline ? RE2JS.MULTILINE : 0) |
        (dotAll ? RE2JS.DOTALL : 0);
      return RE2JS.compile(source, flags).matcher(value).find();
    }
    case 'network':
      return inNetwork(test.network, value);
    case 'compare': {
      const number = value.trim() === '' ? Number.NaN : Number(value);
      if (test.operator === 'lt') return number < test.value;
      if (test.operator === 'lte') return number <= test.value;
      return test.operator === 'gt' ? number > test.value : number >= test.value;
    }
    case 'field': {
      const other = read(test.field);
      if (other === null) return false;
      const [a, b] = test.cased ? [value, other] : [fold(value), fold(other)];
      if (test.relation === 'equals') return a === b;
      if (test.relation === 'contains') return a.includes(b);
      return test.relation === 'startswith' ? a.startsWith(b) : a.endsWith(b);
    }
  }
}

function folded(pattern: StringPattern): StringPattern {
  return { parts: pattern.parts.map((part) => ('literal' in part ? { literal: fold(part.literal) } : part)) };
}

/** By the regular expression a pattern stands for. */
export function like(pattern: StringPattern, text: string): boolean {
  const source = pattern.parts.map((part) => {
    if ('literal' in part) return part.literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    return { any: '[^]*', one: '[^]', dash: '[-/\u2013\u2014\u2015]' }[part.wildcard];
  });
  return new RegExp(`^${source.join('')}$`).test(text);
}
