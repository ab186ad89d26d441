/**
 * Reads rows in the spelling that every JSON writer gives them by default, straight from the bytes into columns: `Table` first, no blanks
 * between tokens, each column once, each value plainly of its column's type. Such a row is certain to pass all checks. Whatever is spelled
 * otherwise, is unusual or is wrong is not decided here: the scanner takes back what it wrote and says so, and the row goes the long way
 * through JSON.parse and the validator.
 */
import { DYNAMIC_DEPTH, type HuntingTable, SERVER_OWNED_COLUMNS } from '@merlon/contract';
import { type ColumnWriter, RowBlockBuilder, TIME_RANGE } from '@merlon/event-store/row-block';

/** One table that rows of a batch go to. */
export class RowTarget {
  readonly table: HuntingTable;
  readonly builder: RowBlockBuilder;
  /** Those a device may fill. */
  readonly columns: ReadonlyMap<string, ColumnWriter>;
  readonly timestamp: ColumnWriter | null;
  readonly reportId: ColumnWriter | null;
  /** The columns of the row before, in its order: the next row most likely has the same. */
  readonly order: ColumnWriter[] = [];

  constructor(table: HuntingTable) {
    this.table = table;
    this.builder = new RowBlockBuilder(table);
    const own = new Set(table.columns.map((column) => column.name));
    for (const column of SERVER_OWNED_COLUMNS) own.delete(column);
    this.columns = new Map([...this.builder.columns].filter(([name]) => own.has(name)));
    this.timestamp = this.columns.get('Timestamp') ?? null;
    this.reportId = this.columns.get('ReportId') ?? null;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_N = 0x6e;
const LOWER_U = 0x75;
const TABLE_KEY = Buffer.from('{"Table":"');
/** Up to here a loop copies faster than a call does. */
const LOOP_COPY_BYTES = 80;
const MAX_LENGTH_BYTES = 4;
const NOT_TAKEN = -1;

const DAY_S = 86_400;
const FIRST_SECOND = TIME_RANGE.firstMs / 1000;
const LAST_SECOND = TIME_RANGE.lastMs / 1000;

/** Bytes of what follows a backslash; 0: not by this table. */
const ESCAPED = new Uint8Array(256);
for (const [letter, stands] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const)
  ESCAPED[letter.charCodeAt(0)] = stands;

export class RowScanner {
  /** UTF-8, checked before; ends in a line feed, which stops every loop. */
  #src: Buffer = Buffer.from('\n');
  readonly #targetOf: (name: string) => RowTarget | null;
  #target: RowTarget | null = null;
  #targetName: Uint8Array = new Uint8Array();
  /** Milliseconds since 1970 between which a Timestamp is taken, and the rest go the long way to hear why not. */
  #earliestMs = 0;
  #latestMs = 0;
  #touched: ColumnWriter[] = [];
  #touchedCount = 0;
  #timeMs = 0;
  #number = 0;
  #dayKey = -1;
  #daySeconds = 0;

  constructor(targetOf: (name: string) => RowTarget | null) {
    this.#targetOf = targetOf;
  }

  begin(src: Buffer, earliestMs: number, latestMs: number): void {
    this.#src = src;
    this.#earliestMs = earliestMs;
    this.#latestMs = latestMs;
  }

  /** @returns where the line ends that began at `start`, or -1: nothing was written, the row has to go the long way. */
  take(start: number): number {
    const end = this.#row(start);
    if (end === NOT_TAKEN) {
      for (let i = this.#touchedCount - 1; i >= 0; i--) this.#touched[i]?.undo();
      return NOT_TAKEN;
    }
    if (this.#target) this.#target.builder.rows += 1;
    return end;
  }

  #row(start: number): number {
    const src = this.#src;
    this.#touchedCount = 0;
    if (!startsAt(src, start, TABLE_KEY)) return NOT_TAKEN;
    let at = start + TABLE_KEY.length;
    if (!(startsAt(src, at, this.#targetName) && src[at + this.#targetName.length] === QUOTE)) {
      if (!this.#findTarget(at)) return NOT_TAKEN;
    }
    at += this.#targetName.length + 1;
    const target = this.#target;
    if (!target) return NOT_TAKEN;
    const row = target.builder.rows;
    const { order } = target;
    let hasTime = target.timestamp === null;
    let hasReport = target.reportId === null;
    let place = 0;
    while (src[at] === COMMA) {
      if (src[at + 1] !== QUOTE) return NOT_TAKEN;
      at += 2;
      let column = order[place];
      if (
        column === undefined ||
        !startsAt(src, at, column.nameBytes) ||
        src[at + column.nameBytes.length] !== QUOTE
      ) {
        column = this.#findColumn(target, at);
        if (column === undefined) return NOT_TAKEN;
        order[place] = column;
      }
      place += 1;
      at += column.nameBytes.length + 1;
      if (src[at] !== COLON || column.count > row) return NOT_TAKEN;
      at += 1;
      column.begin(row);
      this.#touched[this.#touchedCount++] = column;
      if (src[at] === LOWER_N) {
        if (src[at + 1] !== 0x75 || src[at + 2] !== 0x6c || src[at + 3] !== 0x6c) return NOT_TAKEN;
        column.none();
        at += 4;
        continue;
      }
      at = this.#value(column, at);
      if (at === NOT_TAKEN) return NOT_TAKEN;
      if (column === target.timestamp) {
        hasTime = this.#timeMs >= this.#earliestMs && this.#timeMs <= this.#latestMs;
        if (!hasTime) return NOT_TAKEN;
      } else if (column === target.reportId) {
        hasReport = this.#number >= 1;
      }
    }
    if (src[at] !== CLOSE_BRACE || src[at + 1] !== NEWLINE || !hasTime || !hasReport) return NOT_TAKEN;
    order.length = place;
    return at + 1;
  }

  #findTarget(at: number): boolean {
    const end = this.#src.indexOf(QUOTE, at);
    if (end < 0 || end - at > 64) return false;
    const name = this.#src.toString('latin1', at, end);
    this.#target = this.#targetOf(name);
    this.#targetName = Buffer.from(name);
    return this.#target !== null;
  }

  #findColumn(target: RowTarget, at: number): ColumnWriter | undefined {
    const end = this.#src.indexOf(QUOTE, at);
    if (end < 0 || end - at > 128) return undefined;
    return target.columns.get(this.#src.toString('latin1', at, end));
  }

  #value(column: ColumnWriter, at: number): number {
    const src = this.#src;
    switch (column.kind) {
      case 'text':
        return src[at] === QUOTE ? this.#text(column, at + 1) : NOT_TAKEN;
      case 'time':
        return src[at] === QUOTE ? this.#time(column, at + 1) : NOT_TAKEN;
      case 'long':
      case 'int': {
        const end = this.#integer(at);
        if (end === NOT_TAKEN) return NOT_TAKEN;
        const number = this.#number;
        if (column.kind === 'long') column.long(number);
        else if ((number | 0) === number) column.int(number);
        else return NOT_TAKEN;
        return end;
      }
      case 'bool':
        return this.#bool(column, at);
      case 'json':
        return this.#json(column, at);
      case 'real':
      case 'uuid':
        return NOT_TAKEN;
    }
  }

  #text(column: ColumnWriter, start: number): number {
    const src = this.#src;
    let end = start;
    let byte = src[end] as number;
    while (byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) byte = src[++end] as number;
    if (byte !== QUOTE) return byte === BACKSLASH ? this.#escapedText(column, start, end) : NOT_TAKEN;
    const length = end - start;
    column.reserve(length + MAX_LENGTH_BYTES);
    column.length(length);
    const { data, pos } = column;
    if (length <= LOOP_COPY_BYTES) for (let i = 0; i < length; i++) data[pos + i] = src[start + i] as number;
    else data.set(src.subarray(start, end), pos);
    column.pos = pos + length;
    return end + 1;
  }

  /** @param from the first backslash */
  #escapedText(column: ColumnWriter, start: number, from: number): number {
    const src = this.#src;
    let end = from;
    // Never longer than it is spelled.
    for (let byte = src[end]; byte !== QUOTE; byte = src[end]) {
      if (byte === undefined || byte < 0x20) return NOT_TAKEN;
      end += byte === BACKSLASH ? 2 : 1;
    }
    column.reserve(end - start + MAX_LENGTH_BYTES);
    const { data } = column;
    const lengthAt = column.pos;
    // Room for the longest length; what is not needed of it is closed up.
    let to = lengthAt + MAX_LENGTH_BYTES;
    const textAt = to;
    for (let i = start; i < end; i++) {
      const byte = src[i] as number;
      if (byte !== BACKSLASH) {
        data[to++] = byte;
        continue;
      }
      const letter = src[++i] as number;
      if (letter === LOWER_U) {
        const code = hex4(src, i + 1);
        // Null characters and halves of pairs are not to be stored; a pair spelled so is rare.
        if (code <= 0 || (code >= 0xd800 && code <= 0xdfff)) return NOT_TAKEN;
        i += 4;
        if (code < 0x80) data[to++] = code;
        else {
          if (code < 0x800) data[to++] = 0xc0 | (code >> 6);
          else {
            data[to++] = 0xe0 | (code >> 12);
            data[to++] = 0x80 | ((code >> 6) & 0x3f);
          }
          data[to++] = 0x80 | (code & 0x3f);
        }
        continue;
      }
      const stands = ESCAPED[letter] as number;
      if (stands === 0) return NOT_TAKEN;
      data[to++] = stands;
    }
    const length = to - textAt;
    column.length(length);
    data.copyWithin(column.pos, textAt, to);
    column.pos += length;
    return end + 1;
  }

  /** At most 15 digits, which are exact. Leaves the value in `#number`. */
  #integer(start: number): number {
    const src = this.#src;
    const negative = src[start] === 0x2d;
    const first = negative ? start + 1 : start;
    let at = first;
    let value = 0;
    for (let byte = src[at] as number; byte >= ZERO && byte <= NINE; byte = src[++at] as number)
      value = value * 10 + (byte - ZERO);
    const length = at - first;
    if (length === 0 || length > 15 || (length > 1 && src[first] === ZERO)) return NOT_TAKEN;
    // A point or an exponent follows.
    if (src[at] !== COMMA && src[at] !== CLOSE_BRACE) return NOT_TAKEN;
    this.#number = negative && value !== 0 ? -value : value;
    return at;
  }

  #bool(column: ColumnWriter, at: number): number {
    const src = this.#src;
    if (src[at] === 0x74 && src[at + 1] === 0x72 && src[at + 2] === 0x75 && src[at + 3] === 0x65) {
      column.bool(true);
      return at + 4;
    }
    if (
      src[at] === 0x66 &&
      src[at + 1] === 0x61 &&
      src[at + 2] === 0x6c &&
      src[at + 3] === 0x73 &&
      src[at + 4] === 0x65
    ) {
      column.bool(false);
      return at + 5;
    }
    return NOT_TAKEN;
  }

  /** `YYYY-MM-DDThh:mm:ss[.f{1,7}]Z"`. Leaves the milliseconds in `#timeMs`. */
  #time(column: ColumnWriter, at: number): number {
    const src = this.#src;
    if (
      src[at + 4] !== 0x2d ||
      src[at + 7] !== 0x2d ||
      src[at + 10] !== 0x54 ||
      src[at + 13] !== COLON ||
      src[at + 16] !== COLON
    )
      return NOT_TAKEN;
    const year = two(src, at) * 100 + two(src, at + 2);
    const month = two(src, at + 5);
    const day = two(src, at + 8);
    const hour = two(src, at + 11);
    const minute = two(src, at + 14);
    const second = two(src, at + 17);
    // A pair that is not two digits makes the whole far too large.
    if (year > 9999 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59) return NOT_TAKEN;
    const dayKey = (year * 16 + month) * 32 + day;
    if (dayKey !== this.#dayKey) {
      const ms = Date.UTC(year, month - 1, day);
      const made = new Date(ms);
      if (year < 1900 || month < 1 || day < 1 || made.getUTCMonth() !== month - 1) return NOT_TAKEN;
      this.#dayKey = dayKey;
      this.#daySeconds = (ms / 86_400_000) * DAY_S;
    }
    const seconds = this.#daySeconds + hour * 3600 + minute * 60 + second;
    if (seconds < FIRST_SECOND || seconds >= LAST_SECOND) return NOT_TAKEN;
    let end = at + 19;
    let fraction = 0;
    if (src[end] === 0x2e) {
      const first = ++end;
      for (let byte = src[end] as number; byte >= ZERO && byte <= NINE; byte = src[++end] as number)
        fraction = fraction * 10 + (byte - ZERO);
      const length = end - first;
      if (length < 1 || length > 7) return NOT_TAKEN;
      for (let i = length; i < 7; i++) fraction *= 10;
    }
    if (src[end] !== 0x5a || src[end + 1] !== QUOTE) return NOT_TAKEN;
    column.time(seconds, fraction);
    this.#timeMs = seconds * 1000 + Math.floor(fraction / 10_000);
    return end + 2;
  }

  /** An object or an array, kept as JSON.stringify writes it. Its end is found by its brackets; that it is JSON is for JSON.parse to say. */
  #json(column: ColumnWriter, start: number): number {
    const src = this.#src;
    if (src[start] !== OPEN_BRACE && src[start] !== 0x5b) return NOT_TAKEN;
    let at = start;
    let depth = 0;
    do {
      const byte = src[at++];
      if (byte === undefined || byte < 0x20) return NOT_TAKEN;
      if (byte === QUOTE) {
        for (let inner = src[at]; inner !== QUOTE; inner = src[at]) {
          if (inner === undefined || inner < 0x20) return NOT_TAKEN;
          at += inner === BACKSLASH ? 2 : 1;
        }
        at += 1;
      } else if (byte === OPEN_BRACE || byte === 0x5b) {
        if (++depth > DYNAMIC_DEPTH) return NOT_TAKEN;
      } else if (byte === CLOSE_BRACE || byte === 0x5d) depth -= 1;
      else if (byte < 0x20) return NOT_TAKEN;
    } while (depth > 0);
    try {
      column.text(JSON.stringify(JSON.parse(src.toString('utf8', start, at))));
    } catch {
      return NOT_TAKEN;
    }
    return at;
  }
}

function startsAt(src: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (src[at + i] !== text[i]) return false;
  return true;
}

const NO_DIGITS = 100_000;

function two(src: Uint8Array, at: number): number {
  const tens = (src[at] as number) - ZERO;
  const ones = (src[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

/** Four hexadecimal digits; negative when they are not. */
function hex4(src: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = src[at + i] as number;
    const lower = byte | 0x20;
    const digit =
      byte >= ZERO && byte <= NINE ? byte - ZERO : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
