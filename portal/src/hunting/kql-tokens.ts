/** KQL text cut into tokens, for colours and completion. It need not understand a query, only never lose its place in one. Pure. */

export type KqlTokenKind =
  | 'comment'
  | 'string'
  | 'number'
  | 'time'
  | 'operator'
  | 'word'
  | 'function'
  | 'table'
  | 'name'
  | 'symbol';

export interface KqlToken {
  readonly kind: KqlTokenKind;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What may follow a pipe. */
export const kqlOperators: readonly string[] = [
  'as',
  'consume',
  'count',
  'distinct',
  'evaluate',
  'extend',
  'find',
  'invoke',
  'join',
  'limit',
  'lookup',
  'make-series',
  'mv-apply',
  'mv-expand',
  'order',
  'parse',
  'parse-where',
  'project',
  'project-away',
  'project-keep',
  'project-rename',
  'project-reorder',
  'render',
  'sample',
  'search',
  'serialize',
  'sort',
  'summarize',
  'take',
  'top',
  'top-nested',
  'union',
  'where',
];

const operators: ReadonlySet<string> = new Set(kqlOperators);

/** Words within operators. */
export const kqlWords: readonly string[] = [
  'and',
  'asc',
  'between',
  'by',
  'contains',
  'contains_cs',
  'desc',
  'endswith',
  'endswith_cs',
  'has',
  'has_all',
  'has_any',
  'has_cs',
  'hasprefix',
  'hassuffix',
  'in',
  'in~',
  'kind',
  'let',
  'matches',
  'not',
  'nulls',
  'first',
  'last',
  'on',
  'or',
  'regex',
  'startswith',
  'startswith_cs',
  'to',
  'true',
  'false',
  'null',
  'typeof',
  'with',
  'withsource',
  'inner',
  'innerunique',
  'leftouter',
  'leftanti',
  'leftsemi',
  'rightouter',
  'rightanti',
  'rightsemi',
  'fullouter',
  'isfuzzy',
];

const words: ReadonlySet<string> = new Set([
  ...kqlWords,
  ...['contains', 'has', 'startswith', 'endswith', 'between', 'in', 'hasprefix', 'hassuffix'].map(
    (word) => `!${word}`,
  ),
  '!in~',
]);

const PATTERNS: readonly (readonly [RegExp, KqlTokenKind | null])[] = [
  [/\s+/y, null],
  [/\/\/[^\n]*/y, 'comment'],
  [/h?(?:```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$))/iy, 'string'],
  [/h?@(?:"(?:[^"\n]|"")*(?:"|(?=\n)|$)|'(?:[^'\n]|'')*(?:'|(?=\n)|$))/iy, 'string'],
  [/h?(?:"(?:[^"\\\n]|\\.)*(?:"|(?=\n)|$)|'(?:[^'\\\n]|\\.)*(?:'|(?=\n)|$))/iy, 'string'],
  [/\d+(?:\.\d+)?(?:d|h|m|s|ms|microseconds?|ticks?)\b/y, 'time'],
  [/0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy, 'number'],
  [/(?:project|mv|make|parse|top)-[a-z]+\b/y, 'operator'],
  [
    /!?(?:in|has|contains|startswith|endswith|between|hasprefix|hassuffix)(?:_cs|_any|_all)?~?(?![A-Za-z0-9_])/y,
    'word',
  ],
  [/[A-Za-z_$][A-Za-z0-9_]*/y, 'name'],
  [/=~|!~|==|!=|<=|>=|<>|\.\.|[\s\S]/y, 'symbol'],
];

/** @param tables names to be told apart from other names. */
export function tokenizeKql(text: string, tables: ReadonlySet<string>): KqlToken[] {
  const tokens: KqlToken[] = [];
  let at = 0;
  let afterPipe = false;
  while (at < text.length) {
    const { kind, end } = next(text, at);
    if (kind !== null) {
      const own = text.slice(at, end);
      const named =
        kind === 'name' ? nameKind(own, text, end, tables, afterPipe || tokens.length === 0) : kind;
      tokens.push({ kind: named, from: at, to: end, text: own });
      if (kind !== 'comment') afterPipe = own === '|' || own === '(' || own === ';';
    }
    at = end;
  }
  return tokens;
}

function next(text: string, at: number): { kind: KqlTokenKind | null; end: number } {
  for (const [pattern, kind] of PATTERNS) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return { kind, end: pattern.lastIndex };
  }
  return { kind: 'symbol', end: at + 1 };
}

function nameKind(
  name: string,
  text: string,
  end: number,
  tables: ReadonlySet<string>,
  mayBeOperator: boolean,
): KqlTokenKind {
  if (mayBeOperator && operators.has(name)) return 'operator';
  if (tables.has(name)) return 'table';
  if (words.has(name)) return 'word';
  return /^\s*\(/.test(text.slice(end, end + 20)) ? 'function' : 'name';
}
