import type { KustoType } from '@merlon/contract';
import {
  kindOf,
  namedParameters,
  part,
  parts,
  type SyntaxNode,
  scalarType,
  simpleName,
} from '../../bind/syntax.ts';
import { type Fragment, integer, join, sql, text } from '../../emit/fragment.ts';
import { type Expr, expr, isTextual } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { constantString, nullSql, stringConstant } from '../constants.ts';
import { convert, toText } from '../convert.ts';
import { columnFor } from '../named-values.ts';
import { lowerScalar } from '../recursion.ts';
import { quoteRegex, regexOf } from '../regex.ts';
import { allIds, type Column, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { type OperatorCall, type OperatorRule, resultColumns } from './rule.ts';

/**
 * - `simple`: texts between the columns are literal; a column that does not convert fails the row
 * - `regex`: they are regular expressions; columns of text take as much as they can
 * - `relaxed`: as simple, but a column that does not convert is null alone
 */
type Kind = 'simple' | 'regex' | 'relaxed';

interface Target {
  readonly name: string;
  readonly type: KustoType;
  readonly node: SyntaxNode;
  /** Its group in the pattern, from 1. */
  readonly group: number;
}

interface Pattern {
  readonly regex: string;
  readonly targets: readonly Target[];
}

/** The rows with columns cut out of a text; where the text does not fit the pattern they are null. */
export const parse: OperatorRule = (call) => parsed(call, false);

/** The same, of the rows that fit. */
export const parseWhere: OperatorRule = (call) => parsed(call, true);

function parsed({ node, input, scope }: OperatorCall, isFilter: boolean): Rows {
  const row = new RowScope(scope.context, input);
  const inner = new ScalarScope(scope.context, scope.environment, row);
  const { kind, flags } = options(node, scope);
  const pattern = patternOf(node, kind, inner);
  const source = toText(lowerScalar(part(node, 'Expression'), inner), inner);
  // Where nothing is taken out the whole is the group: the engine refuses an expression without one.
  const wanted = pattern.targets.length === 0 ? `(${pattern.regex})` : pattern.regex;
  const matched = text(`${flags}${wanted}`);
  // The engine takes no groups out of a pattern that has none.
  const groups =
    pattern.targets.length === 0
      ? sql`if(match(${source.sql}, ${matched}), [''], [])`
      : row.computed(expr('dynamic', sql`extractGroups(${source.sql}, ${matched})`, false)).sql;
  const found = pattern.targets.map((target) => valueAt(target, groups, inner));
  const strict =
    kind === 'relaxed' ? [] : found.filter((value) => value.type !== 'string' && value.type !== 'dynamic');
  const checks = [sql`notEmpty(${groups})`, ...strict.map(isPresent)];
  const fits = join(checks, sql` AND `);
  // Of texts alone a row that does not fit has empty ones already.
  const isGuarded = !isFilter && strict.length > 0;
  const guard = isGuarded ? row.computed(expr('bool', sql`(${fits})`, false)).sql : undefined;
  const guarded = guard === undefined ? found : found.map((value) => guardedBy(guard, value));

  const values = new Map(pattern.targets.map((target, index) => [target.name, guarded[index]]));
  const outputs: Output[] = [];
  const columns = resultColumns(node, scope).map((column): Column => {
    const value = values.get(column.name);
    if (value !== undefined) return columnFor(column, value, node, inner, outputs);
    const kept = input.columns.find((candidate) => candidate.name === column.name);
    if (kept === undefined) throw scope.unsupported(`the column '${column.name}' here`, node);
    return kept;
  });
  const rows = row.finish();
  const from = isFilter
    ? relation({ kind: 'filter', input: rows.relation, predicate: sql`(${fits})` })
    : rows.relation;
  const ids = [...allIds(rows), ...row.collected()];
  return { ...rows, relation: extended(from, ids, outputs), columns };
}

function options(node: SyntaxNode, scope: ScalarScope): { kind: Kind; flags: string } {
  let kind: Kind = 'simple';
  let flags = '';
  for (const [name, value] of namedParameters(node)) {
    const written = value.ToString().trim();
    if (name === 'kind' && (written === 'simple' || written === 'regex' || written === 'relaxed'))
      kind = written;
    else if (name === 'flags' && /^[imsU]*$/.test(written)) flags = written;
    else throw scope.unsupported(`${name}=${written} here`, value);
  }
  if (kind !== 'regex') return { kind, flags: '(?s)' };
  return { kind, flags: `${flags.includes('s') ? '' : '(?-s)'}${flags === '' ? '' : `(?${flags})`}` };
}

/** The whole text must fit: what is to be skipped is a `*`. */
function patternOf(node: SyntaxNode, kind: Kind, scope: ScalarScope): Pattern {
  const targets: Target[] = [];
  const pieces = parts(node, 'Patterns');
  let regex = '^';
  let groups = 0;
  for (const [index, piece] of pieces.entries()) {
    switch (kindOf(piece)) {
      case 'StarExpression':
        regex += '.*?';
        break;
      case 'NameDeclaration':
      case 'NameAndTypeDeclaration': {
        const declared = kindOf(piece) === 'NameDeclaration' ? piece : part(piece, 'Name');
        const type = scalarType(declared.ResultType) ?? 'string';
        const next = pieces[index + 1];
        regex += captureOf(type, kind, next !== undefined && kindOf(next) === 'StarExpression');
        targets.push({ name: simpleName(declared), type, node: piece, group: ++groups });
        break;
      }
      default: {
        const written = constantString(lowerScalar(piece, scope));
        if (written === undefined) throw scope.unsupported('a pattern that is not a constant', piece);
        if (kind === 'regex') {
          groups += regexOf(stringConstant(written), piece, scope).groups;
          regex += `(?:${written})`;
        } else {
          regex += quoteRegex(written);
        }
      }
    }
  }
  const source = `${regex}$`;
  regexOf(stringConstant(source), node, scope);
  return { regex: source, targets };
}

const captures: Readonly<Partial<Record<KustoType, string>>> = {
  int: '\\s*([-+]?\\d+)\\s*?',
  long: '\\s*([-+]?\\d+)\\s*?',
  real: '\\s*([-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?)\\s*?',
  decimal: '\\s*([-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?)\\s*?',
  bool: '\\s*((?i:true|false)|[01])\\s*?',
  guid: '\\s*([0-9a-fA-F-]{32,36})\\s*?',
};

/** Before a `*` only the shape of the value says where it ends. */
const shapes: Readonly<Partial<Record<KustoType, string>>> = {
  datetime: '(\\d[-+0-9T:./ ]*Z?)',
  timespan: '(-?\\d[0-9.:]*)',
};

function captureOf(type: KustoType, kind: Kind, beforeStar: boolean): string {
  const shaped = captures[type] ?? (beforeStar ? shapes[type] : undefined);
  if (kind !== 'relaxed') return shaped ?? (kind === 'regex' ? '(.*)' : '(.*?)');
  return shaped !== undefined && beforeStar ? `(?:${shaped})?` : '(.*?)';
}

function valueAt({ type, node, group }: Target, groups: Fragment, scope: ScalarScope): Expr {
  const found = sql`${groups}[${integer(group)}]`;
  if (type === 'string') return expr('string', found, false);
  return scope.row.computed(
    convert(expr('string', sql`trimBoth(${found}, ' \\t\\r\\n')`, false), type, scope, node),
  );
}

function isPresent(value: Expr): Fragment {
  return isTextual(value.type) ? sql`${value.sql} != ''` : sql`isNotNull(${value.sql})`;
}

function guardedBy(condition: Fragment, value: Expr): Expr {
  return expr(value.type, sql`if(${condition}, ${value.sql}, ${nullSql(value.type)})`, true);
}
