import { kindOf, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { columnRef, type Fragment, integer, sql, subquery } from '../../emit/fragment.ts';
import { relation } from '../../tree/relation.ts';
import { comparable } from '../predicates/equality.ts';
import { isTabularNode, lowerTabular } from '../recursion.ts';
import { allIds, columnExpr, extended, type Rows } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import { nullable, shaped } from './lookup-result.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Addresses of one family as IPv6 numbers, and how many bits a prefix of theirs is short of 128. */
interface Family {
  readonly bits: number;
  /** Whether the address part is one of the family. */
  readonly isAddress: (address: Fragment) => Fragment;
  /** The address as 16 bytes, made for every text: that of no address is not looked at. */
  readonly bytes: (address: Fragment) => Fragment;
}

const families: Readonly<Record<'v4' | 'v6', Family>> = {
  v4: {
    bits: 32,
    isAddress: (address) => sql`isIPv4String(${address})`,
    bytes: (address) => sql`IPv4ToIPv6(ifNull(toIPv4OrNull(${address}), toIPv4('0.0.0.0')))`,
  },
  v6: {
    bits: 128,
    isAddress: (address) => sql`(isIPv6String(${address}) OR isIPv4String(${address}))`,
    bytes: (address) =>
      sql`if(isIPv4String(${address}), IPv4ToIPv6(ifNull(toIPv4OrNull(${address}), toIPv4('0.0.0.0'))), ifNull(toIPv6OrNull(${address}), toIPv6('::')))`,
  },
};

/** A prefix length that no network has. */
const nowhere = 255;

export const ipv4Lookup: PluginRule = (call) => lookedUp(call, families.v4);
export const ipv6Lookup: PluginRule = (call) => lookedUp(call, families.v6);

/**
 * `ipv4_lookup(table, key, network key[, extra keys…][, return_unmatched])`. Each row is asked for once for each prefix length that the table has,
 * which makes the look-up a join on equal networks instead of a comparison with each of them.
 */
function lookedUp(call: PluginCall, family: Family): Rows {
  const { context, environment } = call.scope;
  const table = call.required(0, 'LookupTable');
  if (!isTabularNode(table)) throw call.refused('in something that is not a table');
  const other = lowerTabular(table, call.scope);
  const left = new ScalarScope(context, environment, new RowScope(context, call.input));
  const right = new ScalarScope(context, environment, new RowScope(context, other));
  const rest = call.from(3);
  const flagNode =
    call.argument(-1, 'return_unmatched') ?? rest.find((node) => !isColumnIn(node, call.input));
  const keepUnmatched = flagNode !== undefined && call.boolean(flagNode);
  const extraNames = rest.filter((node) => node !== flagNode).map((node) => simpleName(node));

  const network = (node: SyntaxNode, scope: ScalarScope) => networkOf(node, scope, call, family);
  const source = network(call.required(1), left);
  const target = network(call.required(2), right);
  const extras = extraNames.map((name) => {
    const [a, b] = [left.row.column(name), right.row.column(name)];
    if (a === undefined || b === undefined) throw call.refused(`by the key '${name}'`);
    return { left: comparable(a, b, left, call.call)[0], right: comparable(a, b, right, call.call)[1] };
  });

  // The prefix lengths there are, for the left side to be asked by.
  const lengths = context.newId();
  const rightRows = right.row.finish();
  const prefixes = relation({
    kind: 'aggregate',
    input: relation({ kind: 'filter', input: rightRows.relation, predicate: target.isValid }),
    keys: [],
    outputs: [{ kind: 'value', id: lengths, sql: sql`groupUniqArray(assumeNotNull(${target.prefix}))` }],
  });
  const leftRows = left.row.finish();
  const [rowId, prefix] = [context.newId(), context.newId()];
  const numbered = relation({
    kind: 'window',
    input: leftRows.relation,
    outputs: [{ id: rowId, sql: sql`row_number() OVER ()` }],
  });
  const lengthsOf = sql`if(${source.isValid}, arrayFilter(p -> p <= assumeNotNull(${source.prefix}), ${subquery(prefixes, [lengths])}), [])`;
  const asked = relation({
    kind: 'expand',
    input: numbered,
    // Where unmatched rows are wanted, each row is asked for once more, by a length that no network has.
    arrays: [
      { id: prefix, sql: keepUnmatched ? sql`arrayPushBack(${lengthsOf}, ${integer(nowhere)})` : lengthsOf },
    ],
  });
  const masked = (bytes: Fragment, length: Fragment) =>
    sql`IPv6CIDRToRange(${bytes}, toUInt8(least(${length}, ${integer(family.bits)}) + ${integer(128 - family.bits)})).1`;
  const leftIds = [...allIds(leftRows), ...left.row.collected(), rowId, prefix];
  const rightIds = [...allIds(rightRows), ...right.row.collected()];
  const leftKey = { id: context.newId(), sql: masked(source.bytes, columnRef(prefix)) };
  const rightPrefix = { id: context.newId(), sql: sql`toNullable(assumeNotNull(${target.prefix}))` };
  const rightKey = { id: context.newId(), sql: masked(target.bytes, sql`assumeNotNull(${target.prefix})`) };
  const networks = relation({ kind: 'filter', input: rightRows.relation, predicate: target.isValid });
  const joined = relation({
    kind: 'join',
    join: keepUnmatched ? 'left' : 'inner',
    left: extended(asked, leftIds, [leftKey]),
    right: keepUnmatched
      ? nullable(extended(networks, rightIds, [rightPrefix, rightKey]), rightRows.columns, [
          ...rightIds,
          rightPrefix.id,
          rightKey.id,
        ])
      : extended(networks, rightIds, [rightPrefix, rightKey]),
    on: [
      { left: columnRef(prefix), right: columnRef(rightPrefix.id) },
      { left: columnRef(leftKey.id), right: columnRef(rightKey.id) },
      ...extras.map((extra) => ({ left: extra.left.sql, right: extra.right.sql })),
    ],
  });
  const sides = { left: leftRows.columns, right: rightRows.columns };
  if (!keepUnmatched) return shaped(call, sides, new Set(extraNames), joined, false);
  const matches = context.newId();
  const counted = relation({
    kind: 'window',
    input: joined,
    outputs: [
      {
        id: matches,
        sql: sql`countIf(isNotNull(${columnRef(rightPrefix.id)})) OVER (PARTITION BY ${columnRef(rowId)})`,
      },
    ],
  });
  const wanted = relation({
    kind: 'filter',
    input: counted,
    predicate: sql`(isNotNull(${columnRef(rightPrefix.id)}) OR (${columnRef(matches)} = 0 AND ${columnRef(prefix)} = ${integer(nowhere)}))`,
  });
  return shaped(call, sides, new Set(extraNames), wanted, true);
}

function isColumnIn(node: SyntaxNode, rows: Rows): boolean {
  return kindOf(node) === 'NameReference' && rows.columns.some((column) => column.name === simpleName(node));
}

interface Network {
  readonly isValid: Fragment;
  readonly prefix: Fragment;
  readonly bytes: Fragment;
}

function networkOf(node: SyntaxNode, scope: ScalarScope, call: PluginCall, family: Family): Network {
  const name = kindOf(node) === 'NameReference' ? simpleName(node) : undefined;
  const column = scope.row.rows.columns.find((candidate) => candidate.name === name);
  if (column === undefined || column.type !== 'string')
    throw call.scope.unsupported(`plugin ${call.name} by a key that is no text column`, node);
  const text = columnExpr(column).sql;
  const address = scope.row.computed({
    type: 'string',
    sql: sql`splitByChar('/', ${text})[1]`,
    nullable: false,
  }).sql;
  const written = sql`if(position(${text}, '/') > 0, toUInt8OrNull(splitByChar('/', ${text})[2]), ${integer(family.bits)})`;
  const prefix = scope.row.computed({ type: 'long', sql: written, nullable: true }).sql;
  return {
    isValid: sql`(${family.isAddress(address)} AND ifNull(${prefix} <= ${integer(family.bits)}, false))`,
    prefix,
    bytes: family.bytes(address),
  };
}
