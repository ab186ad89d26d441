/**
 * What an editor asks of a query's text: what may stand here, what is this, what is wrong. From the same parser, binder and schema as
 * {@link translate}; without the rules of translation, so that it fits into a page. Runs in a browser's worker too.
 */
import { huntingTables } from '@merlon/contract';
import { bindQuery, checkText } from '../bind/bind.ts';
import { queryErrors, unknownColumn } from '../bind/diagnostics.ts';
import { EditedText } from '../bind/edits.ts';
import { kustoLibrary, type LibraryCodeService } from '../bind/library.ts';
import { huntingSchema } from '../bind/schema.ts';
import { list } from '../bind/syntax.ts';
import { KqlError } from '../kql-error.ts';
import { enrichments, serviceEdits } from '../service/service-names.ts';

export type CompletionKind = 'table' | 'column' | 'function' | 'operator' | 'variable' | 'word';

export interface KqlCompletion {
  /** What is shown. */
  readonly label: string;
  /** What is written in place of the edited range, around the cursor. */
  readonly before: string;
  readonly after: string;
  readonly kind: CompletionKind;
  /** Of tables and columns. */
  readonly info: string | null;
}

export interface KqlCompletions {
  /** The range that an item replaces. */
  readonly from: number;
  readonly to: number;
  /** Best first. */
  readonly items: readonly KqlCompletion[];
}

export interface KqlHover {
  readonly from: number;
  readonly to: number;
  /** `FileName: string`, `(function) tolower(value): string`. */
  readonly signature: string;
  readonly info: string | null;
}

export interface KqlFault {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

const generous = { aliases: true, additionalFields: 'dynamic' } as const;
const tables = new Map(huntingTables.map((table) => [table.name, table.description]));
const columns = new Map(
  huntingTables.flatMap((table) =>
    table.columns.map(({ name, description }) => [name, description] as const),
  ),
);

const kinds: Readonly<Record<string, CompletionKind>> = {
  Table: 'table',
  Column: 'column',
  BuiltInFunction: 'function',
  LocalFunction: 'function',
  DatabaseFunction: 'function',
  AggregateFunction: 'function',
  QueryPrefix: 'operator',
  TabularPrefix: 'operator',
  TabularSuffix: 'operator',
  ScalarInfix: 'operator',
  Variable: 'variable',
  Parameter: 'variable',
};
/** Of other places than a hunting query's: there are no other databases here. */
const otherPlaces = /^(?:cluster|database)\(/;
const leftOut = new Set(['CommandPrefix', 'Cluster', 'Database', 'MaterialiedView', 'EntityGroup', 'Graph']);

const ownFunctions: readonly KqlCompletion[] = [...enrichments].map((name) => ({
  label: name,
  before: `${name}(`,
  after: ')',
  kind: 'function',
  info: null,
}));

/** Null where the text is none that the library should look at: too long, nested too deeply, a management command. */
function serviceFor(text: string): LibraryCodeService | null {
  try {
    if (text.trim() !== '') checkText(text);
    const { Editor } = kustoLibrary();
    return new Editor.KustoCodeService.$ctor1(text, huntingSchema({ ...generous, aliases: false }).globals);
  } catch (error) {
    if (error instanceof KqlError) return null;
    throw error;
  }
}

export function completionsAt(text: string, position: number): KqlCompletions {
  const nothing = { from: position, to: position, items: [] };
  const service = serviceFor(text);
  if (service === null) return nothing;
  const { $names } = kustoLibrary().Editor.CompletionKind;
  const { EditStart, EditLength, Items } = service.GetCompletionItems(position);
  const items = list(Items)
    .filter(({ Kind, DisplayText }) => !leftOut.has($names[Kind] ?? '') && !otherPlaces.test(DisplayText))
    .map((item): KqlCompletion => {
      const kind = kinds[$names[item.Kind] ?? ''] ?? 'word';
      return {
        label: item.DisplayText,
        before: item.BeforeText,
        after: item.AfterText ?? '',
        kind,
        info: infoOf(kind, item.DisplayText),
      };
    });
  const own = /\binvoke\s+\w*$/.test(text.slice(0, position)) ? ownFunctions : [];
  return { from: EditStart, to: EditStart + EditLength, items: [...own, ...items] };
}

/** Null where there is nothing to say. */
export function hoverAt(text: string, position: number): KqlHover | null {
  const service = serviceFor(text);
  const signature = service?.GetQuickInfo(position).Text ?? '';
  const element = service?.GetElement(position);
  if (signature === '' || !element) return null;
  const [from, to] = [element.Start, element.Start + element.Length];
  const name = text.slice(from, to);
  return { from, to, signature, info: tables.get(name) ?? columns.get(name) ?? null };
}

/** In the order of the text. A query whose columns only its rows tell (`evaluate bag_unpack`) is not blamed for columns. */
export function faultsIn(text: string): KqlFault[] {
  if (text.trim() === '') return [];
  try {
    checkText(text);
    const schema = huntingSchema(generous);
    const edited = new EditedText(text, serviceEdits(text, schema));
    return boundFaults(edited, /\bevaluate\b/.test(text)).map(({ start, length, message }) => {
      const place = edited.originalPlace({ start, length });
      return { from: place.start, to: place.start + Math.max(1, place.length), message };
    });
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    return [{ from: error.start, to: error.start + Math.max(1, error.length), message: error.message }];
  }
}

function boundFaults({ text }: EditedText, learnsColumns: boolean): KqlError[] {
  try {
    bindQuery(text);
    return [];
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    const all = queryErrors(
      kustoLibrary().KustoCode.ParseAndAnalyze(text, huntingSchema(generous).globals),
      text,
    );
    // Of a text that binds with one schema alone, the verdict of that one counts.
    const faults = all.length > 0 ? all : [error];
    return faults.filter((fault) => !learnsColumns || unknownColumn(fault) === undefined);
  }
}

function infoOf(kind: CompletionKind, name: string): string | null {
  if (kind === 'table') return tables.get(name) ?? null;
  return kind === 'column' ? (columns.get(name) ?? null) : null;
}
