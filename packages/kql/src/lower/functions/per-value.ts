import { type Fragment, sql, text, texts } from '../../emit/fragment.ts';
import type { Expr } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { constantString } from '../constants.ts';
import { Unfinished } from '../query-plan.ts';
import type { Call } from './rule.ts';

/** Different values that one call may be computed for. */
const maxValues = 20_000;

/** The different values of a text in the rows: they are asked for before the query is translated. */
export function distinctValues(call: Call, value: Expr): readonly string[] {
  const known = constantString(value);
  if (known !== undefined) return [known];
  const { context, row } = call.scope;
  const { sql: column } = row.computed(value);
  const id = context.newId();
  const input = row.finish().relation;
  const { rows } = context.plan.rows(
    `values of ${call.name}`,
    {
      relation: relation({ kind: 'aggregate', input, keys: [{ id, sql: column }], outputs: [] }),
      columns: [{ name: 'value', type: 'string', id, nullable: false, hidden: false }],
      order: [],
    },
    maxValues,
  );
  if (rows === undefined) throw new Unfinished();
  if (rows.length > maxValues) call.refuse(`of more than ${maxValues} different values`);
  return rows.map(([value]) => String(value));
}

/** A function of a text that no SQL computes: what it gives for each different value of the rows, as SQL. */
export function perValue(call: Call, value: Expr, compute: (value: string) => string): Fragment {
  const known = constantString(value);
  if (known !== undefined) return text(compute(known));
  const shared = call.scope.row.computed(value);
  const values = distinctValues(call, shared);
  if (values.length === 0) return sql`''`;
  return sql`transform(${shared.sql}, ${texts(values)}, ${texts(values.map(compute))}, '')`;
}
