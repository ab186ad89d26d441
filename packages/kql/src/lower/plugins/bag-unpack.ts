import type { KustoType } from '@merlon/contract';
import { part, parts, type SyntaxNode, simpleName } from '../../bind/syntax.ts';
import { columnRef, sql, text } from '../../emit/fragment.ts';
import { expr } from '../../tree/expression.ts';
import { type Output, relation } from '../../tree/relation.ts';
import { convert } from '../convert.ts';
import { jsonExtract } from '../json.ts';
import type { ResultColumn } from '../operators/rule.ts';
import { type Column, keptIds, passThrough, type Rows, visible } from '../rows.ts';
import { RowScope, ScalarScope } from '../scalar-scope.ts';
import type { PluginCall, PluginRule } from './rule.ts';

/** Slots that the bags of one call may have. */
const maxSlots = 1_000;

interface Unpacking {
  readonly bag: Column;
  readonly prefix: string;
  readonly conflict: 'error' | 'replace_source' | 'keep_source';
}

/** `bag_unpack(bag[, prefix][, columnsConflict])`: a column for each slot. Which slots there are is asked first. */
export const bagUnpack: PluginRule = (call) => {
  const unpacking = unpackingOf(call);
  const { schema } = call;
  const slots =
    schema === undefined || call.learned !== undefined
      ? learn(call, unpacking)
      : new Set(writtenColumns(schema));
  return unpacked(call, unpacking, slots);
};

/** The columns that an output schema spells out, beside its `*`. */
function writtenColumns(schema: SyntaxNode): string[] {
  return parts(part(schema, 'Schema'), 'Columns').map((column) => simpleName(part(column, 'Name')));
}

function unpackingOf(call: PluginCall): Unpacking {
  const bag = call.column(call.required(0));
  const prefixNode = call.argument(1, 'OutputColumnPrefix');
  const conflictNode = call.argument(2, 'columnsConflict');
  const conflict = conflictNode === undefined ? 'error' : call.text(conflictNode);
  if (conflict !== 'error' && conflict !== 'replace_source' && conflict !== 'keep_source')
    throw call.refused(`with columnsConflict='${conflict}'`);
  return {
    bag,
    prefix: prefixNode === undefined ? '' : call.text(prefixNode),
    conflict,
  };
}

/** Asks which slots the bags have and of which JSON types; leaves with the columns, unless all are known already. Gives the names of the slots' columns. */
function learn(call: PluginCall, { bag, prefix, conflict }: Unpacking): ReadonlySet<string> {
  const { context } = call.scope;
  const [slot, key, types] = [context.newId(), context.newId(), context.newId()];
  const slots = relation({
    kind: 'expand',
    input: call.input.relation,
    arrays: [
      {
        id: slot,
        sql: sql`arrayMap(kv -> (kv.1, toString(JSONType(kv.2)), kv.2), JSONExtractKeysAndValuesRaw(${columnRef(bag.id)}))`,
      },
    ],
  });
  const wanted = relation({
    kind: 'filter',
    input: slots,
    predicate: sql`(${columnRef(slot)}.2 != 'Null')`,
  });
  const isTime = sql`match(${columnRef(slot)}.3, '^"\\\\d{4}-\\\\d{2}-\\\\d{2}T\\\\d{2}:\\\\d{2}:\\\\d{2}(\\\\.\\\\d+)?Z?"$')`;
  const grouped = relation({
    kind: 'aggregate',
    input: wanted,
    keys: [{ id: key, sql: sql`${columnRef(slot)}.1` }],
    outputs: [
      {
        kind: 'value',
        id: types,
        sql: sql`arrayStringConcat(arraySort(groupUniqArray(if(${isTime}, 'Time', ${columnRef(slot)}.2))), ',')`,
      },
    ],
  });
  const plain = { nullable: false, hidden: false, type: 'string' } as const;
  const found = call.fetched(
    {
      relation: grouped,
      columns: [
        { ...plain, name: 'Slot', id: key },
        { ...plain, name: 'Types', id: types },
      ],
      order: [{ id: key, descending: false, nullsFirst: true }],
    },
    maxSlots,
  );
  const source = visible(call.input).filter((column) => column.id !== bag.id || column.name !== bag.name);
  const names = new Set(source.map((column) => column.name));
  const learned = found.rows.map(
    ([slotName, slotTypes]): ResultColumn => ({
      name: `${prefix}${String(slotName)}`,
      type: typeOf(String(slotTypes)),
    }),
  );
  const clash = learned.find((column) => names.has(column.name));
  if (clash !== undefined && conflict === 'error') {
    throw call.scope.semantic(
      `evaluate bag_unpack(): the bags have a slot '${clash.name}', and so have the rows a column: say columnsConflict='replace_source' or 'keep_source'.`,
      call.call,
    );
  }
  const replaced = new Set(conflict === 'replace_source' ? learned.map((column) => column.name) : []);
  const kept = source.filter((column) => !replaced.has(column.name));
  const columns = [
    ...kept.map(({ name, type }) => ({ name, type })),
    ...learned.filter((column) => conflict !== 'keep_source' || !names.has(column.name)),
  ];
  call.learn(columns);
  return new Set(learned.map((column) => column.name));
}

/** One type for a slot whose values are all of it; otherwise dynamic. JSON's whole numbers are long. */
function typeOf(types: string): KustoType {
  switch (types) {
    case 'Bool':
      return 'bool';
    case 'Int64':
    case 'UInt64':
    case 'Int64,UInt64':
      return 'long';
    case 'Double':
    case 'Double,Int64':
    case 'Double,UInt64':
    case 'Double,Int64,UInt64':
      return 'real';
    case 'String':
    case 'String,Time':
      return 'string';
    case 'Time':
      return 'datetime';
    default:
      return 'dynamic';
  }
}

/** The columns of the result: those of the source by name, the others out of the bag. */
function unpacked(call: PluginCall, { bag, prefix, conflict }: Unpacking, slots: ReadonlySet<string>): Rows {
  const { context, environment } = call.scope;
  const row = new RowScope(context, call.input);
  const inner = new ScalarScope(context, environment, row);
  const source = new Map(
    call.input.columns.filter((column) => column.name !== bag.name).map((column) => [column.name, column]),
  );
  const outputs: Output[] = [];
  const columns = call.result().map((column): Column => {
    const { name, type } = column;
    const kept = conflict === 'replace_source' && slots.has(name) ? undefined : source.get(name);
    if (kept !== undefined && kept.type === type)
      return slots.has(name) || call.learned !== undefined ? { ...kept, hidden: false } : kept;
    const key = name.slice(prefix.length);
    const isSlot = name.startsWith(prefix);
    const value = isSlot ? jsonExtract(columnRef(bag.id), [text(key)]) : sql`''`;
    const converted = convert(expr('dynamic', value, false), type, inner, call.call);
    const id = context.newId();
    outputs.push({ id, sql: converted.sql });
    return { ...column, id, nullable: converted.nullable, hidden: false };
  });
  const rows = row.finish();
  const made = new Set(outputs.map((output) => output.id));
  const kept = [...columns.map((column) => column.id), ...keptIds(rows)].filter((id) => !made.has(id));
  return {
    ...rows,
    relation: relation({
      kind: 'project',
      input: rows.relation,
      outputs: [...passThrough(kept), ...outputs],
    }),
    columns,
  };
}
