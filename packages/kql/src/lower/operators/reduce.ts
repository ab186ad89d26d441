import {
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
} from '../../bind/syntax.ts';
import { columnRef, sql } from '../../emit/fragment.ts';
import { type ReduceOptions, reduceGroups, reducePatterns } from '../../plugins/reduce.ts';
import { relation } from '../../tree/relation.ts';
import { constantString } from '../constants.ts';
import { toReal, toText } from '../convert.ts';
import { Unfinished } from '../query-plan.ts';
import { lowerScalar } from '../recursion.ts';
import type { Column, Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { suppliedRows } from '../supplied-rows.ts';
import { type OperatorRule, type ResultColumn, resultColumns } from './rule.ts';

const maxTexts = 100_000;

const groupColumns: readonly ResultColumn[] = [
  { name: 'Pattern', type: 'string' },
  { name: 'Count', type: 'long' },
  { name: 'Representative', type: 'string' },
];

/** `reduce [kind=source] by text [with threshold=…, characters=…]`: how many texts are alike; or of which kind each row's is. */
export const reduce: OperatorRule = ({ node, input, scope }) => {
  let withSource = false;
  for (const [name, value] of namedParameters(node)) {
    if (name === 'kind') withSource = value.ToString().trim() === 'source';
    else if (!name.startsWith('hint.')) throw scope.unsupported(`the parameter ${name}= here`, value);
  }
  const options = optionsOf(node, scope);
  const { context } = scope;
  const row = new RowScope(context, input);
  const inner = new ScalarScope(context, scope.environment, row);
  const text = row.computed(toText(lowerScalar(part(node, 'Expression'), inner), inner));
  const rows = row.finish();
  const texts = fetchedTexts(rows, text.sql, node, scope);
  const patterns = reducePatterns(texts, options);
  const result = resultColumns(node, scope);
  if (!withSource) {
    const groups = reduceGroups(texts, patterns);
    return suppliedRows(
      result,
      groups.map(({ pattern, count, representative }) => [pattern, BigInt(count), representative]),
      context,
    );
  }
  const groups = new Map(reduceGroups(texts, patterns).map((group) => [group.pattern, group]));
  const known = suppliedRows(
    [{ name: 'text', type: 'string' }, ...groupColumns],
    [...patterns].map(([distinct, pattern]) => {
      const group = groups.get(pattern);
      return [distinct, pattern, BigInt(group?.count ?? 0), group?.representative ?? ''];
    }),
    context,
  );
  const [key, ...described] = known.columns;
  if (key === undefined) throw new TypeError('no column to join by');
  const joined = relation({
    kind: 'join',
    join: 'inner',
    left: rows.relation,
    right: known.relation,
    on: [{ left: text.sql, right: columnRef(key.id) }],
  });
  const added = described.map(
    (column, index): Column => ({
      ...column,
      name: result[rows.columns.length + index]?.name ?? column.name,
    }),
  );
  return { ...rows, relation: joined, columns: [...rows.columns, ...added] };
};

function optionsOf(node: SyntaxNode, scope: ScalarScope): ReduceOptions {
  let options: ReduceOptions = { threshold: 0.1, separators: undefined };
  const clause = optionalPart(node, 'With');
  const inner = ScalarScope.withoutRow(scope.context, scope.environment);
  for (const parameter of clause === undefined ? [] : parts(clause, 'Parameters')) {
    const name = simpleName(part(parameter, 'Name')).toLowerCase();
    const value = lowerScalar(part(parameter, 'Expression'), inner);
    if (name === 'threshold') {
      const { constant } = value.constant?.type === 'long' ? value : toReal(value, inner, parameter);
      if (typeof constant?.value !== 'number' && typeof constant?.value !== 'bigint')
        throw scope.unsupported('a threshold that is not a constant', parameter);
      options = { ...options, threshold: Number(constant.value) };
    } else if (name === 'characters') {
      const separators = constantString(value);
      if (separators === undefined) throw scope.unsupported('characters that are not a constant', parameter);
      options = { ...options, separators };
    } else throw scope.unsupported(`reduce with ${name}=`, parameter);
  }
  return options;
}

/** The distinct texts and how often each occurs. */
function fetchedTexts(
  rows: Rows,
  text: ReturnType<typeof columnRef>,
  node: SyntaxNode,
  scope: ScalarScope,
): Map<string, number> {
  const { context } = scope;
  const [key, count] = [context.newId(), context.newId()];
  const grouped: Rows = {
    relation: relation({
      kind: 'aggregate',
      input: rows.relation,
      keys: [{ id: key, sql: text }],
      outputs: [{ kind: 'value', id: count, sql: sql`toInt64(count())` }],
    }),
    columns: [
      { name: 'text', type: 'string', id: key, nullable: false, hidden: false },
      { name: 'count', type: 'long', id: count, nullable: false, hidden: false },
    ],
    order: [{ id: key, descending: false, nullsFirst: true }],
  };
  const { rows: found } = context.plan.rows('reduce texts', grouped, maxTexts);
  if (found === undefined) throw new Unfinished();
  if (found.length > maxTexts)
    throw scope.unsupported(`reduce over more than ${maxTexts} distinct texts`, node);
  return new Map(found.map(([value, amount]) => [String(value), Number(amount)]));
}
