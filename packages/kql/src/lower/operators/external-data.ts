import { kindOf, optionalPart, part, parts, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { type Fragment, integer, sql, text } from '../../emit/fragment.ts';
import { ExternalError } from '../../external/external-error.ts';
import { type ExternalFormat, formatNamed, formatOfAddress } from '../../external/format.ts';
import { type ColumnMapping, type FieldSource, parseMapping } from '../../external/mapping.ts';
import {
  type ExternalRecords,
  externalRecords,
  type IgnoredRecords,
  maxRecords,
} from '../../external/records.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { constantString, unixEpochTicks } from '../constants.ts';
import { convert, toLong, toText } from '../convert.ts';
import { jsonExtract, jsonString } from '../json.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, columnExpr, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { suppliedRows } from '../supplied-rows.ts';
import { type ResultColumn, resultColumns } from './rule.ts';

/** Bytes of one file as it comes over the network. */
const maxBytes = 32 * 1024 * 1024;
const maxAddresses = 100;

interface Options {
  /** Undefined where each address tells by its ending. */
  readonly format: ExternalFormat | undefined;
  readonly ignored: IgnoredRecords;
  readonly mapping: ReadonlyMap<string, ColumnMapping> | undefined;
}

/** `externaldata(columns)[addresses] with (…)`: the records behind the addresses. Where they are yet to be fetched, no rows. */
export function externaldata(node: SyntaxNode, scope: ScalarScope): Rows {
  try {
    return fetched(node, scope);
  } catch (error) {
    if (error instanceof ExternalError) throw scope.unsupported(`externaldata of ${error.message}`, node);
    throw error;
  }
}

function fetched(node: SyntaxNode, scope: ScalarScope): Rows {
  const columns = resultColumns(node, scope);
  const options = optionsOf(node, scope);
  const addresses = parts(node, 'URIs').map((address) => addressOf(address, scope));
  if (addresses.length > maxAddresses)
    throw scope.unsupported(`externaldata of more than ${maxAddresses} addresses`, node);
  const rows: string[][] = [];
  let isJson = false;
  for (const address of addresses) {
    const format = options.format ?? formatOfAddress(address.url);
    const bytes = scope.context.plan.external({ ...address, maxBytes });
    if (bytes === undefined) continue;
    const records = externalRecords(bytes, format, options.ignored);
    if (rows.length > 0 && isJson !== (records.kind === 'json'))
      throw new ExternalError('files of such different formats');
    isJson = records.kind === 'json';
    for (const record of recordFields(records, columns, options.mapping, address.url)) rows.push(record);
    if (rows.length > maxRecords) throw new ExternalError(`more than ${maxRecords} records`);
  }
  return typedRows(columns, rows, isJson, options.mapping, scope, node);
}

function addressOf(node: SyntaxNode, scope: ScalarScope): { url: string; isSecret: boolean } {
  const value = lowerScalar(node, ScalarScope.withoutRow(scope.context, scope.environment));
  const url = constantString(toText(value, scope));
  if (url === undefined) throw scope.unsupported('an address that is not a constant', node);
  return { url, isSecret: /^\s*h/i.test(node.ToString()) };
}

function optionsOf(node: SyntaxNode, scope: ScalarScope): Options {
  const clause = optionalPart(node, 'WithClause');
  let options: Options = { format: undefined, ignored: { first: false, last: false }, mapping: undefined };
  for (const property of clause === undefined ? [] : parts(clause, 'Properties')) {
    const name = simpleName(part(property, 'Name'));
    const written = part(property, 'Expression');
    const value = propertyText(written, scope);
    switch (name.toLowerCase()) {
      case 'format':
        options = { ...options, format: formatNamed(value) };
        break;
      case 'ignorefirstrecord':
        options = { ...options, ignored: { ...options.ignored, first: value.toLowerCase() === 'true' } };
        break;
      case 'ignorelastrecord':
        options = { ...options, ignored: { ...options.ignored, last: value.toLowerCase() === 'true' } };
        break;
      case 'ingestionmapping':
        options = { ...options, mapping: parseMapping(value) };
        break;
      case 'ingestionmappingtype':
        break;
      default:
        throw scope.unsupported(`externaldata with the property ${name}`, property);
    }
  }
  return options;
}

/** A literal's text, or a bare word. */
function propertyText(node: SyntaxNode, scope: ScalarScope): string {
  if (kindOf(node) === 'NameReference' || kindOf(node) === 'NameDeclaration') return simpleName(node);
  const inner = ScalarScope.withoutRow(scope.context, scope.environment);
  const known = constantString(toText(lowerScalar(node, inner), inner));
  return known ?? node.ToString().trim();
}

/** Of each record, the text of each column; of JSON records, the record itself, which the engine takes apart. */
function recordFields(
  records: ExternalRecords,
  columns: readonly ResultColumn[],
  mapping: ReadonlyMap<string, ColumnMapping> | undefined,
  url: string,
): string[][] {
  if (records.kind === 'json')
    return records.records.map((record, index) => [record, url, String(index + 1)]);
  const { names } = records;
  const byName = names !== undefined && columns.every((column) => names.includes(column.name));
  const ordinals = new Map(names?.map((name, index) => [name, index]));
  const readers = columns.map(({ name }, index) => {
    if (mapping === undefined) return at(byName ? (ordinals.get(name) ?? index) : index);
    return readerOf(mapping.get(name)?.source, ordinals, url);
  });
  return records.records.map((record, index) => readers.map((read) => read(record, index + 1)));
}

type FieldReader = (record: readonly string[], line: number) => string;

function readerOf(
  source: FieldSource | undefined,
  ordinals: ReadonlyMap<string, number>,
  url: string,
): FieldReader {
  switch (source?.kind) {
    case undefined:
      return () => '';
    case 'ordinal':
      return at(source.ordinal);
    case 'field':
      return at(ordinals.get(source.name) ?? -1);
    case 'constant':
      return () => source.value;
    case 'location':
      return () => url;
    case 'line':
      return (_, line) => String(line);
    case 'path':
      throw new ExternalError('an ingestionMapping by paths of records that have none');
  }
}

function at(ordinal: number): FieldReader {
  return (record) => record[ordinal] ?? '';
}

/** The texts as the columns' types, by the same conversions as everywhere. */
function typedRows(
  columns: readonly ResultColumn[],
  rows: readonly (readonly string[])[],
  isJson: boolean,
  mapping: ReadonlyMap<string, ColumnMapping> | undefined,
  scope: ScalarScope,
  node: SyntaxNode,
): Rows {
  const { context, environment } = scope;
  const texts: ResultColumn[] = isJson
    ? [
        { name: 'record', type: 'dynamic' },
        { name: 'location', type: 'string' },
        { name: 'line', type: 'string' },
      ]
    : columns.map(({ name }) => ({ name, type: 'string' }));
  const input = suppliedRows(texts, rows, context);
  const row = new RowScope(context, input);
  const inner = new ScalarScope(context, environment, row);
  const outputs: Output[] = [];
  const typed = columns.map((column, index): Column => {
    const found = mapping?.get(column.name);
    const value = isJson
      ? jsonField(column, found, mapping !== undefined, input)
      : columnExpr(input.columns[index] ?? placeholder);
    const converted =
      found?.transform === undefined
        ? typedText(value, column, inner, node)
        : convert(fromUnix(value, found.transform, inner, node), column.type, inner, node);
    const id = context.newId();
    outputs.push({ id, sql: converted.sql });
    return { ...column, id, nullable: converted.nullable, hidden: false };
  });
  const finished = row.finish();
  return {
    ...input,
    relation: relation({
      kind: 'project',
      input: finished.relation,
      outputs: [...passThrough(input.order.map((key) => key.id)), ...outputs],
    }),
    columns: typed,
  };
}

const placeholder: Column = { name: '', type: 'string', id: 0, nullable: false, hidden: true };

/** The value below the record that the mapping says, or the one of the column's name. */
function jsonField(
  { name }: ResultColumn,
  mapping: ColumnMapping | undefined,
  isMapped: boolean,
  { columns: [record = placeholder, location = placeholder, line = placeholder] }: Rows,
): Expr {
  const source = mapping?.source;
  if (source === undefined) {
    return expr('dynamic', isMapped ? sql`''` : jsonExtract(columnExpr(record).sql, [text(name)]), false);
  }
  switch (source.kind) {
    case 'path': {
      const steps = source.path.map(
        (step): Fragment => (typeof step === 'number' ? sql`toInt64(${integer(step + 1)})` : text(step)),
      );
      return expr('dynamic', jsonExtract(columnExpr(record).sql, steps), false);
    }
    case 'constant':
      return expr('string', text(source.value), false);
    case 'location':
      return columnExpr(location);
    case 'line':
      return columnExpr(line);
    case 'ordinal':
    case 'field':
      throw new ExternalError('an ingestionMapping by position of JSON records');
  }
}

/** A text as a dynamic is what it says in JSON, or itself. */
function typedText(value: Expr, { type }: ResultColumn, scope: ScalarScope, node: SyntaxNode): Expr {
  if (type !== 'dynamic' || value.type !== 'string') return convert(value, type, scope, node);
  const { sql: t } = scope.shared(value);
  return expr(
    'dynamic',
    sql`multiIf(isValidJSON(${t}), ${jsonExtract(t, [])}, ${t} = '', '', ${jsonString(t)})`,
    false,
  );
}

const ticksPerUnit: Readonly<Record<NonNullable<ColumnMapping['transform']>, bigint>> = {
  seconds: 10_000_000n,
  milliseconds: 10_000n,
  microseconds: 10n,
  nanoseconds: 1n,
};

/** A datetime from a number counted from 1970. */
function fromUnix(
  value: Expr,
  unit: NonNullable<ColumnMapping['transform']>,
  scope: ScalarScope,
  node: SyntaxNode,
): Expr {
  const count = toLong(value, scope, node);
  const ticks =
    unit === 'nanoseconds'
      ? sql`intDivOrNull(${count.sql}, 100)`
      : sql`(${count.sql} * ${integer(ticksPerUnit[unit])})`;
  const long = expr('long', sql`(${ticks} + ${integer(unixEpochTicks)})`, true);
  return convert(long, 'datetime', scope, node);
}
