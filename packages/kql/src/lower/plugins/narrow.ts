import { columnRef, join, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { relation } from '../../tree/relation.ts';
import { toText } from '../convert.ts';
import { type Column, columnExpr, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginRule } from './rule.ts';

/** `narrow()`: a row for each cell: the number of its row from 0, the name of its column, its text. */
export const narrow: PluginRule = (call) => {
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const inner = new ScalarScope(context, environment, row);
  const cells = visible(call.input).map(
    (column) => sql`(${text(column.name)}, ${toText(columnExpr(column), inner).sql})`,
  );
  const number = row.window(
    expr('long', sql`row_number()`, false),
    sql`ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`,
  );
  const [cell, place] = [context.newId(), context.newId()];
  const expanded = relation({
    kind: 'expand',
    input: row.finish().relation,
    arrays: [
      { id: cell, sql: sql`[${join(cells)}]` },
      {
        id: place,
        sql: sql`arrayEnumerate([${join(cells.map((_, index) => sql`${text(String(index))}`))}])`,
      },
    ],
  });
  const values = [sql`(toInt64(${number.sql}) - 1)`, sql`${columnRef(cell)}.1`, sql`${columnRef(cell)}.2`];
  const outputs = values.map((value) => ({ id: context.newId(), sql: value }));
  const columns = call.result().map(
    (column, index): Column => ({
      ...column,
      id: outputs[index]?.id ?? 0,
      nullable: false,
      hidden: false,
    }),
  );
  return {
    relation: relation({
      kind: 'project',
      input: expanded,
      outputs: [...outputs, { id: place, sql: columnRef(place) }],
    }),
    columns,
    order: [columns[0]?.id ?? 0, place].map((id) => ({ id, descending: false, nullsFirst: true })),
  };
};
