import fc from 'fast-check';
import * as e from './evaluator/expression.ts';
import * as o from './evaluator/operator.ts';
import {
  type Column,
  type Row,
  type Scalar,
  type ScalarType,
  type Table,
  ticksOf,
} from './evaluator/value.ts';

/** A random query and what it must give. */
export interface Pipeline {
  readonly kql: string;
  readonly result: Table;
  readonly ordered: boolean;
}

const pools: Readonly<Record<ScalarType, readonly Scalar[]>> = {
  bool: [null, true, false],
  long: [null, -7n, -1n, 0n, 1n, 2n, 3n, 12n, 4_000_000_000n],
  real: [null, -1.5, 0, 0.25, 2, 1e6],
  string: ['', 'a', 'A', 'ab', 'a b', 'cmd.exe', 'CMD.EXE /c a', 'foo_bar', 'x-a-y', '12', ' q ', 'été', 'b'],
  datetime: [
    null,
    '2026-11-24T00:00:00Z',
    '2026-11-24T10:30:00Z',
    '2026-11-23T23:59:59.999Z',
    '1999-12-31T00:00:00Z',
  ].map((text) => (text === null ? null : ticksOf(text))),
  dynamic: [null, [], [1, 2], ['a', 'b', null], { k: 1 }, { k: 'a', m: [1] }, {}, [{ k: 2 }, [3]]],
};

const needles = ['a', 'A', 'b', 'cmd', 'exe', 'cmd.exe', 'foo', 'foo_bar', '.exe', 'a b', '-a', 'é', '1'];

/** `n` is a number that no two rows share. */
const columns: readonly Column[] = [
  { name: 'n', type: 'long' },
  { name: 'b', type: 'bool' },
  { name: 'i', type: 'long' },
  { name: 'j', type: 'long' },
  { name: 'r', type: 'real' },
  { name: 's', type: 'string' },
  { name: 't', type: 'string' },
  { name: 'd', type: 'datetime' },
  { name: 'x', type: 'dynamic' },
];
const otherColumns: readonly Column[] = [
  { name: 's', type: 'string' },
  { name: 'v', type: 'long' },
  { name: 'w', type: 'string' },
];

type Draw = fc.GeneratorValue;

function one<T>(draw: Draw, values: readonly T[]): T {
  const index = draw(fc.nat, { max: values.length - 1 });
  return values[index] as T;
}

function chance(draw: Draw, percent: number): boolean {
  return draw(fc.nat, { max: 99 }) < percent;
}

function rowsOf(draw: Draw, list: readonly Column[], most: number): Row[] {
  const count = draw(fc.nat, { max: most });
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      list.map(({ name, type }) => [name, name === 'n' ? BigInt(index) : one(draw, pools[type])]),
    ),
  );
}

export function drawPipeline(draw: Draw): Pipeline {
  let table: Table = { columns, rows: rowsOf(draw, columns, 8) };
  const lines = [o.source(table)];
  const push = (step: o.Step) => {
    lines.push(step.kql);
    table = step.apply(table);
  };
  const steps = 1 + draw(fc.nat, { max: 4 });
  for (let index = 0; index < steps; index++) for (const step of drawSteps(draw, table, index)) push(step);
  const ordered = hasRowNumber(table) && chance(draw, 50);
  if (ordered) push(o.sort([...sortKeys(draw, table), { name: 'n', direction: 'asc' }]));
  if (ordered && chance(draw, 50)) push(o.take(draw(fc.nat, { max: 5 })));
  return { kql: lines.join('\n| '), result: table, ordered };
}

/** Rows still have a number of their own: nothing has multiplied them. */
function hasRowNumber(table: Table): boolean {
  const numbers = table.rows.map((row) => row.n);
  return (
    table.columns.some(({ name }) => name === 'n') &&
    !numbers.includes(null) &&
    new Set(numbers).size === numbers.length
  );
}

function sortKeys(draw: Draw, table: Table): o.SortKey[] {
  const sortable = table.columns.filter(({ name, type }) => type !== 'dynamic' && name !== 'n');
  if (sortable.length === 0) return [];
  return Array.from({ length: draw(fc.nat, { max: 2 }) }, () => {
    const nulls = one(draw, [undefined, 'first', 'last'] as const);
    const { name, type } = one(draw, sortable);
    return {
      name,
      direction: one(draw, ['asc', 'desc'] as const),
      ...(nulls === undefined || type === 'string' ? {} : { nulls }),
    };
  });
}

function drawSteps(draw: Draw, table: Table, index: number): o.Step[] {
  const plain = table.columns.filter(({ type }) => type !== 'dynamic').map(({ name }) => name);
  const has = (name: string) => table.columns.some((column) => column.name === name);
  switch (
    one(draw, [
      'where',
      'where',
      'extend',
      'extend',
      'project',
      'summarize',
      'distinct',
      'top',
      'join',
      'union',
      'mv-expand',
    ] as const)
  ) {
    case 'where':
      return [o.where(condition(draw, table, 2))];
    case 'extend': {
      const made = anyValue(draw, table);
      const same = table.columns.filter(({ name, type }) => type === made.type && name !== 'n');
      return [o.extend(same.length > 0 && chance(draw, 30) ? one(draw, same).name : `e${index}`, made)];
    }
    case 'project': {
      const names = table.columns.map(({ name }) => name).filter((name) => name === 'n' || chance(draw, 60));
      return names.length === 0 ? [] : [o.project(names)];
    }
    case 'summarize':
      return [
        o.summarize(
          drawAggregates(draw, table, index),
          plain.filter((name) => name !== 'n' && chance(draw, 30)),
        ),
      ];
    case 'distinct': {
      const names = plain.filter((name) => name !== 'n' && chance(draw, 50));
      return names.length === 0 ? [] : [o.distinct(names)];
    }
    case 'top':
      return hasRowNumber(table)
        ? [o.top(draw(fc.nat, { max: 5 }), { name: 'n', direction: one(draw, ['asc', 'desc'] as const) })]
        : [];
    case 'join': {
      if (!has('s') || has('s1') || has('v') || has('w')) return [];
      const kind = one(draw, [
        'inner',
        'innerunique',
        'leftouter',
        'rightouter',
        'fullouter',
        'leftsemi',
        'leftanti',
        'rightsemi',
        'rightanti',
      ] as const);
      const right: Table = { columns: otherColumns, rows: rowsOf(draw, otherColumns, 5) };
      // Which of several left rows innerunique takes is open, so there is nothing but the key.
      return [...(kind === 'innerunique' ? [o.project(['s'])] : []), o.join(kind, right, 's')];
    }
    case 'union': {
      if (
        !has('s') ||
        table.columns.some(({ name, type }) => (name === 's' || name === 'w') && type !== 'string') ||
        table.columns.some(({ name, type }) => name === 'v' && type !== 'long')
      )
        return [];
      return [o.union({ columns: otherColumns, rows: rowsOf(draw, otherColumns, 3) })];
    }
    case 'mv-expand': {
      // A list that was made of numbers gives numbers; the others stay of no known type.
      const dynamics = table.columns.filter(({ name, type }) => type === 'dynamic' && !name.startsWith('ml'));
      return dynamics.length === 0 ? [] : [o.mvExpand(one(draw, dynamics).name)];
    }
  }
}

function drawAggregates(draw: Draw, table: Table, index: number): o.Aggregate[] {
  const ofType = (...types: ScalarType[]) =>
    table.columns.filter(({ type }) => types.includes(type)).map(({ name, type }) => e.column(name, type));
  const numbers = ofType('long');
  const comparable = ofType('long', 'real', 'datetime');
  const plain = ofType('long', 'string', 'datetime', 'bool');
  const candidates: o.Aggregate[] = [
    o.aggregates.count(`c${index}`),
    o.aggregates.countif(`ci${index}`, condition(draw, table, 1)),
  ];
  if (numbers.length > 0)
    candidates.push(
      o.aggregates.sum(`su${index}`, one(draw, numbers)),
      o.aggregates.makeList(`ml${index}`, one(draw, numbers)),
    );
  if (comparable.length > 0)
    candidates.push(
      o.aggregates.min(`mi${index}`, one(draw, comparable)),
      o.aggregates.max(`ma${index}`, one(draw, comparable)),
    );
  if (plain.length > 0)
    candidates.push(
      o.aggregates.dcount(`dc${index}`, one(draw, plain)),
      o.aggregates.makeSetSize(`ms${index}`, one(draw, plain)),
    );
  const some = candidates.filter(() => chance(draw, 50));
  return some.length === 0 ? candidates.slice(0, 1) : some;
}

function anyValue(draw: Draw, table: Table): e.Expression {
  const type = one(draw, [
    'long',
    'long',
    'string',
    'string',
    'real',
    'datetime',
    'dynamic',
    'bool',
  ] as const);
  return value(draw, table, type, 2);
}

/** A column of the type, or a constant. */
function leaf(draw: Draw, table: Table, type: ScalarType): e.Expression {
  const own = table.columns.filter((column) => column.type === type);
  if (own.length > 0 && chance(draw, 80)) return e.column(one(draw, own).name, type);
  return e.constant(one(draw, pools[type]), type);
}

function value(draw: Draw, table: Table, type: ScalarType, depth: number): e.Expression {
  if (depth === 0) return leaf(draw, table, type);
  const sub = (other: ScalarType = type) => value(draw, table, other, depth - 1);
  if (chance(draw, 10)) return e.choice(comparison(draw, table, depth - 1), sub(), sub());
  if (chance(draw, 10) && type !== 'dynamic') return e.coalesce(sub(), leaf(draw, table, type));
  switch (type) {
    case 'bool':
      return comparison(draw, table, depth - 1);
    case 'long':
      switch (draw(fc.nat, { max: 7 })) {
        case 0:
          return e.textFunction('strlen', sub('string'));
        case 1:
          return e.quotient(sub(), sub());
        case 2:
          return e.remainder(sub(), one(draw, [2n, 3n, 7n]));
        case 3:
          return e.arrayLength(column(draw, table, 'dynamic'));
        case 4:
          return e.toLong(sub('string'));
        case 5:
          return e.bin(sub(), 5n, '5');
        default:
          return e.integers(one(draw, e.arithmeticOperators), sub(), leaf(draw, table, 'long'));
      }
    case 'real':
      return e.reals(
        one(draw, ['+', '*'] as const),
        sub(),
        chance(draw, 50) ? leaf(draw, table, 'long') : leaf(draw, table, 'real'),
      );
    case 'string':
      switch (draw(fc.nat, { max: 6 })) {
        case 0:
          return e.textFunction('tolower', sub());
        case 1:
          return e.textFunction('toupper', sub());
        case 2:
          return e.textFunction('trim', sub());
        case 3:
          return e.substring(sub(), draw(fc.nat, { max: 3 }), draw(fc.nat, { max: 4 }));
        case 4:
          return e.replaced(sub(), one(draw, needles), one(draw, ['', '-', 'aa']));
        case 5:
          return e.toText(leaf(draw, table, one(draw, ['long', 'dynamic'] as const)));
        default:
          return e.concatenated([sub(), leaf(draw, table, 'string'), leaf(draw, table, 'long')]);
      }
    case 'datetime':
      return e.bin(leaf(draw, table, 'datetime'), 36_000_000_000n, '1h');
    case 'dynamic':
      return chance(draw, 50)
        ? e.field(column(draw, table, 'dynamic'), one(draw, ['k', 'm']))
        : e.element(column(draw, table, 'dynamic'), one(draw, [0, 1, -1]));
  }
}

/** A path needs a name to stand on. */
function column(draw: Draw, table: Table, type: ScalarType): e.Expression {
  const own = table.columns.filter((candidate) => candidate.type === type);
  return own.length === 0 ? e.constant(null, type) : e.column(one(draw, own).name, type);
}

function condition(draw: Draw, table: Table, depth: number): e.Expression {
  if (depth > 0 && chance(draw, 30))
    return e.both(condition(draw, table, depth - 1), condition(draw, table, depth - 1));
  if (depth > 0 && chance(draw, 30))
    return e.either(condition(draw, table, depth - 1), condition(draw, table, depth - 1));
  return chance(draw, 15) ? e.not(comparison(draw, table, 1)) : comparison(draw, table, 1);
}

function comparison(draw: Draw, table: Table, depth: number): e.Expression {
  const text = () => value(draw, table, 'string', depth);
  const form = { not: chance(draw, 30), cased: chance(draw, 30) };
  const comparable = one(draw, ['long', 'real', 'datetime'] as const);
  switch (draw(fc.nat, { max: 10 })) {
    case 0: {
      const type = one(draw, ['long', 'real', 'datetime', 'string', 'bool'] as const);
      return one(draw, [e.equal, e.unequal])(value(draw, table, type, depth), leaf(draw, table, type));
    }
    case 1:
      return e.ordered(
        one(draw, e.orderOperators),
        value(draw, table, comparable, depth),
        leaf(draw, table, comparable),
      );
    case 2:
      return e.between(
        value(draw, table, 'long', depth),
        e.constant(-1n, 'long'),
        e.constant(2n, 'long'),
        form.not,
      );
    case 3:
      return e.isIn(text(), someOf(draw, pools.string, 1), 'string', form.not);
    case 4:
      return e.isIn(leaf(draw, table, 'long'), someOf(draw, pools.long.slice(1), 1), 'long', form.not);
    case 5:
      return e.isInFold(text(), someOf(draw, needles, 1));
    case 6:
      return e.hasAny(text(), someOf(draw, needles, 1), one(draw, ['any', 'all'] as const));
    case 7:
      return chance(draw, 50)
        ? e.isNull(leaf(draw, table, one(draw, ['long', 'real', 'datetime', 'bool'] as const)))
        : e.isEmpty(text());
    default:
      return e.textTest(one(draw, e.textOperators), text(), one(draw, needles), form);
  }
}

function someOf<T>(draw: Draw, values: readonly T[], least: number): T[] {
  return Array.from({ length: least + draw(fc.nat, { max: 2 }) }, () => one(draw, values));
}
