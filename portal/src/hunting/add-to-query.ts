/** A condition on a cell of a result, as it is added to the query behind it. Pure. */
import type { HuntingResult } from '@merlon/contract';
import { kqlText } from './kql-text.ts';
import { tokenizeKql } from './kql-tokens.ts';

type ColumnType = HuntingResult['Schema'][number]['Type'];

/** Null for values that no condition can be made of: lists and objects. */
export function conditionOn(name: string, type: ColumnType, value: unknown, keep: boolean): string | null {
  const column = /^[A-Za-z_]\w*$/.test(name) ? name : `[${kqlText(name)}]`;
  const sign = keep ? '==' : '!=';
  if (value === null || value === undefined) return `${keep ? 'isnull' : 'isnotnull'}(${column})`;
  switch (type) {
    case 'Object':
      return null;
    case 'String':
      return `${column} ${sign} ${kqlText(String(value))}`;
    case 'DateTime':
      return `${column} ${sign} datetime(${String(value)})`;
    case 'TimeSpan':
      return `${column} ${sign} timespan(${String(value)})`;
    case 'Guid':
      return `${column} ${sign} guid(${String(value)})`;
    case 'SqlDecimal':
      return `${column} ${sign} decimal(${String(value)})`;
    case 'SByte':
      return `${column} ${sign} ${value === true || value === 1 ? 'true' : 'false'}`;
    default:
      return `${column} ${sign} ${String(value)}`;
  }
}

/** Before a `render`, which has to be last. */
export function addToQuery(query: string, condition: string): string {
  const tokens = tokenizeKql(query, new Set()).filter(({ kind }) => kind !== 'comment');
  const at = tokens.findLastIndex(({ text }, index) => text === 'render' && tokens[index - 1]?.text === '|');
  const pipe = tokens[at - 1];
  const line = `| where ${condition}`;
  if (at < 0 || pipe === undefined) return `${query.trimEnd().replace(/;$/, '')}\n${line}`;
  return `${query.slice(0, pipe.from).trimEnd()}\n${line}\n${query.slice(pipe.from)}`;
}
