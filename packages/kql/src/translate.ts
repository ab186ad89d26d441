import { bindQuery, checkText } from './bind/bind.ts';
import { unknownColumn } from './bind/diagnostics.ts';
import { EditedText } from './bind/edits.ts';
import { huntingSchema } from './bind/schema.ts';
import { columnRef } from './emit/fragment.ts';
import { orderBy } from './emit/order.ts';
import { checkScope, type RowLimits } from './emit/scope.ts';
import { StatementPrinter } from './emit/statement.ts';
import { wireForm } from './emit/wire.ts';
import { KqlError } from './kql-error.ts';
import { ticksPerDay, ticksPerMillisecond, unixEpochTicks } from './lower/constants.ts';
import { LoweringContext } from './lower/context.ts';
import { Environment } from './lower/environment.ts';
import { ColumnsLearned, type LearnedAt, QueryPlan, TableNamed, Unfinished } from './lower/query-plan.ts';
import { type Rows, visible } from './lower/rows.ts';
import { dispatchScalar } from './lower/scalar.ts';
import { ScalarScope } from './lower/scalar-scope.ts';
import { dispatchTabular, lowerQuery } from './lower/tabular.ts';
import { LearnedColumns } from './plan/learned-columns.ts';
import type { Outcome } from './plan/outcome.ts';
import { serviceEdits } from './service/service-names.ts';
import type { TranslateOptions, Translation } from './translation.ts';

const defaultLookbackDays = 30;

/**
 * A query as one statement, or what must be known before it is one; `prepare` asks until it is. The first call loads the binder, which takes about a
 * second; a call then takes a few milliseconds of CPU, for large queries up to one second: a server uses `openTranslator`.
 * @throws KqlError for every query that is wrong or not supported
 */
export function translate(text: string, options: TranslateOptions): Outcome {
  checkScope(options.scope);
  checkText(text);
  const edits = serviceEdits(text, huntingSchema({ aliases: true, additionalFields: 'dynamic' }));
  const learned = new LearnedColumns();
  for (;;) {
    const edited = new EditedText(text, [...edits, ...learned.edits()]);
    try {
      return translateText(edited, learned, options);
    } catch (error) {
      if (error instanceof ColumnsLearned) {
        if (learned.add(edited.originalOffset(error.offset), error.columns)) continue;
        throw new TypeError('the columns were known before', { cause: error });
      }
      if (error instanceof TableNamed) {
        if (learned.nameTable(edited.originalPlace(error.place), error.table)) continue;
        throw new TypeError('the table was named before', { cause: error });
      }
      if (!(error instanceof KqlError)) throw error;
      const { start, length } = edited.originalPlace(error);
      const unknown = unknownColumn(error);
      if (unknown !== undefined && learned.addMissing(start, unknown)) continue;
      if (error.kind === 'semantic' && learned.loosenMissing()) continue;
      throw new KqlError(error.kind, error.message, { start, length }, error.construct);
    }
  }
}

function translateText(edited: EditedText, learned: LearnedColumns, options: TranslateOptions): Outcome {
  const { text } = edited;
  const bound = bindQuery(text);
  try {
    return lower(bound, (offset) => learned.at(edited.originalOffset(offset)), options);
  } catch (error) {
    if (error instanceof KqlError || error instanceof ColumnsLearned || error instanceof TableNamed)
      throw error;
    const construct =
      error instanceof RangeError ? 'a query nested this deeply' : 'this combination of constructs';
    const refusal = KqlError.unsupported(construct, { start: 0, length: text.length });
    refusal.cause = error;
    throw refusal;
  }
}

/** The rows that the look-back and the caller's own span of time leave to see. */
function seenBetween(options: TranslateOptions, unixNow: bigint): Pick<RowLimits, 'oldest' | 'newest'> {
  const ticks = (at: Date) => BigInt(at.getTime()) * ticksPerMillisecond;
  const kept =
    unixNow - BigInt(Math.round((options.lookbackDays ?? defaultLookbackDays) * 24)) * (ticksPerDay / 24n);
  const from = options.from === undefined ? kept : ticks(options.from);
  return {
    oldest: from > kept ? from : kept,
    ...(options.until === undefined ? {} : { newest: ticks(options.until) }),
  };
}

function lower(
  { code, schema }: ReturnType<typeof bindQuery>,
  learnedAt: LearnedAt,
  options: TranslateOptions,
): Outcome {
  const unixNow = BigInt(options.now.getTime()) * ticksPerMillisecond;
  const limits: RowLimits = {
    scope: options.scope,
    database: options.database ?? 'merlon',
    ...seenBetween(options, unixNow),
  };
  const plan = new QueryPlan(options.supplied ?? {}, learnedAt, (rows, maxRows) =>
    statementOf(rows, limits, maxRows, context),
  );
  const context = new LoweringContext(
    { scalar: dispatchScalar, tabular: dispatchTabular },
    schema,
    unixNow + unixEpochTicks,
    plan,
    options.geo ?? false,
  );
  const scope = ScalarScope.withoutRow(context, new Environment(null, 0));
  try {
    const { rows, names, isConsumed } = lowerQuery(code.Syntax, scope);
    if (plan.needs.length > 0) return { kind: 'needs', needs: plan.needs };
    if (isConsumed) {
      const translation = statementOf(rows, limits, options.maxRows, context);
      return { kind: 'statement', translation: { ...translation, columns: [] } };
    }
    if (names.length !== rows.columns.length)
      throw new TypeError('the result has other columns than the binder says');
    const columns = rows.columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
    const translation = statementOf({ ...rows, columns }, limits, options.maxRows, context);
    return { kind: 'statement', translation };
  } catch (error) {
    if (error instanceof Unfinished) return { kind: 'needs', needs: plan.needs };
    throw error;
  }
}

/** The statement of the visible columns of these rows. */
function statementOf(
  rows: Rows,
  limits: RowLimits,
  maxRows: number | undefined,
  context: LoweringContext,
): Translation {
  const columns = visible(rows);
  if (columns.length === 0) throw KqlError.unsupported('a result without columns', { start: 0, length: 0 });
  const printer = new StatementPrinter(limits);
  const results = columns.map((column) => wireForm(column.type, columnRef(column.id), column.nullable));
  const order = rows.order.length === 0 ? undefined : orderBy(rows.order);
  const sql = printer.statement(rows.relation, results, order, maxRows, context.shared);
  return {
    sql,
    parameters: printer.parameters.values,
    columns: columns.map(({ name, type }) => ({ name, type })),
    reads: printer.reads(),
    ...(context.chart === undefined ? {} : { chart: context.chart }),
  };
}
