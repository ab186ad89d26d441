/**
 * One record of an event log file. Its XML is binary: tokens for elements and attributes, whose names stand once in the chunk, and templates, whose values
 * each record brings. Throws RangeError, as reading outside of a buffer does, for whatever points where it must not.
 */
import { formatTicks } from '@merlon/contract';
import { type Element, eventOf } from '../envelope/event-xml.ts';
import type { WindowsEvent } from '../envelope/windows-event.ts';

const MAX_DEPTH = 32;
/** XML within a value, as events carried in others have it. */
const MAX_NESTING = 4;
const MAX_TOKENS = 20_000;
const MAX_VALUES = 2_000;

const TOKEN = {
  end: 0x00,
  openElement: 0x01,
  closeStart: 0x02,
  closeEmpty: 0x03,
  closeElement: 0x04,
  value: 0x05,
  attribute: 0x06,
  cdata: 0x07,
  characterReference: 0x08,
  entityReference: 0x09,
  instructionTarget: 0x0a,
  instructionData: 0x0b,
  templateInstance: 0x0c,
  substitution: 0x0d,
  optionalSubstitution: 0x0e,
  fragmentHeader: 0x0f,
} as const;
const HAS_MORE = 0x40;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

interface Value {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** @returns null when it is well-formed and no event */
export function readRecordEvent(chunk: Buffer, start: number, end: number): WindowsEvent | null {
  const holder: Element = { name: '', attributes: {}, children: [], text: '' };
  new BinaryXml(chunk).fragment(start, end, null, holder, 0);
  const [root] = holder.children;
  return root === undefined ? null : eventOf(root);
}

class BinaryXml {
  readonly #chunk: Buffer;
  #tokens = 0;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  /** Reads tokens into `into` until their end; gives where that is. */
  fragment(
    start: number,
    end: number,
    values: readonly Value[] | null,
    into: Element,
    nesting: number,
  ): number {
    if (nesting > MAX_NESTING) throw new RangeError('XML within XML, too deep');
    const open: Element[] = [into];
    let attribute: string | null = null;
    let at = start;
    const put = (text: string) => {
      const top = open.at(-1);
      if (!top) throw new RangeError('text outside of an element');
      if (attribute === null) top.text += text;
      else (top.attributes as Record<string, string>)[attribute] = (top.attributes[attribute] ?? '') + text;
    };
    while (at < end) {
      if (++this.#tokens > MAX_TOKENS) throw new RangeError('more tokens than a record has');
      const token = this.#chunk.readUInt8(at);
      switch (token & ~HAS_MORE) {
        case TOKEN.end:
          return at + 1;
        case TOKEN.fragmentHeader:
          at += 4;
          break;
        case TOKEN.openElement: {
          // Which substitution it hangs on is told in templates only.
          const nameAt = at + (values === null ? 5 : 7);
          const name = this.#name(nameAt, nameAt + 4);
          at = name.next + (token & HAS_MORE ? 4 : 0);
          const element: Element = { name: name.text, attributes: {}, children: [], text: '' };
          if (open.length > MAX_DEPTH) throw new RangeError('elements too deep');
          open.at(-1)?.children.push(element);
          open.push(element);
          attribute = null;
          break;
        }
        case TOKEN.attribute: {
          const name = this.#name(at + 1, at + 5);
          attribute = name.text;
          at = name.next;
          break;
        }
        case TOKEN.closeStart:
          attribute = null;
          at += 1;
          break;
        case TOKEN.closeEmpty:
        case TOKEN.closeElement:
          attribute = null;
          if (open.length < 2) throw new RangeError('an end without its beginning');
          open.pop();
          at += 1;
          break;
        case TOKEN.value: {
          const length = this.#chunk.readUInt16LE(at + 2) * 2;
          put(this.#utf16(at + 4, length));
          at += 4 + length;
          break;
        }
        case TOKEN.cdata:
        case TOKEN.instructionData: {
          const length = this.#chunk.readUInt16LE(at + 1) * 2;
          if ((token & ~HAS_MORE) === TOKEN.cdata) put(this.#utf16(at + 3, length));
          at += 3 + length;
          break;
        }
        case TOKEN.characterReference:
          put(String.fromCharCode(this.#chunk.readUInt16LE(at + 1)));
          at += 3;
          break;
        case TOKEN.entityReference: {
          const name = this.#name(at + 1, at + 5);
          put(ENTITIES[name.text] ?? '');
          at = name.next;
          break;
        }
        case TOKEN.instructionTarget:
          at = this.#name(at + 1, at + 5).next;
          break;
        case TOKEN.substitution:
        case TOKEN.optionalSubstitution: {
          const value = values?.[this.#chunk.readUInt16LE(at + 1)];
          if (value) {
            if (value.type === BINARY_XML) {
              const top = open.at(-1);
              if (top) this.fragment(value.start, value.end, null, top, nesting + 1);
            } else put(this.#text(value));
          }
          at += 4;
          break;
        }
        case TOKEN.templateInstance:
          at = this.#template(at, end, open.at(-1) ?? into, nesting);
          break;
        default:
          throw new RangeError(`an unknown token ${token}`);
      }
    }
    return at;
  }

  #template(at: number, end: number, into: Element, nesting: number): number {
    const definition = this.#chunk.readUInt32LE(at + 6);
    let next = at + 10;
    const length = this.#chunk.readUInt32LE(definition + 20);
    const begin = definition + 24;
    if (begin + length > this.#chunk.length) throw new RangeError('a template that ends beyond its chunk');
    // The first record that uses a template holds it.
    if (definition === next) next = begin + length;
    const count = this.#chunk.readUInt32LE(next);
    if (count > MAX_VALUES) throw new RangeError('more values than an event has');
    const values: Value[] = [];
    let data = next + 4 + count * 4;
    for (let i = 0; i < count; i++) {
      const size = this.#chunk.readUInt16LE(next + 4 + i * 4);
      const type = this.#chunk.readUInt8(next + 6 + i * 4);
      values.push({ type: size === 0 ? 0 : type, start: data, end: data + size });
      data += size;
    }
    if (data > end) throw new RangeError('values that end beyond their record');
    this.fragment(begin, begin + length, values, into, nesting + 1);
    return data;
  }

  /** A name stands where it is used first, or is pointed to. */
  #name(offsetAt: number, inlineAt: number): { text: string; next: number } {
    const offset = this.#chunk.readUInt32LE(offsetAt);
    const length = this.#chunk.readUInt16LE(offset + 6) * 2;
    return {
      text: this.#utf16(offset + 8, length),
      next: offset === inlineAt ? inlineAt + 10 + length : inlineAt,
    };
  }

  #utf16(start: number, length: number): string {
    if (start + length > this.#chunk.length) throw new RangeError('text that ends beyond its chunk');
    return this.#chunk.toString('utf16le', start, start + length);
  }

  #text({ type, start, end }: Value): string {
    if (type & ARRAY && (type & ~ARRAY) === 0x01)
      return this.#utf16(start, end - start)
        .replace(/\0+$/, '')
        .replaceAll('\0', '\n');
    const bytes = this.#chunk.subarray(start, end);
    return READERS[type]?.(bytes) ?? bytes.toString('hex').toUpperCase();
  }
}

const BINARY_XML = 0x21;
const ARRAY = 0x80;
/** Ticks from year 1 to 1601, where Windows counts from. */
const TICKS_1601 = 504_911_232_000_000_000n;

/** By type of value. Others are shown as hex. */
const READERS: Readonly<Record<number, (bytes: Buffer) => string>> = {
  0: () => '',
  1: (bytes) => bytes.toString('utf16le').replace(/\0+$/, ''),
  2: (bytes) => bytes.toString('latin1').replace(/\0+$/, ''),
  3: (bytes) => String(bytes.readInt8(0)),
  4: (bytes) => String(bytes.readUInt8(0)),
  5: (bytes) => String(bytes.readInt16LE(0)),
  6: (bytes) => String(bytes.readUInt16LE(0)),
  7: (bytes) => String(bytes.readInt32LE(0)),
  8: (bytes) => String(bytes.readUInt32LE(0)),
  9: (bytes) => String(bytes.readBigInt64LE(0)),
  10: (bytes) => String(bytes.readBigUInt64LE(0)),
  11: (bytes) => String(bytes.readFloatLE(0)),
  12: (bytes) => String(bytes.readDoubleLE(0)),
  13: (bytes) => String(bytes.readUInt32LE(0) !== 0),
  15: guid,
  16: hex,
  17: (bytes) => formatTicks(bytes.readBigUInt64LE(0) + TICKS_1601),
  18: systemTime,
  19: sid,
  20: hex,
  21: hex,
};

function hex(bytes: Buffer): string {
  return `0x${bytes.length >= 8 ? bytes.readBigUInt64LE(0).toString(16) : bytes.readUInt32LE(0).toString(16)}`;
}

function guid(bytes: Buffer): string {
  const part = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const rest = bytes.subarray(8, 16).toString('hex');
  return `{${part(bytes.readUInt32LE(0), 8)}-${part(bytes.readUInt16LE(4), 4)}-${part(bytes.readUInt16LE(6), 4)}-${rest.slice(0, 4)}-${rest.slice(4)}}`;
}

function systemTime(bytes: Buffer): string {
  const [year, month, , day, hour, minute, second, ms] = Array.from({ length: 8 }, (_, i) =>
    bytes.readUInt16LE(i * 2),
  );
  const two = (value = 0) => String(value).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.${String(ms).padStart(3, '0')}Z`;
}

const MAX_SUB_AUTHORITIES = 15;

function sid(bytes: Buffer): string {
  const count = Math.min(bytes.readUInt8(1), MAX_SUB_AUTHORITIES);
  const authority = bytes.readUIntBE(2, 6);
  const parts = Array.from({ length: count }, (_, i) => bytes.readUInt32LE(8 + i * 4));
  return ['S', bytes.readUInt8(0), authority, ...parts].join('-');
}
