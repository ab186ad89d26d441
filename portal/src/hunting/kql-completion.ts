/** What may be typed at a place in a query. Pure. */
import { kqlOperators, kqlWords, tokenizeKql } from './kql-tokens.ts';

export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

export interface SchemaTable {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly SchemaColumn[];
}

export interface Suggestion {
  readonly label: string;
  readonly kind: 'table' | 'column' | 'operator' | 'word' | 'function';
  readonly detail?: string;
  readonly info?: string;
}

export interface Completion {
  /** Where the text to be replaced begins. */
  readonly from: number;
  readonly suggestions: readonly Suggestion[];
}

/** Functions offered by name, with what they give. */
const functions: readonly (readonly [string, string])[] = [
  ['ago', 'time before now'],
  ['arg_max', 'row with the greatest value'],
  ['arg_min', 'row with the least value'],
  ['avg', 'mean'],
  ['bin', 'rounds down to a step'],
  ['coalesce', 'first that is not null'],
  ['count', 'number of rows'],
  ['countif', 'number of rows that match'],
  ['datetime', 'a point in time'],
  ['dcount', 'number of distinct values'],
  ['extract', 'part that a regular expression finds'],
  ['iff', 'one of two values'],
  ['isempty', 'whether text is empty'],
  ['isnotempty', 'whether text is not empty'],
  ['make_list', 'list of values'],
  ['make_set', 'set of values'],
  ['max', 'greatest'],
  ['min', 'least'],
  ['now', 'present time'],
  ['parse_json', 'JSON text as a value'],
  ['split', 'parts of text'],
  ['strcat', 'texts joined'],
  ['strlen', 'length of text'],
  ['sum', 'total'],
  ['tolower', 'text in lower case'],
  ['tostring', 'value as text'],
];

const WORD = /[A-Za-z_][A-Za-z0-9_-]*$/;

/** Null inside strings, comments and numbers. */
export function completionsAt(text: string, at: number, schema: readonly SchemaTable[]): Completion | null {
  const tables = new Set(schema.map(({ name }) => name));
  const tokens = tokenizeKql(text, tables);
  const inside = tokens.find(
    ({ from, to, kind }) => from < at && (at < to || (at === to && kind === 'comment')),
  );
  if (inside && ['string', 'comment', 'number', 'time'].includes(inside.kind)) return null;

  const before = text.slice(0, at);
  const from = at - (WORD.exec(before)?.[0].length ?? 0);
  const previous = tokens.filter(({ to, kind }) => to <= from && kind !== 'comment').at(-1);

  if (previous?.text === '|') return { from, suggestions: operators };
  if (previous === undefined || previous.text === ';' || opensSource(tokens.filter(({ to }) => to <= from))) {
    return { from, suggestions: [...tableSuggestions(schema), letWord] };
  }
  const used = new Set(tokens.filter(({ kind }) => kind === 'table').map(({ text: name }) => name));
  return {
    from,
    suggestions: [...columnSuggestions(schema, used), ...functionSuggestions, ...wordSuggestions],
  };
}

const operators: readonly Suggestion[] = kqlOperators.map((label) => ({ label, kind: 'operator' }));
const wordSuggestions: readonly Suggestion[] = kqlWords.map((label) => ({ label, kind: 'word' }));
const functionSuggestions: readonly Suggestion[] = functions.map(([label, info]) => ({
  label,
  kind: 'function',
  info,
}));
const letWord: Suggestion = { label: 'let', kind: 'word' };

/** After `union` or `join (` and the like, a table is to come. */
function opensSource(tokens: readonly { readonly text: string; readonly kind: string }[]): boolean {
  const last = tokens.at(-1);
  if (last?.text === 'union') return true;
  if (last?.text === ',')
    return tokens.some(({ text }) => text === 'union') && lastOperator(tokens) === 'union';
  return last?.text === '(' && ['join', 'union', 'lookup'].includes(lastOperator(tokens) ?? '');
}

function lastOperator(
  tokens: readonly { readonly text: string; readonly kind: string }[],
): string | undefined {
  return tokens.findLast(({ kind }) => kind === 'operator')?.text;
}

function tableSuggestions(schema: readonly SchemaTable[]): Suggestion[] {
  return schema.map(({ name, description }) => ({ label: name, kind: 'table', info: description }));
}

/** Columns of the tables the query names; of every table while it names none. */
function columnSuggestions(schema: readonly SchemaTable[], used: ReadonlySet<string>): Suggestion[] {
  const columns = new Map<string, SchemaColumn>();
  for (const table of schema) {
    if (used.size > 0 && !used.has(table.name)) continue;
    for (const column of table.columns) columns.set(column.name, column);
  }
  return [...columns.values()].map(({ name, type, description }) => ({
    label: name,
    kind: 'column',
    detail: type,
    info: description,
  }));
}
