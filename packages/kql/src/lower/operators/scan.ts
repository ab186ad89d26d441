import type { KustoType } from '@merlon/contract';
import { kustoLibrary } from '../../bind/library.ts';
import {
  children,
  kindOf,
  namedParameters,
  optionalPart,
  part,
  parts,
  type SyntaxNode,
  simpleName,
  symbolKind,
  tokenText,
} from '../../bind/syntax.ts';
import { columnRef, type Fragment, integer, join, sql } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { type AggregateValue, type Output, relation } from '../../tree/relation.ts';
import { nullExpr } from '../constants.ts';
import { convert, toBool } from '../convert.ts';
import { Environment } from '../environment.ts';
import { lowerScalar } from '../recursion.ts';
import { type Column, columnExpr, keptIds, passThrough, type Rows } from '../rows.ts';
import { LambdaRow, RowScope, ScalarScope } from '../scalar-scope.ts';
import { groupedRows } from '../subtables.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

/**
 * `scan` goes over the rows in their order with a state for each step:
 *
 *     empty ── row meets step 1 ──▶ S1 ── row meets step 2 ──▶ S2 ── … ──▶ Sn
 *               (a new sequence)     ↺ row meets step 1        ↺
 *
 * A row that meets step k where S(k-1) is active moves that sequence on to Sk, which it overwrites; else, where Sk itself is active, it becomes the
 * row of step k there. Steps are tried from the last to the first, each seeing what the later ones have done. The engine folds the rows: the
 * state is a tuple, and what comes out is gathered by blocks, so that it is not copied with every row.
 */
interface Step {
  readonly name: string;
  readonly node: SyntaxNode;
  readonly output: 'all' | 'last' | 'none';
  readonly isOptional: boolean;
  readonly condition: SyntaxNode;
  readonly assignments: ReadonlyMap<string, SyntaxNode>;
}

/** A column that steps speak of: of the rows, or declared. */
interface Field {
  readonly name: string;
  readonly type: KustoType;
  /** What it is before a row has come to its step, and in a row that no step has assigned it. */
  readonly initial: Expr;
  readonly isDeclared: boolean;
}

/** Rows that one fold of the outer fold takes. */
const blockSize = 512;

export const scan: OperatorRule = (call) => {
  const { node, input, scope } = call;
  if (input.order.length === 0 && input.serialized !== true)
    throw scope.unsupported('scan of rows in no order: sort them first', node);
  const idName = matchIdName(call);
  const steps = stepsOf(node, scope);
  const declared = declaredFields(node, scope);
  const spoken = columnsIn(steps);
  const read = input.columns.filter((column) => spoken.has(column.name) && column.absent !== true);
  const fields: Field[] = [
    ...read.map(({ name, type }) => ({ name, type, initial: nullExpr(type), isDeclared: false })),
    ...declared,
  ];
  const machine = new Machine(steps, fields, declared, read, scope);
  return machine.rows(call, idName);
};

function matchIdName({ node, scope }: OperatorCall): string | undefined {
  let found: string | undefined;
  for (const [name, value] of namedParameters(node)) {
    if (name !== 'with_match_id') throw scope.unsupported(`the parameter ${name}= here`, value);
    found = simpleName(value);
  }
  return found;
}

function stepsOf(node: SyntaxNode, scope: ScalarScope): Step[] {
  return parts(node, 'Steps').map((step): Step => {
    const written = optionalPart(step, 'ScanStepOutput');
    const output = written === undefined ? 'all' : outputKind(written, scope);
    const computation = optionalPart(step, 'ComputationClause');
    const assignments = computation === undefined ? [] : parts(computation, 'Assignments');
    return {
      name: simpleName(part(step, 'Name')),
      node: step,
      output,
      isOptional: tokenText(step, 'OptionalKeyword') !== '',
      condition: part(step, 'Condition'),
      assignments: new Map(
        assignments.map((assignment) => [
          simpleName(part(assignment, 'Name')),
          part(assignment, 'Expression'),
        ]),
      ),
    };
  });
}

function outputKind(node: SyntaxNode, scope: ScalarScope): Step['output'] {
  const written = tokenText(node, 'OutputKind');
  if (written === 'all' || written === 'last' || written === 'none') return written;
  throw scope.unsupported(`output=${written}`, node);
}

function declaredFields(node: SyntaxNode, scope: ScalarScope): Field[] {
  const clause = optionalPart(node, 'DeclareClause');
  const inner = scope.inline();
  return (clause === undefined ? [] : parts(clause, 'Declarations')).map((declaration): Field => {
    const name = part(part(declaration, 'NameAndType'), 'Name');
    const known = resultColumns(node, scope).find((column) => column.name === simpleName(name));
    if (known === undefined) throw scope.unsupported(`the column '${simpleName(name)}' here`, node);
    const fallback = optionalPart(declaration, 'DefaultValue');
    const initial =
      fallback === undefined
        ? nullExpr(known.type)
        : convert(lowerScalar(boundLiteral(part(fallback, 'Value')), inner), known.type, inner, fallback);
    return { name: known.name, type: known.type, initial, isDeclared: true };
  });
}

/** The binder does not look at these literals: it is shown them by themselves. */
function boundLiteral(node: SyntaxNode): SyntaxNode {
  const { KustoCode: kusto, GlobalState: state } = kustoLibrary();
  const print = kusto.ParseAndAnalyze(`print ${node.ToString()}`, state.Default).Syntax;
  const [statement] = parts(print, 'Statements');
  const [literal] = statement === undefined ? [] : parts(part(statement, 'Expression'), 'Expressions');
  return literal ?? node;
}

/** Names of the columns that conditions and assignments mention. */
function columnsIn(steps: readonly Step[]): Set<string> {
  const found = new Set<string>();
  const visit = (node: SyntaxNode) => {
    if (kindOf(node) === 'NameReference' && symbolKind(node) === 'ColumnSymbol') found.add(simpleName(node));
    for (const child of children(node)) visit(child);
  };
  for (const step of steps) for (const node of [step.condition, ...step.assignments.values()]) visit(node);
  return found;
}

/** How a value of the type is held in the state. */
function heldAs(type: KustoType): Fragment {
  switch (type) {
    case 'bool':
      return sql`Nullable(Bool)`;
    case 'int':
      return sql`Nullable(Int32)`;
    case 'long':
    case 'timespan':
      return sql`Nullable(Int64)`;
    case 'real':
      return sql`Nullable(Float64)`;
    case 'decimal':
      return sql`Nullable(Decimal(76, 38))`;
    case 'datetime':
      return sql`Nullable(DateTime64(7, \\'UTC\\'))`;
    default:
      return sql`String`;
  }
}

/** An SQL expression with a tuple's element. */
const element = (tuple: Fragment, index: number): Fragment => sql`${tuple}.${integer(index)}`;

/**
 * The state as a tuple: the next sequence's number; for each step (active, number of the sequence, the fields of each step up to it, what waits
 * to be put out); what has been put out.
 */
class Machine {
  readonly #steps: readonly Step[];
  readonly #fields: readonly Field[];
  readonly #declared: readonly Field[];
  readonly #read: readonly Column[];
  readonly #scope: ScalarScope;

  constructor(
    steps: readonly Step[],
    fields: readonly Field[],
    declared: readonly Field[],
    read: readonly Column[],
    scope: ScalarScope,
  ) {
    this.#steps = steps;
    this.#fields = fields;
    this.#declared = declared;
    this.#read = read;
    this.#scope = scope;
  }

  /** Type of what is put out: the row's place, the sequence's number, the declared columns. */
  get #outputType(): Fragment {
    const declared = this.#declared.map((field) => heldAs(field.type));
    return sql`Tuple(${join([sql`UInt64`, sql`Int64`, ...declared])})`;
  }

  get #fieldsType(): Fragment {
    return sql`Tuple(${join([sql`UInt8`, ...this.#fields.map((field) => heldAs(field.type))])})`;
  }

  #stateType(step: number): Fragment {
    const fields = Array.from({ length: step + 1 }, () => this.#fieldsType);
    return sql`Tuple(${join([sql`UInt8`, sql`Int64`, sql`Array(${this.#outputType})`, ...fields])})`;
  }

  get #type(): Fragment {
    const states = this.#steps.map((_, index) => this.#stateType(index));
    return sql`Tuple(${join([sql`Int64`, sql`Array(${this.#outputType})`, ...states])})`;
  }

  #initialFields(): Fragment {
    return sql`tuple(${join([sql`toUInt8(0)`, ...this.#fields.map((field) => field.initial.sql)])})`;
  }

  #emptyState(step: number): Fragment {
    const fields = Array.from({ length: step + 1 }, () => this.#initialFields());
    return sql`tuple(${join([sql`toUInt8(0)`, sql`toInt64(0)`, sql`[]`, ...fields])})`;
  }

  #asState(value: Fragment, step: number): Fragment {
    return sql`CAST(${value}, '${this.#stateType(step)}')`;
  }

  /** The fields of steps as a condition of step `step` sees them: those of earlier steps as the sequence has them, its own or none yet. */
  #environment(state: Fragment | undefined, stateStep: number): Environment {
    const environment = new Environment(this.#scope.environment, this.#scope.environment.offset);
    for (const [index, step] of this.#steps.entries()) {
      environment.bind(step.name, {
        kind: 'fields',
        field: (name) => {
          const at = this.#fields.findIndex((field) => field.name === name);
          const field = this.#fields[at];
          if (field === undefined) return undefined;
          if (state === undefined || index > stateStep) return typed(field, field.initial.sql);
          return typed(field, element(element(state, index + 4), at + 2));
        },
      });
    }
    return environment;
  }

  /** The scope of an expression about the row `r`. */
  #about(environment: Environment): ScalarScope {
    const { context } = this.#scope;
    const values = new Map<string, Expr>(
      this.#read.map((column, index) => [
        column.name,
        expr(column.type, element(sql`r`, index + 1), column.nullable),
      ]),
    );
    for (const field of this.#declared) values.set(field.name, typed(field, field.initial.sql));
    return new ScalarScope(context, environment, new LambdaRow(context, values));
  }

  #holds(step: Step, environment: Environment): Fragment {
    const scope = this.#about(environment);
    const condition = toBool(lowerScalar(step.condition, scope), scope, step.condition);
    return sql`ifNull(${condition.sql}, false)`;
  }

  /** The declared columns of a row that step `step` takes. */
  #assigned(step: Step, environment: Environment): Fragment[] {
    const scope = this.#about(environment);
    return this.#declared.map((field) => {
      const node = step.assignments.get(field.name);
      if (node === undefined) return field.initial.sql;
      return convert(lowerScalar(node, scope), field.type, scope, node).sql;
    });
  }

  /** What the step does to the state `a` with the row `r` at the place `i`. */
  #stepped(index: number): Fragment {
    const step = this.#steps[index];
    if (step === undefined) throw new TypeError('no such step');
    const states = this.#steps.map((_, at) => element(sql`a`, at + 3));
    const own = states[index] ?? sql``;
    const branches: Fragment[] = [];
    // On from the step before, or from one before that where those between may be left out.
    for (let before = index - 1; before >= 0; before--) {
      const from = states[before] ?? sql``;
      const environment = this.#environment(from, before);
      const holds = this.#holds(step, environment);
      branches.push(
        sql`(${element(from, 1)} = 1 AND ${holds})`,
        this.#moved(index, before, states, environment),
      );
      if (this.#steps[before]?.isOptional !== true) break;
    }
    const environment = this.#environment(own, index);
    const begins = index === 0 || this.#steps.slice(0, index).every((earlier) => earlier.isOptional);
    const active = sql`${element(own, 1)} = 1`;
    branches.push(
      begins ? this.#holds(step, environment) : sql`(${active} AND ${this.#holds(step, environment)})`,
      this.#stayed(index, states, environment, begins),
    );
    return sql`multiIf(${join(branches)}, a)`;
  }

  #moved(index: number, before: number, states: readonly Fragment[], environment: Environment): Fragment {
    const step = this.#steps[index];
    const from = states[before] ?? sql``;
    const own = states[index] ?? sql``;
    if (step === undefined) throw new TypeError('no such step');
    const assigned = this.#assigned(step, environment);
    const id = element(from, 2);
    const put = this.#putOut(assigned, id);
    const between = Array.from({ length: index - before - 1 }, () => this.#initialFields());
    const fields = [
      ...Array.from({ length: before + 1 }, (_, at) => element(from, at + 4)),
      ...between,
      this.#taken(assigned),
    ];
    const moved = sql`tuple(${join([sql`toUInt8(1)`, id, this.#waiting(step, put), ...fields])})`;
    return this.#with(
      states,
      new Map([
        [index, moved],
        [before, this.#emptyState(before)],
      ]),
      element(sql`a`, 1),
      // What waited in either state is the last of its series.
      [element(from, 3), element(own, 3), ...(step.output === 'all' ? [sql`[${put}]`] : [])],
    );
  }

  #stayed(index: number, states: readonly Fragment[], environment: Environment, begins: boolean): Fragment {
    const step = this.#steps[index];
    const own = states[index] ?? sql``;
    if (step === undefined) throw new TypeError('no such step');
    const isNew = sql`${element(own, 1)} = 0`;
    const next = element(sql`a`, 1);
    const id = begins ? sql`if(${isNew}, ${next}, ${element(own, 2)})` : element(own, 2);
    const assigned = this.#assigned(step, environment);
    const put = this.#putOut(assigned, id);
    const fields = [...Array.from({ length: index }, (_, at) => element(own, at + 4)), this.#taken(assigned)];
    const stayed = sql`tuple(${join([sql`toUInt8(1)`, id, this.#waiting(step, put), ...fields])})`;
    return this.#with(
      states,
      new Map([[index, stayed]]),
      begins ? sql`if(${isNew}, ${next} + 1, ${next})` : next,
      step.output === 'all' ? [sql`[${put}]`] : [],
    );
  }

  /** What a `last` step puts out once its series is over. */
  #waiting(step: Step, put: Fragment): Fragment {
    return step.output === 'last' ? sql`[${put}]` : sql`[]`;
  }

  #putOut(assigned: readonly Fragment[], id: Fragment): Fragment {
    return sql`CAST(tuple(${join([sql`i`, id, ...assigned])}), '${this.#outputType}')`;
  }

  /** The row's fields as the state of the step keeps them. */
  #taken(assigned: readonly Fragment[]): Fragment {
    const read = this.#read.map((_, index) => element(sql`r`, index + 1));
    return sql`tuple(${join([sql`toUInt8(1)`, ...read, ...assigned])})`;
  }

  #with(
    states: readonly Fragment[],
    changed: ReadonlyMap<number, Fragment>,
    next: Fragment,
    put: readonly Fragment[],
  ): Fragment {
    const outputs = element(sql`a`, 2);
    const all = states.map((state, index) => {
      const other = changed.get(index);
      return other === undefined ? state : this.#asState(other, index);
    });
    const grown = put.length === 0 ? outputs : sql`arrayConcat(${join([outputs, ...put])})`;
    return sql`CAST(tuple(${join([next, grown, ...all])}), '${this.#type}')`;
  }

  /** All that comes out of the rows, an array of tuples in their order. */
  #folded(rows: Fragment): Fragment {
    const stepped = this.#steps
      .map((_, index) => index)
      .reverse()
      .reduce((state, index) => sql`arrayMap(a -> ${this.#stepped(index)}, ${state})`, sql`[s]`);
    const nothing = sql`CAST([], 'Array(${this.#outputType})')`;
    const states = this.#steps.map((_, index) => element(sql`b`, index + 3));
    const begin = sql`CAST(tuple(${join([element(sql`b`, 1), nothing, ...states])}), '${this.#type}')`;
    const block = sql`arrayFold((s, r, i) -> (${stepped})[1], arrayMap(p -> p.1, block), arrayMap(p -> p.2, block), ${begin})`;
    const after = this.#steps.map((_, index) => element(sql`n`, index + 3));
    const joined = sql`CAST(tuple(${join([element(sql`n`, 1), sql`arrayConcat(b.2, n.2)`, ...after])}), '${this.#type}')`;
    const places = sql`arrayMap((r, i) -> (r, toUInt64(i)), ${rows}, arrayEnumerate(${rows}))`;
    const blocks = sql`arrayMap(k -> arraySlice(${places}, k * ${integer(blockSize)} + 1, ${integer(blockSize)}), range(toUInt64(ceil(length(${rows}) / ${integer(blockSize)}))))`;
    const empty = this.#steps.map((_, index) => this.#emptyState(index));
    const initial = sql`CAST(tuple(${join([sql`toInt64(0)`, nothing, ...empty])}), '${this.#type}')`;
    const end = sql`arrayFold((b, block) -> arrayMap(n -> ${joined}, [${block}])[1], ${blocks}, ${initial})`;
    const waiting = this.#steps.map((_, index) => sql`e.${integer(index + 3)}.3`);
    return sql`arrayMap(e -> arraySort(o -> o.1, arrayConcat(${join([sql`e.2`, ...waiting])})), [${end}])[1]`;
  }

  rows({ node, input, scope }: OperatorCall, idName: string | undefined): Rows {
    const { context } = scope;
    const row = new RowScope(context, input);
    const rank = row.rank().sql;
    const finished = row.finish();
    const collected = (values: readonly Fragment[]): Fragment =>
      sql`arrayMap(t -> t.2, arraySort(t -> t.1, groupArray(tuple(${rank}, tuple(${join(values)})))))`;
    const values =
      this.#read.length === 0 ? [sql`toUInt8(1)`] : this.#read.map((column) => columnExpr(column).sql);
    const rowsId = context.newId();
    const outputs: AggregateValue[] = [{ kind: 'value', id: rowsId, sql: collected(values) }];
    const kept = input.columns.map((column) => {
      const id = context.newId();
      outputs.push({ kind: 'value', id, sql: collected([columnRef(column.id)]) });
      return { column, id };
    });
    const grouped = groupedRows(finished, [], outputs);
    const ids = [rowsId, ...kept.map(({ id }) => id)];
    const base: Rows = { ...grouped, columns: [], order: [] };
    const folded = context.newId();
    const withOutput = relation({
      kind: 'project',
      input: grouped.relation,
      outputs: [
        ...passThrough([...ids, ...keptIds(base)]),
        { id: folded, sql: this.#folded(columnRef(rowsId)) },
      ],
    });
    const made = columnRef(folded);
    const arrays: Output[] = [{ id: context.newId(), sql: made }];
    const byName = new Map<string, { id: number; nullable: boolean }>();
    for (const { column, id } of kept) {
      const array = { id: context.newId(), sql: sql`arrayMap(o -> ${columnRef(id)}[o.1].1, ${made})` };
      arrays.push(array);
      byName.set(column.name, { id: array.id, nullable: column.nullable });
    }
    const place = { id: context.newId(), sql: sql`arrayEnumerate(${made})` };
    for (const [index, field] of this.#declared.entries()) {
      const array = { id: context.newId(), sql: sql`arrayMap(o -> o.${integer(index + 3)}, ${made})` };
      arrays.push(array);
      byName.set(field.name, { id: array.id, nullable: !isTextual(field.type) });
    }
    if (idName !== undefined) {
      const array = { id: context.newId(), sql: sql`arrayMap(o -> o.2, ${made})` };
      arrays.push(array);
      byName.set(idName, { id: array.id, nullable: false });
    }
    const columns = resultColumns(node, scope).map((column): Column => {
      const found = byName.get(column.name);
      // The binder gives every scan the number of the sequence, which only those have that ask for it.
      if (found === undefined && idName === undefined && column.name === 'match_id')
        return { ...column, id: place.id, nullable: false, hidden: true, absent: true };
      const known = input.columns.find((candidate) => candidate.name === column.name);
      if (found === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
      return { ...column, ...found, hidden: known?.hidden ?? false };
    });
    return {
      ...base,
      relation: relation({ kind: 'expand', input: withOutput, arrays: [...arrays, place] }),
      columns,
      order: [{ id: place.id, descending: false, nullsFirst: false }],
      serialized: true,
    };
  }
}

function typed(field: Field, value: Fragment): Expr {
  return expr(field.type, value, true);
}
