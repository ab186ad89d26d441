import { kindOf, part, type SyntaxNode, scalarType } from '../../bind/syntax.ts';
import { detectSequences, funnel, funnelCompletion, type StateEvent } from '../../plugins/sequences.ts';
import type { Cell } from '../../plugins/table.ts';
import type { Timeline } from '../../plugins/timeline.ts';
import type { Expr } from '../../tree/expression.ts';
import { toBool, toText } from '../convert.ts';
import { parseTimespan } from '../literals.ts';
import { lowerScalar } from '../recursion.ts';
import { columnExpr, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type PluginCall, type PluginRule, selectedRows } from './rule.ts';

/** Rows that are looked at for sequences. */
const maxEvents = 500_000;

function suppliedWithin(call: PluginCall, work: () => Cell[][]): Rows {
  try {
    return call.supplied(work());
  } catch (error) {
    if (error instanceof RangeError) throw call.refused(`with ${error.message}`);
    throw error;
  }
}

const inner = (node: SyntaxNode) =>
  kindOf(node) === 'SimpleNamedExpression' ? part(node, 'Expression') : node;

/** `sequence_detect(time, max step, max span, step expressions…, dimensions…)`: the steps are the truth values. */
export const sequenceDetect: PluginRule = (call) => {
  const time = call.column(call.required(0));
  const spanType = time.type === 'datetime' ? 'timespan' : 'long';
  const [maxStep, maxSpan] = [1, 2].map((index) => call.value(call.required(index), spanType));
  if (typeof maxStep !== 'bigint' || typeof maxSpan !== 'bigint') throw call.refused('with a null bound');
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const scope = new ScalarScope(context, environment, row);
  const written = call.written().slice(3);
  const isStep = (node: SyntaxNode) => scalarType(inner(node).ResultType) === 'bool';
  const lowered = (node: SyntaxNode) => lowerScalar(inner(node), scope);
  const steps = written.filter(isStep).map((node): Expr => toBool(lowered(node), scope, node));
  const keys = written.filter((node) => !isStep(node)).map(lowered);
  const table = call.fetched(
    selectedRows(call.input, [columnExpr(time), ...steps, ...keys], scope),
    maxEvents,
  );
  const events = table.rows.flatMap((cells) => {
    const [at] = cells;
    const flags = cells.slice(1, 1 + steps.length).map((cell) => cell === true);
    return typeof at === 'bigint' && flags.includes(true)
      ? [{ time: at, steps: flags, key: cells.slice(1 + steps.length) }]
      : [];
  });
  return suppliedWithin(call, () => detectSequences(events, steps.length, maxStep, maxSpan));
};

interface FunnelCall {
  readonly events: readonly StateEvent[];
  readonly sequence: readonly string[];
  readonly timeline: Timeline;
}

/** What both funnels share; `positions` of the bin, the state column and the sequence among the arguments. */
function funnelCall(
  call: PluginCall,
  positions: { readonly bin: number; readonly state: number; readonly sequence: number },
): FunnelCall {
  const time = call.column(call.required(1));
  const spanType = time.type === 'datetime' ? 'timespan' : 'long';
  const point = (index: number, type: typeof time.type) => {
    const value = call.value(call.required(index), type);
    if (typeof value !== 'bigint') throw call.refused('with a null bound');
    return value;
  };
  const timeline = {
    start: point(2, time.type),
    end: point(3, time.type),
    step: point(positions.bin, spanType),
  };
  const sequence = jsonArrayOf(call, positions.sequence).map(String);
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const scope = new ScalarScope(context, environment, row);
  const [id, state] = [0, positions.state].map((index) =>
    toText(columnExpr(call.column(call.required(index))), scope),
  );
  if (id === undefined || state === undefined) throw call.refused('without its columns');
  const table = call.fetched(selectedRows(call.input, [columnExpr(time), id, state], scope), maxEvents);
  const events = table.rows.flatMap(([at, who, what]): StateEvent[] =>
    typeof at === 'bigint' ? [{ time: at, id: String(who), state: String(what) }] : [],
  );
  return { events, sequence, timeline };
}

function jsonArrayOf(call: PluginCall, index: number): unknown[] {
  const json = String(call.value(call.required(index), 'dynamic'));
  const value: unknown = json === '' ? [] : JSON.parse(json);
  if (!Array.isArray(value)) throw call.refused('with a sequence that is no array');
  return value;
}

/** `funnel_sequence(id, time, start, end, max step, bin, state, sequence)`: of its tables the first, which the others follow from. */
export const funnelSequence: PluginRule = (call) => {
  const { events, sequence, timeline } = funnelCall(call, { bin: 5, state: 6, sequence: 7 });
  const maxStep = call.value(
    call.required(4),
    call.column(call.required(1)).type === 'datetime' ? 'timespan' : 'long',
  );
  if (typeof maxStep !== 'bigint') throw call.refused('with a null bound');
  return call.supplied(funnel(events, sequence, maxStep, timeline));
};

/** `funnel_sequence_completion(id, time, start, end, bin, state, sequence, periods)`. */
export const funnelSequenceCompletion: PluginRule = (call) => {
  const { events, sequence, timeline } = funnelCall(call, { bin: 4, state: 5, sequence: 6 });
  const periods = jsonArrayOf(call, 7).map((period) => {
    const ticks = typeof period === 'number' ? BigInt(Math.trunc(period)) : parseTimespan(String(period));
    if (ticks === undefined) throw call.refused(`with the period '${String(period)}'`);
    return ticks;
  });
  return call.supplied(funnelCompletion(events, sequence, periods, timeline));
};
