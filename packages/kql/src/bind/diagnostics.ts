import { huntingTable, tablesNotKept } from '@merlon/contract';
import { KqlError } from '../kql-error.ts';
import type { BoundCode, LibraryDiagnostic } from './library.ts';
import { list } from './syntax.ts';

/** Codes from 100 up speak of meaning, except these, which speak of form. */
const syntaxCodes = new Set(['KS105', 'KS176', 'KS198', 'KS246', 'KS300']);
/** The library declined to look. */
const limitCodes = new Map([
  ['KS244', 'a query text this long'],
  ['KS245', 'a query nested this deeply'],
]);

const absentTables = new Set(Object.values(tablesNotKept).flat());
/** The error that the first error diagnostic stands for; undefined for a query without one. */
export function queryError(code: BoundCode, text: string): KqlError | undefined {
  if (code.Kind !== 'Query')
    return KqlError.unsupported('a management command', { start: 0, length: text.length });
  return queryErrors(code, text)[0];
}

/** What every error diagnostic of a query stands for, in their order in the text. */
export function queryErrors(code: BoundCode, text: string): KqlError[] {
  return list(code.GetDiagnostics())
    .filter((diagnostic) => diagnostic.Severity === 'Error')
    .sort((a, b) => a.Start - b.Start || a.Code.localeCompare(b.Code))
    .map((diagnostic) => toError(diagnostic, text));
}

function toError(diagnostic: LibraryDiagnostic, text: string): KqlError {
  const place = { start: diagnostic.Start, length: diagnostic.Length };
  const limit = limitCodes.get(diagnostic.Code);
  if (limit !== undefined) return KqlError.unsupported(limit, place);
  const named = /^[A-Za-z_]\w*/.exec(text.slice(place.start, place.start + place.length))?.[0];
  if (named !== undefined && absentTables.has(named) && huntingTable(named) === undefined) {
    return KqlError.unsupported(`table ${named}`, place, 'its data is not kept here');
  }
  const isSyntax = diagnostic.Code < 'KS100' || syntaxCodes.has(diagnostic.Code);
  return new KqlError(isSyntax ? 'syntax' : 'semantic', diagnostic.Message, place);
}

/** The name that the binder did not find as a column; undefined for another error. */
export function unknownColumn({ kind, message }: KqlError): string | undefined {
  if (kind !== 'semantic') return undefined;
  return /^The name '(.+)' does not refer to any known column/s.exec(message)?.[1];
}
