import type { KustoType } from '@merlon/contract';
import { kindOf, optionalPart, part, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import type { Cell, Table } from '../../plugins/table.ts';
import type { Expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { cellOfConstant, cellOfWire } from '../cells.ts';
import { convert } from '../convert.ts';
import { type ResultColumn, resultColumns } from '../operators/rule.ts';
import { ColumnsLearned, Unfinished } from '../query-plan.ts';
import { callArguments, lowerScalar } from '../recursion.ts';
import { type Column, passThrough, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { suppliedRows } from '../supplied-rows.ts';

/** How one plug-in of `evaluate` becomes rows. */
export type PluginRule = (call: PluginCall) => Rows;

/** A call of a plug-in being lowered. */
export class PluginCall {
  readonly name: string;
  /** The `evaluate` operator. */
  readonly operator: SyntaxNode;
  readonly call: SyntaxNode;
  readonly input: Rows;
  readonly scope: ScalarScope;
  readonly #positional: SyntaxNode[] = [];
  readonly #named = new Map<string, SyntaxNode>();

  constructor(name: string, operator: SyntaxNode, input: Rows, scope: ScalarScope) {
    this.name = name;
    this.operator = operator;
    this.call = part(operator, 'FunctionCall');
    this.input = input;
    this.scope = scope;
    for (const argument of callArguments(this.call)) {
      if (kindOf(argument) === 'SimpleNamedExpression')
        this.#named.set(simpleName(part(argument, 'Name')).toLowerCase(), part(argument, 'Expression'));
      else this.#positional.push(argument);
    }
  }

  get count(): number {
    return this.#positional.length;
  }

  /** The argument at this position, or of this name. */
  argument(index: number, name?: string): SyntaxNode | undefined {
    return (name === undefined ? undefined : this.#named.get(name.toLowerCase())) ?? this.#positional[index];
  }

  required(index: number, name?: string): SyntaxNode {
    const node = this.argument(index, name);
    if (node === undefined) throw this.refused(`without its argument ${name ?? index + 1}`);
    return node;
  }

  /** All arguments as written, named or not. */
  written(): SyntaxNode[] {
    return callArguments(this.call);
  }

  /** The positional arguments from here on. */
  from(index: number): SyntaxNode[] {
    return this.#positional.slice(index);
  }

  /** Whether the columns of the result were written out, by the author or from what was learned. */
  get schema(): SyntaxNode | undefined {
    return optionalPart(this.operator, 'Schema');
  }

  /** Where the columns of the result are written. */
  get #schemaOffset(): number {
    return this.call.TextStart + this.call.Width + this.scope.environment.offset;
  }

  /** The columns that were learned from rows so far; undefined where the author wrote them, or nobody yet. */
  get learned(): ReadonlySet<string> | undefined {
    return this.schema === undefined ? undefined : this.scope.context.plan.learnedAt(this.#schemaOffset);
  }

  /** Leaves with the columns that the rows have shown, unless they were all learned before. */
  learn(columns: readonly ResultColumn[]): void {
    const { learned } = this;
    if (learned !== undefined && columns.every((column) => learned.has(column.name))) return;
    throw new ColumnsLearned(this.#schemaOffset, columns);
  }

  result(): ResultColumn[] {
    return resultColumns(this.operator, this.scope);
  }

  /** The input's column that an argument names. */
  column(node: SyntaxNode): Column {
    return this.columnIn(node, this.input);
  }

  /** The same of other rows that the plug-in is given. */
  columnIn(node: SyntaxNode, rows: Rows): Column {
    const name = kindOf(node) === 'NameReference' ? simpleName(node) : undefined;
    const column = rows.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw this.scope.unsupported(`plugin ${this.name} of an expression here`, node);
    return column;
  }

  /** A value that does not depend on the row: where it is not known at translation, the engine is asked for it. */
  value(node: SyntaxNode, type: KustoType): Cell {
    const inner = new ScalarScope(
      this.scope.context,
      this.scope.environment,
      new RowScope(this.scope.context, { relation: relation({ kind: 'unit' }), columns: [], order: [] }),
    );
    const value = convert(lowerScalar(node, inner), type, inner, node);
    if (value.constant !== undefined) return cellOfConstant(value.constant);
    const rows = outputRows([value], inner);
    const answer = this.#ask('value', rows, 1);
    return answer.rows[0]?.[0] ?? null;
  }

  text(node: SyntaxNode): string {
    const value = this.value(node, 'string');
    return typeof value === 'string' ? value : '';
  }

  integer(node: SyntaxNode): bigint {
    const value = this.value(node, 'long');
    if (typeof value !== 'bigint') throw this.scope.unsupported(`plugin ${this.name} with a null here`, node);
    return value;
  }

  real(node: SyntaxNode): number {
    const value = this.value(node, 'real');
    if (typeof value !== 'number') throw this.scope.unsupported(`plugin ${this.name} with a null here`, node);
    return value;
  }

  boolean(node: SyntaxNode): boolean {
    return this.value(node, 'bool') === true;
  }

  /** The rows, fetched: at most `maxRows`, or the query is refused. */
  fetched(rows: Rows, maxRows: number): Table {
    return this.#ask('rows', rows, maxRows);
  }

  #ask(purpose: string, rows: Rows, maxRows: number): Table {
    const { statement, rows: supplied } = this.scope.context.plan.rows(
      `${this.name} ${purpose}`,
      rows,
      maxRows,
    );
    if (supplied === undefined) throw new Unfinished();
    if (supplied.length > maxRows) throw this.refused(`over more than ${maxRows} rows`);
    const { columns } = statement;
    return {
      columns,
      rows: supplied.map((row) => columns.map(({ type }, index) => cellOfWire(type, row[index]))),
    };
  }

  /** Rows computed here as rows of the statement. */
  supplied(rows: readonly (readonly Cell[])[]): Rows {
    const made = suppliedRows(this.result(), rows, this.scope.context);
    // An alias column of the input stays one.
    const aliases = new Set(
      this.input.columns.filter((column) => column.hidden).map((column) => column.name),
    );
    return {
      ...made,
      columns: made.columns.map((column) => ({ ...column, hidden: aliases.has(column.name) })),
    };
  }

  refused(what: string): Error {
    return this.scope.unsupported(`plugin ${this.name} ${what}`, this.call);
  }
}

/** The input with these values as its columns, in no order. */
export function selectedRows(input: Rows, values: readonly Expr[], inner: ScalarScope): Rows {
  const outputs: Output[] = [];
  const columns = values.map((value, index): Column => {
    const column = { name: `v${index}`, type: value.type, nullable: value.nullable, hidden: false };
    if (value.sql.kind === 'column') return { ...column, id: value.sql.id };
    const id = inner.context.newId();
    outputs.push({ id, sql: value.sql });
    return { ...column, id };
  });
  const finished = inner.row.finish(input);
  const made = new Set(outputs.map((output) => output.id));
  const kept = columns.map((column) => column.id).filter((id) => !made.has(id));
  return {
    relation: relation({
      kind: 'project',
      input: finished.relation,
      outputs: [...passThrough(kept), ...outputs],
    }),
    columns,
    order: [],
  };
}

function outputRows(values: readonly Expr[], inner: ScalarScope): Rows {
  return selectedRows(inner.row.rows, values, inner);
}
