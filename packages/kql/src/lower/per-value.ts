import type { SyntaxNode } from '../bind/syntax.ts';
import { type Fragment, sql, text, texts } from '../emit/fragment.ts';
import type { Expr } from '../tree/expression.ts';
import { relation } from '../tree/relation.ts';
import { constantString } from './constants.ts';
import { Unfinished } from './query-plan.ts';
import type { ScalarScope } from './scalar-scope.ts';

/** Different values that one call may be computed for. */
const maxValues = 20_000;

/** Where values are asked for: a call, or an operator. */
interface Site {
  readonly name: string;
  readonly node: SyntaxNode;
  readonly scope: ScalarScope;
}

/** The different values of a text in the rows: they are asked for before the query is translated. */
export function distinctValues(site: Site, value: Expr): readonly string[] {
  const known = constantString(value);
  if (known !== undefined) return [known];
  const { context, row } = site.scope;
  const { sql: column } = row.computed(value);
  const id = context.newId();
  const input = row.finish().relation;
  const { rows } = context.plan.rows(
    `values of ${site.name}`,
    {
      relation: relation({ kind: 'aggregate', input, keys: [{ id, sql: column }], outputs: [] }),
      columns: [{ name: 'value', type: 'string', id, nullable: false, hidden: false }],
      order: [],
    },
    maxValues,
  );
  if (rows === undefined) throw new Unfinished();
  if (rows.length > maxValues)
    throw site.scope.unsupported(`${site.name} of more than ${maxValues} different values`, site.node);
  return rows.map(([value]) => String(value));
}

/** A function of a text that no SQL computes: what it gives for each different value of the rows, as SQL. */
export function perValue(site: Site, value: Expr, compute: (value: string) => string): Fragment {
  const known = constantString(value);
  if (known !== undefined) return text(compute(known));
  const shared = site.scope.row.computed(value);
  const values = distinctValues(site, shared);
  if (values.length === 0) return sql`''`;
  return sql`transform(${shared.sql}, ${texts(values)}, ${texts(values.map(compute))}, '')`;
}
