/** From the text of a `where` predicate to data. Bound by the same binder as a hunting query; what could differ from the engine by a hair is refused by name. */
import { formatTicks } from '@merlon/contract';
import { bindQuery, checkText } from '../bind/bind.ts';
import {
  kindOf,
  part,
  parts,
  placeOf,
  type SyntaxNode,
  scalarType,
  simpleName,
  symbolKind,
  tokenText,
  unparenthesized,
} from '../bind/syntax.ts';
import { KqlError } from '../kql-error.ts';
import { LoweringContext } from '../lower/context.ts';
import { Environment } from '../lower/environment.ts';
import { isAscii } from '../lower/predicates/terms.ts';
import { QueryPlan } from '../lower/query-plan.ts';
import { callArguments, lowerScalar } from '../lower/recursion.ts';
import { dispatchScalar } from '../lower/scalar.ts';
import { ScalarScope } from '../lower/scalar-scope.ts';
import { dispatchTabular } from '../lower/tabular.ts';
import type { Constant } from '../tree/expression.ts';
import type { Comparison, RowConstant, RowPredicate, TextTest } from './row-predicate.ts';

const comparisons: ReadonlyMap<string, Comparison> = new Map(
  (['==', '!=', '<', '<=', '>', '>='] as const).map((how) => [how, how]),
);
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
const textTests: ReadonlyMap<string, TextTest> = new Map([
  ['contains', 'contains'],
  ['startswith', 'startswith'],
  ['endswith', 'endswith'],
  ['has', 'whole'],
  ['hasprefix', 'prefix'],
  ['hassuffix', 'suffix'],
]);
const numeric = new Set(['int', 'long', 'real']);

/**
 * @param text what stands behind `where`
 * @throws KqlError; its place is one in `text`
 */
export function compileRowFilter(table: string, text: string): RowPredicate {
  checkText(text);
  const head = `${table} | where (`;
  try {
    // The line break ends a comment at the end of the text.
    return compile(table, `${head}${text}\n)`);
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    const start = Math.max(0, Math.min(error.start - head.length, text.length));
    const length = Math.min(error.length, text.length - start);
    throw new KqlError(error.kind, error.message, { start, length }, error.construct);
  }
}

function compile(table: string, query: string): RowPredicate {
  const { code, schema } = bindQuery(query);
  const columns = new Map(schema.tables.get(table)?.columns.map((column) => [column.name, column]));
  const plan = new QueryPlan(
    {},
    () => undefined,
    () => refuse('a query within a filter', code.Syntax),
  );
  const context = new LoweringContext(
    { scalar: dispatchScalar, tabular: dispatchTabular },
    schema,
    0n,
    plan,
    false,
  );
  const scope = ScalarScope.withoutRow(context, new Environment(null, 0));
  return new Compiler(columns, scope).predicate(conditionOf(code.Syntax, table));
}

/** Of `Table | where (condition)` and nothing else. */
function conditionOf(block: SyntaxNode, table: string): SyntaxNode {
  const statements = parts(block, 'Statements');
  const [only] = statements;
  if (statements.length === 1 && only !== undefined && kindOf(only) === 'ExpressionStatement') {
    const pipe = part(only, 'Expression');
    if (kindOf(pipe) === 'PipeExpression') {
      const [source, operator] = [part(pipe, 'Expression'), part(pipe, 'Operator')];
      if (
        kindOf(source) === 'NameReference' &&
        simpleName(source) === table &&
        kindOf(operator) === 'FilterOperator'
      )
        return part(operator, 'Condition');
    }
  }
  return refuse('anything beside one predicate', block);
}

function refuse(what: string, node: SyntaxNode, why?: string): never {
  throw KqlError.unsupported(`${what} in the filter of an export`, placeOf(node, 0), why);
}

class Compiler {
  readonly #columns: ReadonlyMap<string, { readonly type: string; readonly storage: string }>;
  readonly #scope: ScalarScope;

  constructor(
    columns: ReadonlyMap<string, { readonly type: string; readonly storage: string }>,
    scope: ScalarScope,
  ) {
    this.#columns = columns;
    this.#scope = scope;
  }

  predicate(written: SyntaxNode): RowPredicate {
    const node = unparenthesized(written);
    switch (kindOf(node)) {
      case 'BinaryExpression':
        return this.#binary(node);
      case 'InExpression':
        return this.#in(node);
      case 'HasAnyExpression':
      case 'HasAllExpression':
        return this.#terms(node);
      case 'BetweenExpression':
        return this.#between(node);
      case 'FunctionCallExpression':
        return this.#call(node);
      case 'LiteralExpression':
        if (scalarType(node.ResultType) === 'bool') {
          const constant = this.#constant(node);
          if (constant.type === 'bool') return { op: 'constant', value: constant.value };
        }
        return refuse('a constant that is neither true nor false', node);
      case 'NameReference': {
        const column = this.#column(node);
        return column.type === 'bool'
          ? { op: 'flag', column: column.storage }
          : refuse(`a column of type ${column.type} as a condition`, node);
      }
      default:
        return refuse(`expression ${kindOf(node).replace(/Expression$/, '')}`, node);
    }
  }

  #binary(node: SyntaxNode): RowPredicate {
    const operator = tokenText(node, 'Operator').toLowerCase().replace(/\s+/g, ' ');
    const [left, right] = [unparenthesized(part(node, 'Left')), unparenthesized(part(node, 'Right'))];
    if (operator === 'and' || operator === 'or')
      return { op: operator, of: [this.predicate(left), this.predicate(right)] };
    const comparison = comparisons.get(operator);
    if (comparison !== undefined)
      return isColumn(left)
        ? this.#compare(left, comparison, right)
        : this.#compare(right, mirrored[comparison], left);
    return this.#text(node, operator, left, right);
  }

  #compare(side: SyntaxNode, how: Comparison, constant: SyntaxNode): RowPredicate {
    const column = this.#column(side);
    const value = this.#fitting(column, constant);
    const ordered = how !== '==' && how !== '!=';
    if (ordered && (value.type === 'string' || value.type === 'bool'))
      refuse(`operator ${how} on a column of type ${column.type}`, side);
    return { op: 'compare', column: column.storage, how, value };
  }

  #text(node: SyntaxNode, operator: string, left: SyntaxNode, right: SyntaxNode): RowPredicate {
    const plain = operator.replace(/^!/, '');
    const ignoreCase = !plain.endsWith('_cs');
    const how = plain === '=~' || plain === '~' ? 'equals' : textTests.get(plain.replace(/_cs$/, ''));
    if (how === undefined) return refuse(`operator ${operator}`, node);
    const column = this.#textColumn(left);
    const value = this.#word(right, ignoreCase);
    const test: RowPredicate = { op: 'text', column, how, ignoreCase, value };
    return operator.startsWith('!') ? { op: 'not', of: test } : test;
  }

  #in(node: SyntaxNode): RowPredicate {
    const operator = tokenText(node, 'Operator').toLowerCase();
    const ignoreCase = operator.endsWith('~');
    const left = unparenthesized(part(node, 'Left'));
    const column = this.#column(left);
    if (ignoreCase) this.#textColumn(left);
    const values = this.#members(node).map((member): RowConstant => {
      if (ignoreCase) return { type: 'string', value: this.#word(member, true) };
      return this.#fitting(column, member);
    });
    const test: RowPredicate = { op: 'in', column: column.storage, values, ignoreCase };
    return operator.startsWith('!') ? { op: 'not', of: test } : test;
  }

  #terms(node: SyntaxNode): RowPredicate {
    const column = this.#textColumn(unparenthesized(part(node, 'Left')));
    const values = this.#members(node).map((member) => this.#word(member, true));
    return { op: 'terms', column, all: kindOf(node) === 'HasAllExpression', values };
  }

  #members(node: SyntaxNode): SyntaxNode[] {
    return parts(part(node, 'Right'), 'Expressions').map(unparenthesized);
  }

  #between(node: SyntaxNode): RowPredicate {
    const side = unparenthesized(part(node, 'Left'));
    const range = part(node, 'Right');
    const inside: RowPredicate = {
      op: 'and',
      of: [
        this.#compare(side, '>=', unparenthesized(part(range, 'First'))),
        this.#compare(side, '<=', unparenthesized(part(range, 'Second'))),
      ],
    };
    return tokenText(node, 'Operator').startsWith('!') ? { op: 'not', of: inside } : inside;
  }

  #call(node: SyntaxNode): RowPredicate {
    const name = simpleName(part(node, 'Name'));
    const [argument, ...more] = callArguments(node);
    if (argument === undefined || more.length > 0) return refuse(`function ${name}()`, node);
    const nothing = (op: 'null' | 'empty'): RowPredicate => {
      const { type, storage } = this.#column(unparenthesized(argument));
      if (type === 'dynamic') refuse(`function ${name}() of a dynamic column`, argument);
      return { op, column: storage, text: type === 'string' };
    };
    switch (name) {
      case 'not':
        return { op: 'not', of: this.predicate(argument) };
      case 'isempty':
        return nothing('empty');
      case 'isnotempty':
      case 'notempty':
        return { op: 'not', of: nothing('empty') };
      case 'isnull':
        return nothing('null');
      case 'isnotnull':
      case 'notnull':
        return { op: 'not', of: nothing('null') };
      default:
        return refuse(`function ${name}()`, node);
    }
  }

  #column(node: SyntaxNode): { readonly type: string; readonly storage: string } {
    const column = isColumn(node) ? this.#columns.get(simpleName(node)) : undefined;
    return column ?? refuse('what is not a column on one side and a constant on the other', node);
  }

  #textColumn(node: SyntaxNode): string {
    const { type, storage } = this.#column(node);
    return type === 'string' ? storage : refuse(`a text operator on a column of type ${type}`, node);
  }

  /** The constant, if comparing it with the column needs no conversion. */
  #fitting(column: { readonly type: string }, node: SyntaxNode): RowConstant {
    const constant = this.#constant(node);
    const fits =
      constant.type === column.type ||
      (numeric.has(column.type) && (constant.type === 'long' || constant.type === 'real'));
    return fits ? constant : refuse(`a comparison between ${column.type} and ${constant.type}`, node);
  }

  #word(node: SyntaxNode, ignoreCase: boolean): string {
    const constant = this.#constant(node);
    if (constant.type !== 'string')
      return refuse(`a text operator with a constant of type ${constant.type}`, node);
    if (!isAscii(constant.value))
      return refuse(
        'a text operator with letters beyond ASCII',
        node,
        'case and terms of those differ by library',
      );
    return ignoreCase ? constant.value.toLowerCase() : constant.value;
  }

  #constant(node: SyntaxNode): RowConstant {
    if (!isLiteral(node)) return refuse('what is not a column on one side and a constant on the other', node);
    const constant = lowerScalar(node, this.#scope).constant;
    return (constant && rowConstant(constant)) ?? refuse('this constant', node);
  }
}

const isColumn = (node: SyntaxNode) =>
  kindOf(node) === 'NameReference' && symbolKind(node) === 'ColumnSymbol';

/** `datetime(now)` is a literal to the grammar, and another instant each time. */
function isLiteral(node: SyntaxNode): boolean {
  switch (kindOf(node)) {
    case 'LiteralExpression':
      return !/\(\s*(now)?\s*\)$/i.test(node.ToString());
    case 'CompoundStringLiteralExpression':
      return true;
    case 'PrefixUnaryExpression':
      return isLiteral(part(node, 'Expression'));
    default:
      return false;
  }
}

function rowConstant(constant: Constant): RowConstant | undefined {
  switch (constant.type) {
    case 'string':
      return { type: 'string', value: constant.value };
    case 'int':
    case 'long':
      return constant.value === null ? undefined : { type: 'long', value: String(constant.value) };
    case 'datetime':
      return constant.value === null ? undefined : { type: 'datetime', value: formatTicks(constant.value) };
    case 'real':
      return constant.value === null || !Number.isFinite(constant.value)
        ? undefined
        : { type: 'real', value: constant.value };
    case 'bool':
      return constant.value === null ? undefined : { type: 'bool', value: constant.value };
    default:
      return undefined;
  }
}
