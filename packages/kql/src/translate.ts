import { bindQuery } from './bind/bind.ts';
import { list } from './bind/syntax.ts';
import { columnRef } from './emit/fragment.ts';
import { orderBy } from './emit/order.ts';
import { checkScope } from './emit/scope.ts';
import { StatementPrinter } from './emit/statement.ts';
import { wireForm } from './emit/wire.ts';
import { KqlError } from './kql-error.ts';
import { ticksPerDay, ticksPerMillisecond, unixEpochTicks } from './lower/constants.ts';
import { LoweringContext } from './lower/context.ts';
import { Environment } from './lower/environment.ts';
import { visible } from './lower/rows.ts';
import { dispatchScalar } from './lower/scalar.ts';
import { ScalarScope } from './lower/scalar-scope.ts';
import { dispatchTabular, lowerQuery } from './lower/tabular.ts';
import type { TranslateOptions, Translation } from './translation.ts';

const defaultLookbackDays = 30;

/**
 * A query as one statement. The first call loads the binder, which takes about a second; a call then takes a few milliseconds of CPU, for large
 * queries up to one second: a server uses `openTranslator`.
 * @throws KqlError for every query that is wrong or not supported
 */
export function translate(text: string, options: TranslateOptions): Translation {
  checkScope(options.scope);
  const bound = bindQuery(text);
  try {
    return lower(bound, options);
  } catch (error) {
    if (error instanceof KqlError) throw error;
    const construct =
      error instanceof RangeError ? 'a query nested this deeply' : 'this combination of constructs';
    const refusal = KqlError.unsupported(construct, { start: 0, length: text.length });
    refusal.cause = error;
    throw refusal;
  }
}

function lower({ code, schema }: ReturnType<typeof bindQuery>, options: TranslateOptions): Translation {
  const unixNow = BigInt(options.now.getTime()) * ticksPerMillisecond;
  const context = new LoweringContext(
    { scalar: dispatchScalar, tabular: dispatchTabular },
    schema,
    unixNow + unixEpochTicks,
  );
  const scope = ScalarScope.withoutRow(context, new Environment(null, 0));
  const rows = lowerQuery(code.Syntax, scope);

  const bound = list(code.ResultType?.Columns);
  if (bound.length !== rows.columns.length)
    throw new TypeError('the result has other columns than the binder says');
  const columns = visible({
    ...rows,
    columns: rows.columns.map((column, index) => ({ ...column, name: bound[index]?.Name ?? column.name })),
  });
  if (columns.length === 0) throw KqlError.unsupported('a result without columns', { start: 0, length: 0 });

  const printer = new StatementPrinter({
    scope: options.scope,
    database: options.database ?? 'merlon',
    oldest:
      unixNow - BigInt(Math.round((options.lookbackDays ?? defaultLookbackDays) * 24)) * (ticksPerDay / 24n),
  });
  const results = columns.map((column) => wireForm(column.type, columnRef(column.id), column.nullable));
  const order = rows.order.length === 0 ? undefined : orderBy(rows.order);
  const statement = printer.statement(rows.relation, results, order, options.maxRows, context.shared);
  return {
    sql: statement,
    parameters: printer.parameters.values,
    columns: columns.map(({ name, type }) => ({ name, type })),
    reads: printer.reads(),
    ...(context.chart === undefined ? {} : { chart: context.chart }),
  };
}
