/**
 * Rows of one hunting table as the engine takes them: blocks of ClickHouse's Native format, column by column, without a name or a digit to
 * parse. Whoever shapes rows writes a block; the store passes it on untouched; readers of the log read the columns they need. Pure.
 *
 *     block:   varint columns, varint rows, then each column: text name, text type, values
 *     values:  a nullable column has a byte a row first, 1 for null; text is varint bytes + UTF-8; numbers are little-endian
 *
 * A column that no row of the block fills is left out; the store gives it its default.
 */
import {
  formatTicks,
  type HuntingTable,
  type KustoType,
  parseTicks,
  UNIX_EPOCH_TICKS,
} from '@merlon/contract';
import { huntingLayout } from './table-layout.ts';

/** What a device may say in a column; the kinds of a column that only the server fills are not among them. */
type Kind = 'text' | 'json' | 'time' | 'long' | 'int' | 'real' | 'bool' | 'uuid';

const KINDS: Readonly<Partial<Record<KustoType, Kind>>> = {
  string: 'text',
  guid: 'text',
  dynamic: 'json',
  datetime: 'time',
  long: 'long',
  int: 'int',
  real: 'real',
  bool: 'bool',
};
/** Bytes of a value; 0: text. */
const WIDTHS: Readonly<Record<Kind, number>> = {
  text: 0,
  json: 0,
  time: 8,
  long: 8,
  int: 4,
  real: 8,
  bool: 1,
  uuid: 16,
};

/** The engine keeps times from 1900 to 2299; beyond it would show others than were sent. */
export const TIME_RANGE = { firstMs: Date.UTC(1900, 0, 1), lastMs: Date.UTC(2299, 11, 31) } as const;

const FIRST_CAPACITY = 4 * 1024;
/** What a column keeps of its memory from one block to the next. */
const KEPT_CAPACITY = 1024 * 1024;
const MAX_VARINT_BYTES = 5;
const TWO_32 = 2 ** 32;

/**
 * One column of the block that is being made. Its memory is open to those who write values straight out of other bytes: they `begin` a
 * row, `reserve` room at `data[pos]`, write, and move `pos`.
 */
export class ColumnWriter {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly kind: Kind;
  readonly type: string;
  readonly width: number;
  readonly nullable: boolean;
  /** Rows that the column has a value for, nulls and defaults included. */
  count = 0;
  pos = 0;
  data = new Uint8Array(FIRST_CAPACITY);
  view = new DataView(this.data.buffer);
  nulls = new Uint8Array(FIRST_CAPACITY);
  #countBefore = 0;
  #posBefore = 0;

  constructor(name: string, kind: Kind, storedType: string) {
    this.name = name;
    this.nameBytes = Buffer.from(name);
    this.kind = kind;
    this.width = WIDTHS[kind];
    this.nullable = storedType.startsWith('Nullable(');
    // The engine makes its dictionaries itself.
    this.type = storedType.startsWith('LowCardinality(') ? 'String' : storedType;
  }

  /** Makes room for the value of row `row`, counted from 0; what the rows before it did not say is their default. */
  begin(row: number): void {
    this.#countBefore = this.count;
    this.#posBefore = this.pos;
    this.padTo(row);
    this.count = row + 1;
    if (this.nulls.length <= row) this.nulls = grown(this.nulls, row + 1);
    this.nulls[row] = 0;
  }

  /** Takes back what was written since the last `begin`. */
  undo(): void {
    this.count = this.#countBefore;
    this.pos = this.#posBefore;
  }

  reserve(bytes: number): void {
    if (this.pos + bytes <= this.data.length) return;
    this.data = grown(this.data, this.pos + bytes);
    this.view = new DataView(this.data.buffer);
  }

  padTo(rows: number): void {
    const missing = rows - this.count;
    if (missing <= 0) return;
    const bytes = missing * (this.width || 1);
    this.reserve(bytes);
    this.data.fill(0, this.pos, this.pos + bytes);
    this.pos += bytes;
    if (this.nulls.length < rows) this.nulls = grown(this.nulls, rows);
    this.nulls.fill(1, this.count, rows);
    this.count = rows;
  }

  /** The value of the row just begun is null, or its default where the column knows no null. */
  none(): void {
    this.nulls[this.count - 1] = 1;
    const bytes = this.width || 1;
    this.reserve(bytes);
    this.data.fill(0, this.pos, this.pos + bytes);
    this.pos += bytes;
  }

  text(value: string): void {
    const most = value.length * 3;
    this.reserve(MAX_VARINT_BYTES + most);
    const bytes = Buffer.byteLength(value);
    this.length(bytes);
    asBuffer(this.data).write(value, this.pos, bytes, 'utf8');
    this.pos += bytes;
  }

  /** How long the text is that is written next. */
  length(bytes: number): void {
    let rest = bytes;
    while (rest > 0x7f) {
      this.data[this.pos++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.data[this.pos++] = rest;
  }

  /** Units of 100 ns since 1970. Exact: whole seconds, and the fraction apart. */
  time(seconds: number, fraction: number): void {
    this.reserve(8);
    // 10^7 = 78125 * 2^7; the product stays below 2^53 for every year of the range.
    const product = seconds * 78_125;
    const high = Math.floor(product / 2 ** 25);
    const low = (product - high * 2 ** 25) * 128 + fraction;
    this.view.setUint32(this.pos, low >>> 0, true);
    this.view.setInt32(this.pos + 4, high + (low >= TWO_32 ? 1 : 0), true);
    this.pos += 8;
  }

  /** A safe integer. */
  long(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / TWO_32);
    this.view.setUint32(this.pos, value - high * TWO_32, true);
    this.view.setInt32(this.pos + 4, high, true);
    this.pos += 8;
  }

  int(value: number): void {
    this.reserve(4);
    this.view.setInt32(this.pos, value, true);
    this.pos += 4;
  }

  bool(value: boolean): void {
    this.reserve(1);
    this.data[this.pos++] = value ? 1 : 0;
  }

  /** A value of the wire that has passed the check of its column. */
  value(value: unknown): void {
    if (value === null || value === undefined) this.none();
    else if (this.kind === 'text') this.text(String(value));
    else if (this.kind === 'json') this.text(JSON.stringify(value));
    else if (this.kind === 'long' && typeof value === 'number') this.long(value);
    else this.#fixed(value);
  }

  #fixed(value: unknown): void {
    this.reserve(this.width);
    switch (this.kind) {
      case 'time': {
        const ticks = (parseTicks(String(value)) ?? UNIX_EPOCH_TICKS) - UNIX_EPOCH_TICKS;
        this.view.setBigInt64(this.pos, ticks, true);
        break;
      }
      case 'long':
        this.view.setBigInt64(this.pos, BigInt(String(value)), true);
        break;
      case 'int':
        this.view.setInt32(this.pos, Number(value), true);
        break;
      case 'real':
        this.view.setFloat64(this.pos, Number(value), true);
        break;
      case 'bool':
        this.data[this.pos] = value === true ? 1 : 0;
        break;
      case 'uuid':
        this.#uuid(String(value));
        break;
      case 'text':
      case 'json':
        throw new Error(`${this.name} has no fixed width`);
    }
    this.pos += this.width;
  }

  /** Two halves of 64 bits, each little-endian. */
  #uuid(text: string): void {
    const hex = Buffer.from(text.replaceAll('-', ''), 'hex');
    if (hex.length !== 16) throw new Error(`${this.name} is not a UUID`);
    for (let i = 0; i < 8; i++) {
      this.data[this.pos + i] = hex[7 - i] ?? 0;
      this.data[this.pos + 8 + i] = hex[15 - i] ?? 0;
    }
  }

  /** All rows have the same value. */
  repeat(value: unknown, rows: number): void {
    this.clear();
    this.begin(0);
    this.value(value);
    const one = this.pos;
    this.reserve(one * (rows - 1));
    // Doubles what is there until it is enough.
    while (this.pos < one * rows) {
      const more = Math.min(this.pos, one * rows - this.pos);
      this.data.copyWithin(this.pos, 0, more);
      this.pos += more;
    }
    if (this.nulls.length < rows) this.nulls = grown(this.nulls, rows);
    this.nulls.fill(value === null || value === undefined ? 1 : 0, 0, rows);
    this.count = rows;
  }

  clear(): void {
    this.count = 0;
    this.pos = 0;
    if (this.data.length > KEPT_CAPACITY) {
      this.data = new Uint8Array(FIRST_CAPACITY);
      this.view = new DataView(this.data.buffer);
    }
  }
}

/** Gathers the rows of one table; made once, used for one block after another. */
export class RowBlockBuilder {
  readonly columns: ReadonlyMap<string, ColumnWriter>;
  rows = 0;

  /** @throws Error for a table with a type that no row of a device has. */
  constructor(table: HuntingTable) {
    const types = new Map(table.columns.map(({ name, type }) => [name, type]));
    this.columns = new Map(
      huntingLayout(table).columns.map(({ name, type }) => {
        const kind = type === 'UUID' ? 'uuid' : KINDS[types.get(name) ?? 'datetime'];
        if (!kind) throw new Error(`${table.name}.${name}: blocks do not hold ${types.get(name)}`);
        return [name, new ColumnWriter(name, kind, type)];
      }),
    );
  }

  /** @param row values that have passed the checks of their columns; keys that are no columns are left out. */
  append(row: Readonly<Record<string, unknown>>): void {
    for (const name in row) {
      const value = row[name];
      const column = this.columns.get(name);
      if (column === undefined || value === undefined) continue;
      column.begin(this.rows);
      column.value(value);
    }
    this.rows += 1;
  }

  /** The block, in memory of its own; the builder is empty then. `same`: what every row has, whatever the rows say. */
  finish(same: Readonly<Record<string, unknown>>): Buffer {
    for (const [name, value] of Object.entries(same)) this.columns.get(name)?.repeat(value, this.rows);
    const used = [...this.columns.values()].filter((column) => column.count > 0);
    const heads = used.map((column) => {
      column.padTo(this.rows);
      return Buffer.concat([lengthed(column.name), lengthed(column.type)]);
    });
    const head = Buffer.concat([varint(used.length), varint(this.rows)]);
    let size = head.length;
    for (const [i, column] of used.entries())
      size += (heads[i]?.length ?? 0) + (column.nullable ? this.rows : 0) + column.pos;
    const block = Buffer.allocUnsafeSlow(size);
    block.set(head);
    let at = head.length;
    const put = (bytes: Uint8Array) => {
      block.set(bytes, at);
      at += bytes.length;
    };
    for (const [i, column] of used.entries()) {
      put(heads[i] ?? head);
      if (column.nullable) put(column.nulls.subarray(0, this.rows));
      put(column.data.subarray(0, column.pos));
      column.clear();
    }
    this.rows = 0;
    return block;
  }

  clear(): void {
    for (const column of this.columns.values()) column.clear();
    this.rows = 0;
  }
}

/** A row of a block: column -> value as on the wire. What is null, empty text or not in the block reads as null or undefined. */
export type BlockRow = Readonly<Record<string, unknown>>;

/**
 * The rows of a block. Columns are read when a row is first asked for them.
 * @throws Error when the bytes are not a block
 */
export function readRowBlock(bytes: Uint8Array): BlockRow[] {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = { at: 0 };
  const columnCount = readVarint(block, cursor);
  const rows = readVarint(block, cursor);
  const columns = Array.from({ length: columnCount }, () => readColumn(block, cursor, rows));
  if (cursor.at !== block.length) throw new Error('not a block of rows: bytes follow the last column');
  const View = viewOf(columns);
  return Array.from({ length: rows }, (_, i) => new View(columns, i) as unknown as BlockRow);
}

interface BlockColumn {
  readonly name: string;
  readonly type: string;
  values(): readonly unknown[];
}

type RowView = new (columns: readonly BlockColumn[], index: number) => object;

/** Few, for as many layouts as blocks have: what a kind of device sends seldom changes. */
const views = new Map<string, RowView>();
const MAX_VIEWS = 512;

function viewOf(columns: readonly BlockColumn[]): RowView {
  const key = columns.map((column) => column.name).join();
  const known = views.get(key);
  if (known) return known;
  class View {
    readonly #columns: readonly BlockColumn[];
    readonly #index: number;
    constructor(of: readonly BlockColumn[], index: number) {
      this.#columns = of;
      this.#index = index;
    }
    static read(view: View, column: number): unknown {
      return view.#columns[column]?.values()[view.#index];
    }
  }
  for (const [i, { name }] of columns.entries()) {
    Object.defineProperty(View.prototype, name, {
      enumerable: true,
      get(this: View) {
        return View.read(this, i);
      },
    });
  }
  if (views.size >= MAX_VIEWS) views.clear();
  views.set(key, View);
  return View;
}

function readColumn(block: Buffer, cursor: { at: number }, rows: number): BlockColumn {
  const name = readText(block, cursor);
  const type = readText(block, cursor);
  const nullable = type.startsWith('Nullable(');
  const nulls = cursor.at;
  if (nullable) cursor.at += rows;
  const inner = nullable ? type.slice(9, -1) : type;
  const start = cursor.at;
  const read = READERS[inner];
  if (!read) throw new Error(`not a block of rows: ${name} has the type ${type.slice(0, 60)}`);
  if (read.width > 0) cursor.at += rows * read.width;
  else for (let i = 0; i < rows; i++) skipText(block, cursor);
  if (cursor.at > block.length) throw new Error(`not a block of rows: ${name} is cut short`);
  let values: readonly unknown[] | null = null;
  return {
    name,
    type,
    values() {
      if (values) return values;
      const made: unknown[] = new Array(rows);
      const at = { at: start };
      for (let i = 0; i < rows; i++) {
        const value = read.value(block, at);
        made[i] = nullable && block[nulls + i] === 1 ? null : value;
      }
      values = made;
      return values;
    },
  };
}

interface ValueReader {
  readonly width: number;
  /** Moves the cursor past the value. */
  value(block: Buffer, cursor: { at: number }): unknown;
}

const fixed = (width: number, get: (block: Buffer, at: number) => unknown): ValueReader => ({
  width,
  value(block, cursor) {
    const value = get(block, cursor.at);
    cursor.at += width;
    return value;
  },
});

const READERS: Readonly<Record<string, ValueReader>> = {
  String: {
    width: 0,
    value(block, cursor) {
      const length = readVarint(block, cursor);
      if (length === 0) return null;
      cursor.at += length;
      return textAt(block, cursor.at - length, cursor.at);
    },
  },
  "DateTime64(7, 'UTC')": fixed(8, (block, at) => timeText(block.readBigInt64LE(at))),
  Int64: fixed(8, (block, at) => {
    const high = block.readInt32LE(at + 4);
    const value = high * TWO_32 + block.readUInt32LE(at);
    return Number.isSafeInteger(value) ? value : String(block.readBigInt64LE(at));
  }),
  Int32: fixed(4, (block, at) => block.readInt32LE(at)),
  Float64: fixed(8, (block, at) => block.readDoubleLE(at)),
  Bool: fixed(1, (block, at) => block[at] === 1),
  UUID: fixed(16, (block, at) => {
    const hex = Buffer.concat([
      Buffer.from(block.subarray(at, at + 8)).reverse(),
      Buffer.from(block.subarray(at + 8, at + 16)).reverse(),
    ]).toString('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }),
};

let lastTime = { ticks: 0n, text: formatTicks(UNIX_EPOCH_TICKS) };

/** Most times of a row are those of the row before. */
function timeText(ticks: bigint): string {
  if (lastTime.ticks !== ticks) lastTime = { ticks, text: formatTicks(ticks + UNIX_EPOCH_TICKS) };
  return lastTime.text;
}

function textAt(block: Buffer, start: number, end: number): string {
  return block.toString('utf8', start, end);
}

function readText(block: Buffer, cursor: { at: number }): string {
  const length = readVarint(block, cursor);
  if (cursor.at + length > block.length) throw new Error('not a block of rows: a name is cut short');
  cursor.at += length;
  return block.toString('utf8', cursor.at - length, cursor.at);
}

function skipText(block: Buffer, cursor: { at: number }): void {
  const length = readVarint(block, cursor);
  cursor.at += length;
}

function readVarint(block: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = block[cursor.at++];
    if (byte === undefined) throw new Error('not a block of rows: it is cut short');
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw new Error('not a block of rows: a length cannot be');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function lengthed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function grown(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(least, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
