import type { Expression } from './expression.ts';
import { type Column, keyOf, literal, type Row, type Scalar, type Table } from './value.ts';

/** A step of a pipeline: its text after the bar, and what it makes of a table. */
export interface Step {
  readonly kql: string;
  readonly apply: (table: Table) => Table;
}

const step = (kql: string, apply: (table: Table) => Table): Step => ({ kql, apply });

/** `datatable` of the table. */
export function source(table: Table): string {
  const columns = table.columns.map(({ name, type }) => `${name}:${type}`).join(', ');
  const cells = table.rows.flatMap((row) =>
    table.columns.map(({ name, type }) => literal(row[name] ?? null, type)),
  );
  return `datatable(${columns})[${cells.join(', ')}]`;
}

export function where(condition: Expression): Step {
  return step(`where ${condition.kql}`, (table) => ({
    ...table,
    rows: table.rows.filter((row) => condition.of(row) === true),
  }));
}

export function extend(name: string, value: Expression): Step {
  return step(`extend ${name} = ${value.kql}`, ({ columns, rows }) => ({
    columns: [...columns.filter((column) => column.name !== name), { name, type: value.type }],
    rows: rows.map((row) => ({ ...row, [name]: value.of(row) })),
  }));
}

export function project(names: readonly string[]): Step {
  return step(`project ${names.join(', ')}`, ({ columns, rows }) => ({
    columns: names.flatMap((name) => columns.filter((column) => column.name === name)),
    rows: rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null]))),
  }));
}

export function distinct(names: readonly string[]): Step {
  return step(`distinct ${names.join(', ')}`, (table) => {
    const { columns, rows } = project(names).apply(table);
    return { columns, rows: firstOfEach(rows, (row) => keyOf(names.map((name) => row[name] ?? null))) };
  });
}

function firstOfEach(rows: readonly Row[], key: (row: Row) => string): Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const own = key(row);
    if (seen.has(own)) return false;
    seen.add(own);
    return true;
  });
}

export interface SortKey {
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  /** As the direction implies when absent: first for asc, last for desc. */
  readonly nulls?: 'first' | 'last';
}

export function sort(keys: readonly SortKey[]): Step {
  const words = keys.map(
    ({ name, direction, nulls }) => `${name} ${direction}${nulls === undefined ? '' : ` nulls ${nulls}`}`,
  );
  return step(`sort by ${words.join(', ')}`, (table) => ({
    ...table,
    rows: [...table.rows].sort((a, b) => compareBy(keys, a, b)),
  }));
}

export function top(count: number, key: SortKey): Step {
  const words = `${key.name} ${key.direction}${key.nulls === undefined ? '' : ` nulls ${key.nulls}`}`;
  return step(`top ${count} by ${words}`, (table) => take(count).apply(sort([key]).apply(table)));
}

export function take(count: number): Step {
  return step(`take ${count}`, (table) => ({ ...table, rows: table.rows.slice(0, count) }));
}

function compareBy(keys: readonly SortKey[], a: Row, b: Row): number {
  for (const { name, direction, nulls } of keys) {
    const [x, y] = [a[name] ?? null, b[name] ?? null];
    const nullsFirst = (nulls ?? (direction === 'asc' ? 'first' : 'last')) === 'first';
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1;
    const order = compareScalars(x, y);
    if (order !== 0) return direction === 'asc' ? order : -order;
  }
  return 0;
}

/** Texts by their bytes. */
function compareScalars(x: Scalar, y: Scalar): number {
  if (typeof x === 'string' && typeof y === 'string') return Buffer.compare(Buffer.from(x), Buffer.from(y));
  if (x === null || y === null || x === y) return 0;
  return x < y ? -1 : 1;
}

/** An aggregate: its text, the column it makes and what it makes of a group. */
export interface Aggregate {
  readonly kql: string;
  readonly column: Column;
  readonly of: (rows: readonly Row[]) => Scalar;
}

const present = (value: Expression, rows: readonly Row[]): Scalar[] =>
  rows.map((row) => value.of(row)).filter((item) => item !== null);

const numbers = (value: Expression, rows: readonly Row[]): number[] => present(value, rows).map(Number);

export const aggregates = {
  count: (name: string): Aggregate => ({
    kql: `${name} = count()`,
    column: { name, type: 'long' },
    of: (rows) => BigInt(rows.length),
  }),
  countif: (name: string, condition: Expression): Aggregate => ({
    kql: `${name} = countif(${condition.kql})`,
    column: { name, type: 'long' },
    of: (rows) => BigInt(rows.filter((row) => condition.of(row) === true).length),
  }),
  dcount: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = dcount(${value.kql})`,
    column: { name, type: 'long' },
    of: (rows) => BigInt(new Set(present(value, rows).map(keyOf)).size),
  }),
  sum: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = sum(${value.kql})`,
    column: { name, type: value.type },
    of: (rows) =>
      value.type === 'long'
        ? present(value, rows).reduce<bigint>((sum, item) => sum + BigInt(item as bigint), 0n)
        : numbers(value, rows).reduce((sum, item) => sum + item, 0),
  }),
  /** Of nothing: null for the least and the greatest. */
  min: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = min(${value.kql})`,
    column: { name, type: value.type },
    of: (rows) =>
      present(value, rows).reduce<Scalar>(
        (least, item) => (least === null || compareScalars(item, least) < 0 ? item : least),
        null,
      ),
  }),
  max: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = max(${value.kql})`,
    column: { name, type: value.type },
    of: (rows) =>
      present(value, rows).reduce<Scalar>(
        (most, item) => (most === null || compareScalars(item, most) > 0 ? item : most),
        null,
      ),
  }),
  /** The value of another column in the row where a number that no two rows share is greatest. */
  argMax: (name: string, unique: string, value: Expression): Aggregate => ({
    kql: `(_${name}, ${name}) = arg_max(${unique}, ${value.kql})`,
    column: { name, type: value.type },
    of: (rows) => {
      const best = rows.reduce<Row | undefined>(
        (most, row) =>
          most === undefined || compareScalars(row[unique] ?? null, most[unique] ?? null) > 0 ? row : most,
        undefined,
      );
      return best === undefined ? null : value.of(best);
    },
  }),
  makeSetSize: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = array_length(make_set(${value.kql}))`,
    column: { name, type: 'long' },
    of: (rows) => BigInt(new Set(present(value, rows).map(keyOf)).size),
  }),
  makeList: (name: string, value: Expression): Aggregate => ({
    kql: `${name} = array_sort_asc(make_list(${value.kql}))`,
    column: { name, type: 'dynamic' },
    of: (rows) =>
      present(value, rows)
        .sort(compareScalars)
        .map((item) => (typeof item === 'bigint' ? Number(item) : item)),
  }),
} as const;

/** Without keys one row comes out, of no rows too. */
export function summarize(list: readonly Aggregate[], keys: readonly string[]): Step {
  const by = keys.length === 0 ? '' : ` by ${keys.join(', ')}`;
  return step(`summarize ${list.map(({ kql }) => kql).join(', ')}${by}`, ({ columns, rows }) => {
    const groups = new Map<string, Row[]>(keys.length === 0 ? [['', []]] : []);
    for (const row of rows) {
      const key = keys.length === 0 ? '' : keyOf(keys.map((name) => row[name] ?? null));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    return {
      columns: [
        ...keys.flatMap((name) => columns.filter((column) => column.name === name)),
        ...list.map(({ column }) => column),
      ],
      rows: [...groups.values()].map((group) => ({
        ...Object.fromEntries(keys.map((name) => [name, group[0]?.[name] ?? null])),
        ...Object.fromEntries(list.map(({ column, of }) => [column.name, of(group)])),
      })),
    };
  });
}

export type JoinKind =
  | 'inner'
  | 'innerunique'
  | 'leftouter'
  | 'rightouter'
  | 'fullouter'
  | 'leftsemi'
  | 'leftanti'
  | 'rightsemi'
  | 'rightanti';

/** On one column that both have, whose values are not null; no other name is on both sides. Of `innerunique` the left rows are one of each key. */
export function join(kind: JoinKind, right: Table, on: string): Step {
  return step(`join kind=${kind} (${source(right)}) on ${on}`, (left) => {
    const lefts =
      kind === 'innerunique' ? firstOfEach(left.rows, (row) => keyOf(row[on] ?? null)) : left.rows;
    const matches = (a: Row, b: Row) => keyOf(a[on] ?? null) === keyOf(b[on] ?? null);
    const known = (row: Row, others: readonly Row[]) => others.some((other) => matches(row, other));
    if (kind === 'leftsemi' || kind === 'leftanti')
      return { ...left, rows: lefts.filter((row) => known(row, right.rows) === (kind === 'leftsemi')) };
    if (kind === 'rightsemi' || kind === 'rightanti')
      return { ...right, rows: right.rows.filter((row) => known(row, lefts) === (kind === 'rightsemi')) };
    const rename = (row: Row): Row => ({ ...row, [on]: null, [`${on}1`]: row[on] ?? null });
    const pairs = lefts.flatMap((a) =>
      right.rows.filter((b) => matches(a, b)).map((b) => ({ ...rename(b), ...a })),
    );
    const lonelyLeft =
      kind === 'leftouter' || kind === 'fullouter'
        ? lefts.filter((row) => !known(row, right.rows)).map((row) => ({ ...row }))
        : [];
    const lonelyRight =
      kind === 'rightouter' || kind === 'fullouter'
        ? right.rows.filter((row) => !known(row, lefts)).map(rename)
        : [];
    const columns = [
      ...left.columns,
      ...right.columns.map((column) => (column.name === on ? { ...column, name: `${on}1` } : column)),
    ];
    return { columns, rows: [...pairs, ...lonelyLeft, ...lonelyRight].map((row) => filled(row, columns)) };
  });
}

/** Cells that a row lacks: null, or the empty text. */
function filled(row: Row, columns: readonly Column[]): Row {
  return Object.fromEntries(
    columns.map(({ name, type }) => [name, row[name] ?? (type === 'string' ? '' : null)]),
  );
}

/** By name; the other table's columns have the types that this one's have. */
export function union(other: Table): Step {
  return step(`union (${source(other)})`, (table) => {
    const extra = other.columns.filter((column) => !table.columns.some(({ name }) => name === column.name));
    const columns = [...table.columns, ...extra];
    return { columns, rows: [...table.rows, ...other.rows].map((row) => filled(row, columns)) };
  });
}

/** Null stays one row, an empty array none; a bag becomes bags of one entry. */
export function mvExpand(name: string): Step {
  return step(`mv-expand ${name}`, (table) => ({
    ...table,
    rows: table.rows.flatMap((row) => parts(row[name] ?? null).map((part) => ({ ...row, [name]: part }))),
  }));
}

function parts(value: Scalar): readonly Scalar[] {
  if (Array.isArray(value)) return value as readonly Scalar[];
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([key, item]) => ({ [key]: item as Scalar }));
  return [value];
}
