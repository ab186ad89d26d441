import { kindOf, list } from '../../bind/syntax.ts';
import { sql } from '../../emit/fragment.ts';
import { type Expr, isTextual } from '../../tree/expression.ts';
import type { AggregateCall, AggregateColumn, AggregateRule } from './aggregation.ts';
import { conditionAt } from './counting.ts';

interface Chosen {
  readonly value: Expr;
  readonly hidden: boolean;
}

/** The arguments from `first` on, `*` replaced by the columns it stands for. */
function chosen(call: AggregateCall, first: number): Chosen[] {
  const found: Chosen[] = [];
  for (let index = first; index < call.count; index++) {
    if (kindOf(call.nodeAt(index)) === 'StarExpression') found.push(...call.starColumns(index));
    else found.push({ value: call.value(index), hidden: false });
  }
  return found;
}

/** The row in which the first argument is greatest (or least): its value and the other arguments. A null is chosen only if there is nothing else. */
const argExtreme =
  (pick: 'argMax' | 'argMin'): AggregateRule =>
  (call) => {
    const key = call.shared(call.value(0));
    if (key.type === 'dynamic') call.refuse('by a dynamic');
    const others = chosen(call, 1);
    const present = pick === 'argMax' ? sql`isNotNull(${key.sql})` : sql`isNull(${key.sql})`;
    const by = key.nullable ? sql`tuple(${present}, assumeNotNull(${key.sql}))` : key.sql;
    const values = call.aggregation.row(pick, by, [key, ...others.map((other) => other.value)]);
    return values.map(
      (value, index): AggregateColumn => ({
        value,
        hidden: index > 0 && (others[index - 1]?.hidden ?? false),
      }),
    );
  };

/** Any one row; a single value that is not null or empty is preferred. */
const takeAny =
  (conditional: boolean): AggregateRule =>
  (call) => {
    const isSingle =
      (list(call.node.ResultType?.Columns).length || 1) === 1 && kindOf(call.nodeAt(0)) !== 'StarExpression';
    if (!conditional && !isSingle) {
      const columns = chosen(call, 0);
      const values = call.aggregation.row(
        'any',
        null,
        columns.map((column) => column.value),
      );
      return values.map((value, index) => ({ value, hidden: columns[index]?.hidden ?? false }));
    }
    const value = call.shared(call.value(0));
    const condition = conditional ? conditionAt(call, 1) : sql`true`;
    if (isTextual(value.type)) {
      return [
        {
          value: call.aggregation.value(
            value.type,
            sql`anyIf(${value.sql}, ${value.sql} != '' AND ${condition})`,
            false,
          ),
        },
      ];
    }
    return [
      { value: call.aggregation.value(value.type, sql`anyOrNullIf(${value.sql}, ${condition})`, true) },
    ];
  };

export const choosingAggregates: Readonly<Record<string, AggregateRule>> = {
  arg_max: argExtreme('argMax'),
  arg_min: argExtreme('argMin'),
  argmax: argExtreme('argMax'),
  argmin: argExtreme('argMin'),
  any: takeAny(false),
  take_any: takeAny(false),
  anyif: takeAny(true),
  take_anyif: takeAny(true),
};
