import type { KustoType } from '@merlon/contract';
import { part, parts, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { columnRef, type Fragment, join, sql, texts } from '../../emit/fragment.ts';
import { type Expr, isTextual } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { constantString, longConstant, stringConstant } from '../constants.ts';
import { convert } from '../convert.ts';
import { typeNamed } from '../functions/rule.ts';
import { columnFor, lowerNamedList } from '../named-values.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope, unitRows } from '../scalar-scope.ts';
import { type OperatorRule, type ResultColumn, resultColumns } from './rule.ts';

/** One row of the expressions. */
export function print(node: SyntaxNode, scope: ScalarScope): Rows {
  const inner = new ScalarScope(scope.context, scope.environment, new RowScope(scope.context, unitRows()));
  const values = lowerNamedList(parts(node, 'Expressions'), inner);
  const result = resultColumns(node, scope);
  if (values.length !== result.length) throw scope.unsupported('an expression of several columns here', node);
  const outputs: Output[] = [];
  const columns = values.map((value, index) =>
    columnFor(result[index] ?? { name: '', type: value.value.type }, value.value, value.node, inner, outputs),
  );
  const { relation: input } = inner.row.finish();
  const kept = inner.row.collected().map((id) => ({ id, sql: columnRef(id) }));
  return {
    relation: relation({ kind: 'project', input, outputs: [...kept, ...outputs] }),
    columns,
    order: [],
  };
}

/** The rows written out in the query. */
export function datatable(node: SyntaxNode, scope: ScalarScope): Rows {
  const result = resultColumns(node, scope);
  const inner = ScalarScope.withoutRow(scope.context, scope.environment);
  const cells = parts(node, 'Values').map((value) => ({ value: lowerScalar(value, inner), node: value }));
  if (result.length === 0 || cells.length % result.length !== 0)
    throw scope.semantic('The last row of the datatable is not whole.', node);
  const byColumn = result.map((column, index) =>
    cells
      .filter((_, cell) => cell % result.length === index)
      .map((cell) => convert(cell.value, column.type, inner, cell.node)),
  );
  return tableOf(result, byColumn, scope);
}

/** Rows from the values of each column. */
function tableOf(
  result: readonly ResultColumn[],
  byColumn: readonly (readonly Expr[])[],
  scope: ScalarScope,
): Rows {
  const columns = result.map(
    (column): Column => ({
      ...column,
      id: scope.context.newId(),
      nullable: !isTextual(column.type),
      hidden: false,
    }),
  );
  const arrays = columns.map((column, index) => ({
    id: column.id,
    sql: arrayOf(column.type, byColumn[index] ?? []),
  }));
  return {
    relation: relation({ kind: 'expand', input: relation({ kind: 'unit' }), arrays }),
    columns,
    order: [],
    serialized: true,
  };
}

function arrayOf(type: KustoType, values: readonly Expr[]): Fragment {
  const words = values.map((value) => constantString(value)).filter((word) => word !== undefined);
  if (type === 'string' && words.length === values.length) return texts(words);
  const list = sql`[${join(values.map((value) => value.sql))}]`;
  switch (type) {
    case 'bool':
      return sql`CAST(${list}, 'Array(Nullable(Bool))')`;
    case 'int':
      return sql`CAST(${list}, 'Array(Nullable(Int32))')`;
    case 'long':
    case 'timespan':
      return sql`CAST(${list}, 'Array(Nullable(Int64))')`;
    case 'real':
      return sql`CAST(${list}, 'Array(Nullable(Float64))')`;
    case 'decimal':
      return sql`CAST(${list}, 'Array(Nullable(Decimal(76, 38)))')`;
    case 'datetime':
      return sql`CAST(${list}, 'Array(Nullable(DateTime64(7, \\'UTC\\')))')`;
    default:
      return sql`CAST(${list}, 'Array(String)')`;
  }
}

/** `range x from a to b step c`: of numbers, datetimes or timespans, both ends included. */
export function range(node: SyntaxNode, scope: ScalarScope): Rows {
  const [column] = resultColumns(node, scope);
  if (column === undefined) throw scope.unsupported('range without a column', node);
  const row = new RowScope(scope.context, unitRows());
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const at = (name: string, type: KustoType) =>
    row.computed(convert(lowerScalar(part(node, name), inner), type, inner, node)).sql;
  const stepType = column.type === 'datetime' ? 'timespan' : column.type;
  const [from, to, step] = [at('From', column.type), at('To', column.type), at('Step', stepType)];
  const [id, place] = [scope.context.newId(), scope.context.newId()];
  const values = row.computed({
    type: 'dynamic',
    sql: sequence(column.type, from, to, step) ?? refuse(column, node, scope),
    nullable: false,
  }).sql;
  const expanded = relation({
    kind: 'expand',
    input: row.finish().relation,
    arrays: [
      { id, sql: values },
      { id: place, sql: sql`arrayEnumerate(${values})` },
    ],
  });
  const only: Column = { ...column, id, nullable: false, hidden: false };
  return {
    relation: expanded,
    columns: [only],
    order: [{ id: place, descending: false, nullsFirst: true }],
    serialized: true,
  };
}

function refuse(column: ResultColumn, node: SyntaxNode, scope: ScalarScope): never {
  throw scope.unsupported(`range of ${column.type}`, node);
}

/** The values as an array; empty when an argument is null, the step 0 or the end beyond reach. */
function sequence(type: KustoType, from: Fragment, to: Fragment, step: Fragment): Fragment | undefined {
  const size = (distance: Fragment) =>
    sql`toUInt64(ifNull(greatest(intDivOrNull(${distance}, ${step}) + 1, 0), 0) * (ifNull(${distance} = 0, false) OR ifNull((${distance} > 0) = (${step} > 0), false)))`;
  switch (type) {
    case 'int':
    case 'long':
    case 'timespan':
      return sql`arrayMap(i -> toInt64(assumeNotNull(${from}) + toInt64(i) * assumeNotNull(${step})), range(${size(sql`(toInt64(${to}) - toInt64(${from}))`)}))`;
    case 'datetime': {
      const distance = sql`(reinterpret(${to}, 'Int64') - reinterpret(${from}, 'Int64'))`;
      return sql`arrayMap(i -> reinterpret(assumeNotNull(reinterpret(${from}, 'Int64')) + toInt64(i) * assumeNotNull(${step}), 'DateTime64(7,\\'UTC\\')'), range(${size(distance)}))`;
    }
    case 'real': {
      const count = sql`toUInt64(ifNull(greatest(accurateCastOrNull(floor((${to} - ${from}) / ${step}) + 1, 'Int64'), 0), 0))`;
      return sql`arrayMap(i -> assumeNotNull(${from}) + i * assumeNotNull(${step}), range(${count}))`;
    }
    case 'decimal': {
      const known = (value: Fragment) => sql`assumeNotNull(${value})`;
      const [low, high, by] = [known(from), known(to), known(step)];
      const distance = sql`(toFloat64(${to}) - toFloat64(${from})) / toFloat64(${step})`;
      const count = sql`toUInt64(ifNull(greatest(accurateCastOrNull(floor(${distance}) + 2, 'Int64'), 0), 0))`;
      // The estimate in floating point is one too many at times.
      return sql`arrayFilter(d -> if(${by} > 0, d <= ${high}, d >= ${high}), arrayMap(i -> ${low} + toDecimal256(i, 0) * ${by}, range(${count})))`;
    }
    default:
      return undefined;
  }
}

/** The rows as they are, if they have just these columns in this order. */
export const assertSchema: OperatorRule = ({ node, input, scope }) => {
  const has = visible(input).map((column) => `${column.name}:${column.type}`);
  const wanted = parts(part(node, 'Schema'), 'Columns').map((column) => {
    const declared = part(column, 'Type').ToString().trim();
    return `${simpleName(part(column, 'Name'))}:${typeNamed(declared) ?? declared}`;
  });
  if (has.join(', ') !== wanted.join(', '))
    throw scope.semantic(`The rows have the columns (${has.join(', ')}), not (${wanted.join(', ')}).`, node);
  return input;
};

const dotnetNames: Readonly<Record<KustoType, string>> = {
  bool: 'System.SByte',
  datetime: 'System.DateTime',
  decimal: 'System.Data.SqlTypes.SqlDecimal',
  dynamic: 'System.Object',
  guid: 'System.Guid',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  string: 'System.String',
  timespan: 'System.TimeSpan',
};

/** The columns as rows. */
export const getschema: OperatorRule = ({ node, input, scope }) => {
  const described = visible(input);
  return tableOf(
    resultColumns(node, scope),
    [
      described.map((column) => stringConstant(column.name)),
      described.map((_, index) => longConstant(BigInt(index))),
      described.map((column) => stringConstant(dotnetNames[column.type])),
      described.map((column) => stringConstant(column.type)),
    ],
    scope,
  );
};
