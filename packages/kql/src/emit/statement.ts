import { huntingTable } from '@merlon/contract';
import { KqlError } from '../kql-error.ts';
import type { JoinKind, Output, Relation, Shared } from '../tree/relation.ts';
import { columnRef, type Fragment, identifier, sql, text, visitColumns } from './fragment.ts';
import { orderBy } from './order.ts';
import { Parameters } from './parameters.ts';
import { type RowLimits, rowConditions } from './scope.ts';

/** A SELECT in the making. */
interface Block {
  /** Column number -> its expression. */
  readonly select: ReadonlyMap<number, string>;
  readonly from: string;
  readonly where: readonly string[];
  /** GROUP BY, LIMIT BY, ORDER BY, LIMIT. */
  readonly tail: string;
  /** Whether another condition may join its WHERE: nothing in it happens after WHERE that a condition could change. */
  readonly open: boolean;
  /** Whether its columns are only renamed ones, so that expressions over them may join its list. */
  readonly plain: boolean;
  readonly depth: number;
}

/** ClickHouse allows 100 sub-queries inside one another. */
const maxDepth = 95;
/** Bytes of statement; the engine is set up to take this much. */
const maxStatementLength = 2_000_000;

const joinWords: Readonly<Record<JoinKind, string>> = {
  inner: 'ALL INNER JOIN',
  left: 'ALL LEFT JOIN',
  right: 'ALL RIGHT JOIN',
  full: 'ALL FULL JOIN',
  'left semi': 'LEFT SEMI JOIN',
  'left anti': 'LEFT ANTI JOIN',
  'right semi': 'RIGHT SEMI JOIN',
  'right anti': 'RIGHT ANTI JOIN',
};

const empty: ReadonlySet<number> = new Set();

/**
 * Prints relations as SQL, asking of each only the columns that something above needs. This is the only place that names tables,
 * and it puts the limits of the caller on each.
 */
export class StatementPrinter {
  readonly parameters = new Parameters();
  readonly #limits: RowLimits;
  readonly #reads = new Map<string, Set<string>>();
  readonly #sharedNeeds = new Map<Shared, Set<number>>();
  #nextAlias = 1;

  constructor(limits: RowLimits) {
    this.#limits = limits;
  }

  reads(): { table: string; columns: string[] }[] {
    return [...this.#reads].map(([table, columns]) => ({ table, columns: [...columns].sort() }));
  }

  /** The whole statement: these expressions over the relation, in this order, as columns r0, r1, …. */
  statement(
    root: Relation,
    results: readonly Fragment[],
    order: Fragment | undefined,
    limit: number | undefined,
    shared: readonly Shared[],
  ): string {
    const needed = new Set<number>();
    for (const result of order === undefined ? results : [...results, order])
      visitColumns(result, (id) => needed.add(id));
    const block = this.#block(root, needed);
    const list = results.map((result, index) => `${this.fragment(result)} AS r${index}`).join(', ');
    const tail = `${order === undefined ? '' : ` ORDER BY ${this.fragment(order)}`}${limit === undefined ? '' : ` LIMIT ${BigInt(limit)}`}`;
    const main = `SELECT ${list} FROM ${this.#nested(block)}${tail}`;
    // A later definition may refer to an earlier one, so what an earlier one must supply is known last.
    const definitions: string[] = [];
    for (const definition of [...shared].reverse()) {
      const wanted = this.#sharedNeeds.get(definition);
      if (wanted === undefined) continue;
      definitions.unshift(
        `${sharedName(definition)} AS MATERIALIZED (${this.#exact(definition.relation, [...wanted])})`,
      );
    }
    if (definitions.length === 0) return main;
    return `WITH ${definitions.join(', ')} ${main} SETTINGS enable_materialized_cte = 1`;
  }

  fragment(fragment: Fragment): string {
    switch (fragment.kind) {
      case 'template':
        return fragment.words.reduce((text, word, index) => {
          const before = fragment.parts[index - 1];
          return text + (before === undefined ? '' : this.fragment(before)) + word;
        }, '');
      case 'number':
        return fragment.text;
      case 'identifier':
        return `\`${fragment.name}\``;
      case 'dictionary':
        return this.fragment(sql`${text(`${this.#limits.database}.${fragment.name}`)}`);
      case 'parameter':
        return this.parameters.placeholder(fragment);
      case 'column':
        return columnName(fragment.id);
      case 'query':
        return `(${this.#exact(fragment.relation, fragment.columns)})`;
    }
  }

  /** A SELECT of exactly these columns in this order. */
  #exact(relation: Relation, columns: readonly number[]): string {
    const block = this.#block(relation, new Set(columns));
    const made = [...block.select.keys()];
    const same = made.length === columns.length && made.every((id, index) => id === columns[index]);
    return this.#print(same ? block : this.#over(block, new Set(columns)));
  }

  #print(block: Block, isNamed = true): string {
    const list = [...block.select].map(([id, text]) =>
      text === columnName(id) || !isNamed ? text : `${text} AS ${columnName(id)}`,
    );
    const from = block.from === '' ? '' : ` FROM ${block.from}`;
    const where = block.where.length === 0 ? '' : ` WHERE ${block.where.join(' AND ')}`;
    const text = `SELECT ${list.length === 0 ? '1 AS one' : list.join(', ')}${from}${where}${block.tail}`;
    if (text.length > maxStatementLength)
      throw KqlError.unsupported('a query this large', { start: 0, length: 0 });
    return text;
  }

  #nested(block: Block): string {
    if (block.depth > maxDepth)
      throw KqlError.unsupported('a query of this many steps', { start: 0, length: 0 });
    return `(${this.#print(block)}) AS t${this.#nextAlias++}`;
  }

  /** A new SELECT over the block, of those of its columns that are needed. */
  #over(block: Block, needed: ReadonlySet<number>): Block {
    const ids = [...needed].filter((id) => block.select.has(id));
    return this.#fresh(ids, this.#nested(block), block.depth + 1);
  }

  #fresh(ids: Iterable<number>, from: string, depth: number): Block {
    const select = new Map([...ids].map((id) => [id, columnName(id)]));
    return { select, from, where: [], tail: '', open: true, plain: true, depth };
  }

  /** The relation as a block that has at least the needed columns that are the relation's own. */
  #block(relation: Relation, needed: ReadonlySet<number>): Block {
    switch (relation.kind) {
      case 'scan':
        return this.#scan(relation, needed);
      case 'unit':
        return this.#fresh([], '', 1);
      case 'filter': {
        const input = this.#block(relation.input, withColumns(needed, [relation.predicate]));
        const block = input.open ? input : this.#over(input, withColumns(needed, [relation.predicate]));
        return { ...block, where: [...block.where, this.fragment(relation.predicate)] };
      }
      case 'project':
        return this.#project(relation.input, relation.outputs, needed);
      case 'window': {
        const outputs = relation.outputs.filter((output) => needed.has(output.id));
        if (outputs.length === 0) return this.#block(relation.input, needed);
        const inner = withColumns(
          new Set([...needed].filter((id) => !outputs.some((output) => output.id === id))),
          outputs.map((output) => output.sql),
        );
        const block = this.#over(this.#block(relation.input, inner), inner);
        return { ...this.#withOutputs(block, outputs), open: false };
      }
      case 'aggregate':
        return this.#aggregate(relation, needed);
      case 'limit': {
        const wanted = new Set([...needed, ...relation.order.map((key) => key.id)]);
        const input = this.#block(relation.input, wanted);
        const block = input.tail === '' ? input : this.#over(input, wanted);
        const order =
          relation.order.length === 0 ? '' : ` ORDER BY ${this.fragment(orderBy(relation.order))}`;
        return { ...block, tail: `${order} LIMIT ${relation.count}`, open: false };
      }
      case 'limit-by': {
        const wanted = withColumns(
          new Set([...needed, ...relation.order.map((key) => key.id)]),
          relation.keys,
        );
        const input = this.#block(relation.input, wanted);
        const block = input.tail === '' ? input : this.#over(input, wanted);
        const keys = relation.keys.map((key) => this.fragment(key)).join(', ');
        const order =
          relation.order.length === 0 ? '' : ` ORDER BY ${this.fragment(orderBy(relation.order))}`;
        return { ...block, tail: `${order} LIMIT ${relation.count} BY ${keys}`, open: false };
      }
      case 'join':
        return this.#join(relation, needed);
      case 'union':
        return this.#union(relation, needed);
      case 'expand':
        return this.#expand(relation, needed);
      case 'shared': {
        const columns = relation.columns.filter((column) => needed.has(column.id));
        const needs = this.#sharedNeeds.get(relation.shared) ?? new Set();
        for (const column of columns) needs.add(column.source);
        this.#sharedNeeds.set(relation.shared, needs);
        const select = new Map(columns.map((column) => [column.id, columnName(column.source)]));
        return { ...this.#fresh([], sharedName(relation.shared), 1), select };
      }
    }
  }

  #scan(relation: Relation & { kind: 'scan' }, needed: ReadonlySet<number>): Block {
    const table = huntingTable(relation.table);
    if (table === undefined) throw new TypeError(`no hunting table ${relation.table}`);
    const columns = relation.columns.filter((column) => needed.has(column.id));
    const read = this.#reads.get(table.name) ?? new Set();
    this.#reads.set(table.name, read);
    const documented = new Set(table.columns.map((column) => column.name));
    for (const { name } of columns) if (documented.has(name)) read.add(name);
    const from = this.fragment(sql`${identifier(this.#limits.database)}.${identifier(table.name)}`);
    return {
      ...this.#fresh([], from, 1),
      select: new Map(columns.map(({ id, name }) => [id, this.fragment(storedColumn(name))])),
      where: rowConditions(table, this.#limits).map((condition) => this.fragment(condition)),
    };
  }

  #project(input: Relation, outputs: readonly Output[], needed: ReadonlySet<number>): Block {
    const wanted = outputs.filter((output) => needed.has(output.id));
    const computed = wanted.filter((output) => output.sql.kind !== 'column' || output.sql.id !== output.id);
    const inner = withColumns(
      empty,
      wanted.map((output) => output.sql),
    );
    const block = this.#block(input, inner);
    if (computed.length === 0) return block;
    const base = block.plain && block.open ? block : this.#over(block, inner);
    return this.#withOutputs(base, computed);
  }

  #withOutputs(block: Block, outputs: readonly Output[]): Block {
    const select = new Map(block.select);
    for (const output of outputs) select.set(output.id, this.fragment(output.sql));
    return { ...block, select, plain: false };
  }

  #aggregate(relation: Relation & { kind: 'aggregate' }, needed: ReadonlySet<number>): Block {
    const all = relation.outputs.flatMap((output) =>
      output.kind === 'value' ? [output.id] : output.items.map((item) => item.id),
    );
    // Without keys the one row must come out, whether or not anything of it is needed.
    const [first] = all;
    const wanted =
      relation.keys.length === 0 && first !== undefined && !all.some((id) => needed.has(id))
        ? new Set([first])
        : needed;
    const values = relation.outputs
      .filter((output) => output.kind === 'value')
      .filter((output) => wanted.has(output.id));
    const picks = relation.outputs
      .filter((output) => output.kind === 'row')
      .map((pick) => ({ ...pick, items: pick.items.filter((item) => wanted.has(item.id)) }))
      .filter((pick) => pick.items.length > 0);

    const used = [
      ...relation.keys.map((key) => key.sql),
      ...values.map((value) => value.sql),
      ...picks.flatMap((pick) => [
        ...pick.items.map((item) => item.sql),
        ...(pick.key === null ? [] : [pick.key]),
      ]),
    ];
    const inner = withColumns(empty, used);
    const block = this.#over(this.#block(relation.input, inner), inner);
    const outputs = [...relation.keys, ...values];
    const select = new Map(outputs.map((output) => [output.id, this.fragment(output.sql)]));
    const keys = relation.keys.map((key) => columnName(key.id)).join(', ');
    const tail = keys === '' ? '' : ` GROUP BY ${keys}`;
    const grouped: Block = { ...block, select, tail, open: false, plain: false };
    return picks.length === 0 ? grouped : this.#picked(grouped, picks);
  }

  /** Rows chosen whole come as tuples, which a SELECT above takes apart. */
  #picked(grouped: Block, picks: readonly (Relation & { kind: 'aggregate' })['outputs'][number][]): Block {
    const tuples: string[] = [];
    const parts = new Map<number, string>([...grouped.select.keys()].map((id) => [id, columnName(id)]));
    for (const pick of picks) {
      if (pick.kind !== 'row') continue;
      const name = `v${this.#nextAlias++}`;
      const items = `tuple(${pick.items.map((item) => this.fragment(item.sql)).join(', ')})`;
      tuples.push(
        `${pick.key === null ? `any(${items})` : `${pick.pick}(${items}, ${this.fragment(pick.key)})`} AS ${name}`,
      );
      for (const [index, item] of pick.items.entries()) parts.set(item.id, `${name}.${index + 1}`);
    }
    const list = [...grouped.select].map(([id, text]) => `${text} AS ${columnName(id)}`);
    const text = `SELECT ${[...list, ...tuples].join(', ')} FROM ${grouped.from}${grouped.tail}`;
    const block = this.#fresh([], `(${text}) AS t${this.#nextAlias++}`, grouped.depth + 1);
    return { ...block, select: parts, plain: false };
  }

  #join(relation: Relation & { kind: 'join' }, needed: ReadonlySet<number>): Block {
    const left = this.#block(
      relation.left,
      withColumns(
        needed,
        relation.on.map((pair) => pair.left),
      ),
    );
    const right = this.#block(
      relation.right,
      withColumns(
        needed,
        relation.on.map((pair) => pair.right),
      ),
    );
    const on = relation.on
      .map((pair) => `${this.fragment(pair.left)} = ${this.fragment(pair.right)}`)
      .join(' AND ');
    const ids = [...needed].filter((id) => left.select.has(id) || right.select.has(id));
    const from = `${this.#nested(left)} ${joinWords[relation.join]} ${this.#nested(right)} ON ${on}`;
    return this.#fresh(ids, from, Math.max(left.depth, right.depth) + 1);
  }

  #union(relation: Relation & { kind: 'union' }, needed: ReadonlySet<number>): Block {
    const wanted = relation.ids.map((id, index) => ({ id, index })).filter(({ id }) => needed.has(id));
    let depth = 0;
    const inputs = relation.inputs.map((input, place) => {
      const outputs = wanted.map(({ id, index }) => ({ id, sql: input.columns[index] ?? columnRef(id) }));
      const inner = withColumns(
        empty,
        outputs.map((output) => output.sql),
      );
      const block = this.#over(this.#block(input.relation, inner), inner);
      depth = Math.max(depth, block.depth);
      const select = new Map(outputs.map((output) => [output.id, this.fragment(output.sql)]));
      // The columns meet by place: the first input names them for all.
      return this.#print({ ...block, select }, place === 0);
    });
    return this.#fresh(
      wanted.map(({ id }) => id),
      `(${inputs.join(' UNION ALL ')}) AS t${this.#nextAlias++}`,
      depth + 1,
    );
  }

  #expand(relation: Relation & { kind: 'expand' }, needed: ReadonlySet<number>): Block {
    const asked = relation.arrays.filter((array) => needed.has(array.id));
    // The arrays are of one length: any of them makes the rows.
    const arrays = asked.length > 0 ? asked : relation.arrays.slice(0, 1);
    const made = new Set(relation.arrays.map((array) => array.id));
    const inner = withColumns(
      new Set([...needed].filter((id) => !made.has(id))),
      arrays.map((array) => array.sql),
    );
    const input = this.#block(relation.input, inner);
    const list = arrays.map((array) => `${this.fragment(array.sql)} AS ${columnName(array.id)}`).join(', ');
    const ids = [...needed].filter((id) => input.select.has(id) || arrays.some((array) => array.id === id));
    return this.#fresh(ids, `${this.#nested(input)} ARRAY JOIN ${list}`, input.depth + 1);
  }
}

/** A physical column as its bound type. A hunting column named TenantId is the one that every table has, which is a UUID. */
function storedColumn(name: string): Fragment {
  return name === 'TenantId' ? sql`toString(${identifier(name)})` : identifier(name);
}

function withColumns(needed: ReadonlySet<number>, fragments: readonly Fragment[]): Set<number> {
  const all = new Set(needed);
  for (const fragment of fragments) visitColumns(fragment, (id) => all.add(id));
  return all;
}

function columnName(id: number): string {
  return `c${id}`;
}

function sharedName(shared: Shared): string {
  return `s${shared.key}`;
}
