/** Sigma YAML to rules: every key that matters is checked; keys that say nothing to us are let through, as Sigma allows custom ones. */
import { createHash } from 'node:crypto';
import { ConditionProblem, parseCondition } from './condition.ts';
import { ModifierProblem, type RuleScalar, readModifiers } from './modifiers.ts';
import {
  type FieldLeaf,
  type LogSource,
  type RuleLevel,
  ruleLevels,
  ruleStatuses,
  type SelectionNode,
  type SigmaRule,
} from './rule.ts';
import { readYaml, type YamlDocument, type YamlValue } from './yaml-text.ts';

type YamlMap = ReadonlyMap<string, YamlValue>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const KEYWORD_MODIFIERS: readonly string[] = ['re', 'i', 'm', 's', 'contains', 'all', 'cased', 'neq'];
const MAX_TITLE = 256;
const MAX_TEXT = 65_535;

/** All rules of a text; several are parted by `---`. @throws SigmaError, nothing else. */
export function parseRules(text: string, file: string | null = null): SigmaRule[] {
  return readYaml(text, file).map(parseDocument);
}

function parseDocument(document: YamlDocument): SigmaRule {
  const { value } = document;
  if (!isMap(value)) throw document.error('rule', [], 'a rule is a map of keys');
  refuseOtherKinds(document, value);
  const title = requiredText(document, value, 'title');
  if (title.length > MAX_TITLE)
    throw document.error('rule', ['title'], `longer than ${MAX_TITLE} characters`);
  const detection = value.get('detection');
  if (!isMap(detection))
    throw document.error('rule', ['detection'], 'a map of selections and a condition is needed');
  const selections = parseSelections(document, detection);
  return {
    id: ruleId(document, value, title, detection),
    title,
    description: optionalText(document, value, 'description') ?? '',
    status: choice(document, value, 'status', ruleStatuses) ?? 'test',
    level: choice<RuleLevel>(document, value, 'level', ruleLevels) ?? 'medium',
    author: optionalText(document, value, 'author'),
    references: texts(document, value, 'references'),
    tags: texts(document, value, 'tags'),
    falsePositives: texts(document, value, 'falsepositives'),
    recommendedAction: optionalText(document, value, 'recommended_action'),
    logSource: parseLogSource(document, value),
    selections,
    conditions: parseConditions(document, detection, [...selections.keys()]),
    file: document.file,
    source: document.text,
  };
}

function refuseOtherKinds(document: YamlDocument, rule: YamlMap): void {
  if (rule.has('correlation')) {
    throw document.error('unsupported', ['correlation'], 'correlation rules are not supported');
  }
  if (rule.has('filter')) throw document.error('unsupported', ['filter'], 'Sigma filters are not supported');
  if (rule.has('action')) {
    throw document.error('unsupported', ['action'], 'collections of rules by "action" are not supported');
  }
}

function ruleId(document: YamlDocument, rule: YamlMap, title: string, detection: YamlMap): string {
  const id = optionalText(document, rule, 'id');
  if (id !== null) {
    if (!UUID.test(id)) throw document.error('rule', ['id'], 'a UUID is needed');
    return id.toLowerCase();
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([title, plain(detection)]))
    .digest();
  // Version 8: an id of our own making, marked as such.
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function plain(value: YamlValue): unknown {
  if (isMap(value)) return [...value].map(([key, inner]) => [key, plain(inner)]);
  return isList(value) ? value.map(plain) : value;
}

function parseLogSource(document: YamlDocument, rule: YamlMap): LogSource {
  const source = rule.get('logsource');
  if (!isMap(source))
    throw document.error('rule', ['logsource'], 'a map with category, product or service is needed');
  const part = (name: string): string | null => {
    const value = source.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string') throw document.error('rule', ['logsource', name], 'text is needed');
    return value.trim().toLowerCase();
  };
  // A hunting table's own name stands as a category too, and names of tables keep their case.
  const category = source.get('category');
  return {
    category: typeof category === 'string' ? category.trim() : part('category'),
    product: part('product'),
    service: part('service'),
  };
}

function parseSelections(document: YamlDocument, detection: YamlMap): ReadonlyMap<string, SelectionNode> {
  const selections = new Map<string, SelectionNode>();
  for (const [name, value] of detection) {
    if (name === 'condition') continue;
    if (name === 'timeframe') {
      throw document.error(
        'unsupported',
        ['detection', name],
        '"timeframe" is not supported; a rule here looks at one event',
      );
    }
    if (!/^[^\s()|*]+$/.test(name)) {
      throw document.error(
        'rule',
        ['detection', name],
        'a selection\'s name has no spaces, "(", ")", "|" or "*"',
      );
    }
    if (['and', 'or', 'not', 'of', 'near', 'them'].includes(name.toLowerCase())) {
      throw document.error(
        'rule',
        ['detection', name],
        'this word has a meaning in conditions and names no selection',
      );
    }
    selections.set(name, parseSelection(document, value, ['detection', name]));
  }
  if (selections.size === 0) throw document.error('rule', ['detection'], 'there is no selection');
  return selections;
}

type Path = readonly (string | number)[];

function parseSelection(document: YamlDocument, value: YamlValue, path: Path): SelectionNode {
  if (isMap(value)) return parseFields(document, value, path);
  if (isList(value)) {
    if (value.length === 0) throw document.error('rule', path, 'the list is empty');
    return {
      kind: 'any',
      of: value.map((item, index) =>
        isMap(item)
          ? parseFields(document, item, [...path, index])
          : keywords(document, '', item, [...path, index]),
      ),
    };
  }
  return keywords(document, '', value, path);
}

function parseFields(document: YamlDocument, map: YamlMap, path: Path): SelectionNode {
  if (map.size === 0) throw document.error('rule', path, 'the selection is empty');
  return {
    kind: 'all',
    of: [...map].map(([key, value]) => {
      const [field = '', ...modifiers] = key.split('|');
      if (field === '') return keywords(document, modifiers.join('|'), value, [...path, key]);
      return fieldNode(document, field, modifiers, value, [...path, key]);
    }),
  };
}

/** A keyword holds anywhere in the text of the event. */
function keywords(document: YamlDocument, modifiers: string, value: YamlValue, path: Path): SelectionNode {
  const chain = modifiers === '' ? [] : modifiers.split('|');
  const refused = chain.find((modifier) => !KEYWORD_MODIFIERS.includes(modifier));
  if (refused !== undefined) {
    throw document.error('unsupported', path, `a keyword cannot have the modifier "${refused}"`);
  }
  const withContains = chain.includes('re') || chain.includes('contains') ? chain : [...chain, 'contains'];
  return fieldNode(document, null, withContains, value, path);
}

function fieldNode(
  document: YamlDocument,
  field: string | null,
  modifiers: readonly string[],
  value: YamlValue,
  path: Path,
): SelectionNode {
  const problem = (at: Path, error: unknown) =>
    error instanceof ModifierProblem ? document.error(error.kind, at, error.message) : error;
  let reader: ReturnType<typeof readModifiers>;
  try {
    reader = readModifiers(modifiers);
  } catch (error) {
    throw problem(path, error);
  }
  const values = isList(value) ? value : [value];
  if (values.length === 0) throw document.error('rule', path, 'the list of values is empty');
  const nodes = values.map((item, index): SelectionNode => {
    const at = isList(value) ? [...path, index] : path;
    if (isMap(item) || isList(item))
      throw document.error('rule', at, 'a value is text, a number, true, false or null');
    try {
      return anyOf(
        reader.read(item as RuleScalar).map((test): FieldLeaf => {
          return { kind: 'field', field, test, place: document.place(at) };
        }),
      );
    } catch (error) {
      throw problem(at, error);
    }
  });
  const joined: SelectionNode = reader.join === 'all' ? { kind: 'all', of: nodes } : anyOf(nodes);
  return reader.negated ? { kind: 'not', of: joined } : joined;
}

function anyOf(nodes: readonly SelectionNode[]): SelectionNode {
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : { kind: 'any', of: nodes };
}

function parseConditions(document: YamlDocument, detection: YamlMap, names: readonly string[]) {
  const value = detection.get('condition');
  const list = isList(value) ? value : [value];
  if (list.length === 0) throw document.error('rule', ['detection', 'condition'], 'the list is empty');
  return list.map((text, index) => {
    const path = isList(value) ? ['detection', 'condition', index] : ['detection', 'condition'];
    if (typeof text !== 'string') throw document.error('rule', path, 'a condition is needed, as text');
    try {
      return parseCondition(text, names);
    } catch (error) {
      throw error instanceof ConditionProblem ? document.error(error.kind, path, error.message) : error;
    }
  });
}

function requiredText(document: YamlDocument, map: YamlMap, key: string): string {
  const text = optionalText(document, map, key);
  if (text === null || text.trim() === '') throw document.error('rule', [key], 'text is needed');
  return text;
}

function optionalText(document: YamlDocument, map: YamlMap, key: string): string | null {
  const value = map.get(key);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw document.error('rule', [key], 'text is needed');
  if (value.length > MAX_TEXT) throw document.error('rule', [key], `longer than ${MAX_TEXT} characters`);
  return value.trim();
}

function texts(document: YamlDocument, map: YamlMap, key: string): string[] {
  const value = map.get(key);
  if (value === undefined || value === null) return [];
  return (isList(value) ? value : [value]).map((item, index) => {
    if (typeof item !== 'string') throw document.error('rule', [key, index], 'text is needed');
    return item.trim();
  });
}

function choice<T extends string>(
  document: YamlDocument,
  map: YamlMap,
  key: string,
  of: readonly T[],
): T | null {
  const text = optionalText(document, map, key);
  if (text === null) return null;
  const found = of.find((name) => name === text.toLowerCase());
  if (found === undefined) throw document.error('rule', [key], `"${text}" is none of ${of.join(', ')}`);
  return found;
}

function isMap(value: YamlValue | undefined): value is YamlMap {
  return value instanceof Map;
}

function isList(value: YamlValue | undefined): value is readonly YamlValue[] {
  return Array.isArray(value);
}
