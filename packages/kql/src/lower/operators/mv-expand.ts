import type { KustoType } from '@merlon/contract';
import {
  kindOf,
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
} from '../../bind/syntax.ts';
import { columnRef, type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { constantInteger } from '../constants.ts';
import { convert, toDynamic } from '../convert.ts';
import { typeNamed } from '../functions/rule.ts';
import { jsonElements } from '../json.ts';
import { assignments, lowerNamed, type NamedValue } from '../named-values.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorRule, resultColumns } from './rule.ts';

interface Expansion extends NamedValue {
  readonly type: KustoType;
  readonly array: Expr;
}

/**
 * A row for each element: null makes one row of null, an empty array none, a bag one row for each of its entries. Several arrays go side by side,
 * the shorter ones padded with null.
 */
export const mvExpand: OperatorRule = ({ node, input, scope }) => {
  const { context } = scope;
  const row = new RowScope(context, input);
  const inner = new ScalarScope(context, scope.environment, row);
  const { pairs, indexName } = options(node, scope);
  const expansions = parts(node, 'Expressions').map((expression) => lowerExpansion(expression, pairs, inner));
  const length = row.computed(expr('long', lengthOf(expansions, node, inner), false)).sql;
  const arrays = expansions.map((expansion) =>
    row.computed({ ...expansion.array, sql: padded(expansion, length, expansions.length) }),
  );
  const indexes =
    indexName === undefined
      ? undefined
      : row.computed(expr('dynamic', sql`range(toUInt64(${length}))`, false));

  const result = resultColumns(node, scope);
  const assigned = assignments(expansions, input.columns, result, scope);
  const elements = new Map(
    expansions.map((expansion, index) => [
      expansion.node,
      { id: context.newId(), array: arrays[index], expansion },
    ]),
  );
  const indexId = context.newId();
  const expanded: Output[] = [...elements.values()].map(({ id, array }) => ({
    id,
    sql: array?.sql ?? sql`[]`,
  }));
  if (indexes !== undefined) expanded.push({ id: indexId, sql: indexes.sql });

  const before = row.finish();
  const after: Rows = {
    ...before,
    relation: relation({ kind: 'expand', input: before.relation, arrays: expanded }),
  };
  const above = new ScalarScope(context, scope.environment, new RowScope(context, after));
  const outputs: Output[] = [];
  const columns = result.map((column): Column => {
    if (column.name === indexName) {
      const id = context.newId();
      outputs.push({ id, sql: sql`toInt64(${columnRef(indexId)})` });
      return { ...column, id, nullable: false, hidden: false };
    }
    const element = elements.get(assigned.get(column.name)?.node ?? node);
    if (element === undefined) {
      const kept = input.columns.find((candidate) => candidate.name === column.name);
      if (kept === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
      return kept;
    }
    const value = convert(expr('dynamic', columnRef(element.id), false), element.expansion.type, above, node);
    const converted = convert(value, column.type, above, node);
    const id = context.newId();
    outputs.push({ id, sql: converted.sql });
    return { ...column, id, nullable: converted.nullable, hidden: false };
  });
  const made = new Set(outputs.map((output) => output.id));
  const kept = [...columns.map((column) => column.id), ...after.order.map((key) => key.id)].filter(
    (id) => !made.has(id),
  );
  const finished = above.row.finish({
    ...after,
    columns: [...after.columns, ...expanded.map(({ id }) => placeholder(id))],
  });
  return {
    relation: relation({
      kind: 'project',
      input: finished.relation,
      outputs: [...passThrough(kept), ...outputs],
    }),
    columns,
    order: input.order,
  };
};

function placeholder(id: number): Column {
  return { name: '', type: 'dynamic', id, nullable: false, hidden: true };
}

/** Bags give one-entry bags, or [key, value] pairs on demand. */
function options(node: SyntaxNode, scope: ScalarScope): { pairs: boolean; indexName: string | undefined } {
  let pairs = false;
  let indexName: string | undefined;
  for (const [name, value] of namedParameters(node)) {
    if (name === 'kind' || name === 'bagexpansion') pairs = value.ToString().trim() === 'array';
    else if (name === 'with_itemindex') indexName = simpleName(value);
    else throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  return { pairs, indexName };
}

function lowerExpansion(node: SyntaxNode, pairs: boolean, scope: ScalarScope): Expansion {
  const named = lowerNamed(part(node, 'Expression'), scope);
  const written = optionalPart(node, 'ToTypeOf');
  const typeNode = written === undefined ? undefined : parts(part(written, 'TypeOf'), 'Types')[0];
  const type = typeNode === undefined ? 'dynamic' : typeNamed(typeNode.ToString().trim());
  if (type === undefined) throw scope.unsupported(`to typeof(${typeNode?.ToString().trim()})`, node);
  const json = scope.row.computed(toDynamic(named.value, scope)).sql;
  const entry = pairs
    ? sql`concat('[', replaceAll(toJSONString(kv.1), '\\\\/', '/'), ',', replaceAll(kv.2, '\\\\/', '/'), ']')`
    : sql`concat('{', replaceAll(toJSONString(kv.1), '\\\\/', '/'), ':', replaceAll(kv.2, '\\\\/', '/'), '}')`;
  const entries = sql`arrayMap(kv -> ${entry}, JSONExtractKeysAndValuesRaw(${json}))`;
  const array = sql`multiIf(JSONType(${json}) = 'Array', ${jsonElements(json)}, JSONType(${json}) = 'Object', ${entries}, [${json}])`;
  return { ...named, type, array: scope.row.computed(expr('dynamic', array, false)) };
}

function lengthOf(expansions: readonly Expansion[], node: SyntaxNode, scope: ScalarScope): Fragment {
  const lengths = expansions.map((expansion) => sql`toInt64(length(${expansion.array.sql}))`);
  const longest = lengths.length === 1 ? (lengths[0] ?? sql`0`) : sql`greatest(${join(lengths)})`;
  const clause = optionalPart(node, 'RowLimitClause');
  if (clause === undefined) return longest;
  const limit = constantInteger(lowerScalar(part(clause, 'RowLimit'), scope));
  if (limit === undefined || kindOf(clause) !== 'MvExpandRowLimitClause')
    throw scope.unsupported('a limit that is not a constant', clause);
  return sql`least(${longest}, toInt64(${integer(limit)}))`;
}

function padded(expansion: Expansion, length: Fragment, count: number): Fragment {
  return count === 1
    ? sql`arraySlice(${expansion.array.sql}, 1, ${length})`
    : sql`arrayResize(${expansion.array.sql}, ${length}, '')`;
}
