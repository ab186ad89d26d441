/** What the look-up plug-ins share: rows of the source beside those of a table. */
import { columnRef, sql } from '../../emit/fragment.ts';
import { isTextual } from '../../tree/expression.ts';
import { type Output, type Relation, relation } from '../../tree/relation.ts';
import type { Column, Rows } from '../rows.ts';
import type { PluginCall } from './rule.ts';

/** The right side of a left join: what may be missing can be NULL. */
export function nullable(input: Relation, columns: readonly Column[], ids: readonly number[]): Relation {
  const bare = new Set(
    columns.filter((column) => !column.nullable && !isTextual(column.type)).map((column) => column.id),
  );
  if (bare.size === 0) return input;
  return relation({
    kind: 'project',
    input,
    outputs: [...new Set(ids)].map((id) => ({
      id,
      sql: bare.has(id) ? sql`toNullable(${columnRef(id)})` : columnRef(id),
    })),
  });
}

/** The columns the binder gives the result: the source's by name, then the table's. */
export function shaped(
  call: PluginCall,
  sides: { readonly left: readonly Column[]; readonly right: readonly Column[] },
  shared: ReadonlySet<string>,
  input: Relation,
  mayMiss: boolean,
): Rows {
  const { context } = call.scope;
  const candidates = [
    ...sides.left.map((column) => ({ column, isRight: false })),
    ...sides.right.filter((column) => !shared.has(column.name)).map((column) => ({ column, isRight: true })),
  ];
  const result = call.result();
  if (result.length !== candidates.length) throw call.refused('with these columns');
  const outputs: Output[] = [];
  const columns = result.map((wanted, index): Column => {
    const candidate = candidates[index];
    if (candidate === undefined) throw call.refused(`with the column '${wanted.name}'`);
    const { column, isRight } = candidate;
    const id = context.newId();
    const isMissing = mayMiss && isRight;
    outputs.push({
      id,
      sql:
        isMissing && isTextual(column.type) ? sql`ifNull(${columnRef(column.id)}, '')` : columnRef(column.id),
    });
    return {
      name: wanted.name,
      type: column.type,
      id,
      nullable: column.nullable || (isMissing && !isTextual(column.type)),
      hidden: column.hidden,
    };
  });
  return { relation: relation({ kind: 'project', input, outputs }), columns, order: [] };
}
