/**
 * Events that stand beside a rule and say what it must and must not match:
 *
 *   platform: Linux
 *   match:
 *     - name: a shell out of a web server
 *       table: DeviceProcessEvents
 *       row: { ActionType: ProcessCreated, … }
 *   no_match:
 *     - …
 */
import { huntingTable, validateRow } from '@merlon/contract';
import type { EventRow } from './field-reader.ts';
import type { SigmaRule } from './rule.ts';
import { compileRules } from './rule-set.ts';
import type { SigmaError } from './sigma-error.ts';
import { readYaml, type YamlDocument, type YamlValue } from './yaml-text.ts';

export interface RuleTest {
  readonly name: string;
  readonly expected: 'match' | 'no match';
  readonly platform: string;
  readonly table: string;
  readonly row: EventRow;
}

/** Events of a test file may be of any time up to this. */
const LATEST = new Date('9999-01-01T00:00:00Z');

/** @throws SigmaError */
export function parseRuleTests(text: string, file: string | null = null): RuleTest[] {
  return readYaml(text, file).flatMap((document) => {
    const { value } = document;
    if (!(value instanceof Map))
      throw document.error('rule', [], 'a map with platform, match and no_match is needed');
    const map = value as ReadonlyMap<string, YamlValue>;
    for (const key of map.keys()) {
      if (!['platform', 'match', 'no_match'].includes(key))
        throw document.error('rule', [key], 'there is no such key');
    }
    const platform = map.get('platform');
    if (typeof platform !== 'string')
      throw document.error('rule', ['platform'], 'the platform of the device is needed');
    return [
      ...events(document, map, 'match').map((test) => ({ ...test, expected: 'match' as const, platform })),
      ...events(document, map, 'no_match').map((test) => ({
        ...test,
        expected: 'no match' as const,
        platform,
      })),
    ];
  });
}

function events(document: YamlDocument, map: ReadonlyMap<string, YamlValue>, key: string) {
  const list = map.get(key);
  if (!Array.isArray(list) || list.length === 0)
    throw document.error('rule', [key], 'at least one event is needed');
  return (list as readonly YamlValue[]).map((item, index) => {
    const refuse = (part: string, problem: string): SigmaError =>
      document.error('rule', part === '' ? [key, index] : [key, index, part], problem);
    if (!(item instanceof Map)) throw refuse('', 'a map with name, table and row is needed');
    const [name, tableName, row] = [item.get('name'), item.get('table'), item.get('row')];
    if (typeof name !== 'string') throw refuse('name', 'a name is needed');
    const table = typeof tableName === 'string' ? huntingTable(tableName) : undefined;
    if (!table) throw refuse('table', 'the name of a hunting table is needed');
    if (!(row instanceof Map)) throw refuse('row', 'a map of columns is needed');
    const values = toObject(row) as Record<string, unknown>;
    const whole = { Timestamp: '2026-01-01T00:00:00.0000000Z', ...values };
    const problem = validateRow(table, whole, LATEST);
    if (problem !== null) throw refuse('row', problem);
    return { name, table: table.name, row: whole };
  });
}

function toObject(value: YamlValue): unknown {
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, YamlValue>)].map(([key, inner]) => [key, toObject(inner)]),
    );
  }
  return Array.isArray(value) ? value.map((inner) => toObject(inner as YamlValue)) : value;
}

/** Null: it did as expected; else what it did. Rules and events of one file belong together: any of the rules may match. */
export function runRuleTest(rules: readonly SigmaRule[], test: RuleTest): string | null {
  const matched = compileRules(rules).match(test.table, test.row, { osPlatform: test.platform }).length > 0;
  if (matched === (test.expected === 'match')) return null;
  return matched ? 'matches, but should not' : 'does not match, but should';
}
