/**
 * Reads the networks of a MaxMind DB file (format 2.0): a binary tree over the bits of addresses, whose leaves point into a section of records. Only
 * what a City or Country database has is decoded.
 */

/** A value of the data section. Bytes and 128-bit numbers, which those databases have not, come as null. */
export type MmdbValue =
  | string
  | number
  | boolean
  | null
  | readonly MmdbValue[]
  | { readonly [key: string]: MmdbValue };

export interface MmdbNetwork {
  /** `1.2.3.0/24` or `2001:db8::/32`. */
  readonly network: string;
  /** Where the record is: equal for networks that share one. */
  readonly pointer: number;
}

const metadataMarker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** Zeros between the tree and the data. */
const separatorBytes = 16;
/** Pointers of pointers, and maps of maps, in a sound file: a few. */
const maxDepth = 32;

export class MmdbError extends Error {
  override readonly name = 'MmdbError';
}

export class Mmdb {
  readonly databaseType: string;
  /** Seconds since 1970. */
  readonly buildEpoch: number;
  readonly #bytes: Buffer;
  readonly #nodeCount: number;
  readonly #recordBits: number;
  readonly #ipVersion: number;
  readonly #dataStart: number;

  /** @throws MmdbError for anything but a MaxMind DB file */
  constructor(bytes: Buffer) {
    const marker = bytes.lastIndexOf(metadataMarker);
    if (marker < 0) throw new MmdbError('not a MaxMind DB file');
    this.#bytes = bytes;
    const start = marker + metadataMarker.length;
    const metadata = this.#guarded(() => this.#decode(start, start, 0).value);
    const number = (key: string) => {
      const value = property(metadata, key);
      if (typeof value !== 'number') throw new MmdbError(`the file's metadata have no ${key}`);
      return value;
    };
    this.#nodeCount = number('node_count');
    this.#recordBits = number('record_size');
    this.#ipVersion = number('ip_version');
    this.buildEpoch = number('build_epoch');
    const type = property(metadata, 'database_type');
    this.databaseType = typeof type === 'string' ? type : '';
    if (![24, 28, 32].includes(this.#recordBits)) throw new MmdbError('a tree of unknown record size');
    const treeBytes = (this.#nodeCount * this.#recordBits * 2) / 8;
    this.#dataStart = treeBytes + separatorBytes;
    if (this.#dataStart > bytes.length) throw new MmdbError('the file ends within its tree');
  }

  /** Every network that has a record, by address. The aliases of IPv4 inside an IPv6 tree are passed over. */
  *networks(): Generator<MmdbNetwork> {
    const bits = this.#ipVersion === 6 ? 128 : 32;
    const ipv4Root = this.#ipVersion === 6 ? this.#ipv4Root() : 0;
    const address = new Uint8Array(bits / 8);
    const pending: { node: number; depth: number; bit: 0 | 1 | undefined }[] = [
      { node: 0, depth: 0, bit: undefined },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { node, depth, bit } = next;
      if (bit !== undefined) setBit(address, depth - 1, bit);
      const isAlias = node === ipv4Root && bits === 128 && !(depth === 96 && isZero(address, 96));
      if (node === this.#nodeCount || isAlias) continue;
      if (node > this.#nodeCount) {
        const pointer = this.#dataStart + node - this.#nodeCount - separatorBytes;
        yield { network: networkText(address, depth, bits), pointer };
        continue;
      }
      if (depth >= bits) throw new MmdbError('a tree deeper than addresses are long');
      pending.push({ node: this.#child(node, 1), depth: depth + 1, bit: 1 });
      pending.push({ node: this.#child(node, 0), depth: depth + 1, bit: 0 });
    }
  }

  record(pointer: number): MmdbValue {
    return this.#guarded(() => this.#decode(pointer, this.#dataStart, 0).value);
  }

  /** The node for `::/96`; the leaf there when the tree ends before it. */
  #ipv4Root(): number {
    let node = 0;
    for (let depth = 0; depth < 96 && node < this.#nodeCount; depth++) node = this.#child(node, 0);
    return node < this.#nodeCount ? node : -1;
  }

  #child(node: number, side: 0 | 1): number {
    const bytes = this.#bytes;
    switch (this.#recordBits) {
      case 24:
        return bytes.readUIntBE(node * 6 + side * 3, 3);
      case 28: {
        const at = node * 7;
        const middle = bytes.readUInt8(at + 3);
        return side === 0
          ? ((middle >> 4) << 24) | bytes.readUIntBE(at, 3)
          : ((middle & 0x0f) << 24) | bytes.readUIntBE(at + 4, 3);
      }
      default:
        return bytes.readUInt32BE(node * 8 + side * 4);
    }
  }

  /** The file may point outside itself. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof MmdbError) throw error;
      throw new MmdbError('the file is damaged', { cause: error });
    }
  }

  #decode(at: number, base: number, depth: number): { value: MmdbValue; end: number } {
    if (depth > maxDepth) throw new MmdbError('a record nested too deeply');
    const bytes = this.#bytes;
    const control = bytes.readUInt8(at);
    let type = control >> 5;
    let offset = at + 1;
    if (type === 1) {
      const { target, end } = pointerAt(bytes, control, offset);
      return { value: this.#decode(base + target, base, depth + 1).value, end };
    }
    if (type === 0) type = bytes.readUInt8(offset++) + 7;
    let size = control & 0x1f;
    if (size >= 29) {
      const more = size - 28;
      size = [29, 285, 65_821][more - 1] ?? 0;
      size += bytes.readUIntBE(offset, more);
      offset += more;
    }
    switch (type) {
      case 2:
        return { value: bytes.toString('utf8', offset, offset + size), end: offset + size };
      case 3:
        return { value: bytes.readDoubleBE(offset), end: offset + size };
      case 5:
      case 6:
        return { value: size === 0 ? 0 : bytes.readUIntBE(offset, size), end: offset + size };
      case 8:
        return { value: size === 0 ? 0 : signed(bytes.readUIntBE(offset, size), size), end: offset + size };
      case 9: {
        let value = 0n;
        for (const byte of bytes.subarray(offset, offset + size)) value = (value << 8n) | BigInt(byte);
        return { value: Number(value), end: offset + size };
      }
      case 7: {
        const entries: [string, MmdbValue][] = [];
        for (let index = 0; index < size; index++) {
          const key = this.#decode(offset, base, depth + 1);
          const value = this.#decode(key.end, base, depth + 1);
          entries.push([String(key.value), value.value]);
          offset = value.end;
        }
        return { value: Object.fromEntries(entries), end: offset };
      }
      case 11: {
        const values: MmdbValue[] = [];
        for (let index = 0; index < size; index++) {
          const element = this.#decode(offset, base, depth + 1);
          values.push(element.value);
          offset = element.end;
        }
        return { value: values, end: offset };
      }
      case 14:
        return { value: size !== 0, end: offset };
      case 15:
        return { value: bytes.readFloatBE(offset), end: offset + size };
      default:
        return { value: null, end: offset + size };
    }
  }
}

function pointerAt(bytes: Buffer, control: number, at: number): { target: number; end: number } {
  const size = ((control >> 3) & 3) + 1;
  const high = size === 4 ? 0 : (control & 7) * 2 ** (8 * size);
  const bias = [0, 2_048, 526_336, 0][size - 1] ?? 0;
  return { target: high + bytes.readUIntBE(at, size) + bias, end: at + size };
}

function signed(value: number, size: number): number {
  return size === 4 ? value | 0 : value;
}

function property(value: MmdbValue, key: string): MmdbValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? ((value as { readonly [key: string]: MmdbValue })[key] ?? null)
    : null;
}

/** What the path of keys leads to; null where it leads nowhere. */
export function valueAt(value: MmdbValue, ...path: readonly (string | number)[]): MmdbValue {
  let inner = value;
  for (const step of path)
    inner =
      typeof step === 'number' && Array.isArray(inner)
        ? (inner[step] ?? null)
        : property(inner, String(step));
  return inner;
}

function setBit(address: Uint8Array, index: number, bit: 0 | 1): void {
  const at = index >> 3;
  const mask = 0x80 >> (index & 7);
  const byte = address[at] ?? 0;
  // What was set deeper on another branch goes.
  address[at] = (bit === 1 ? byte | mask : byte & ~mask) & (0xff << (7 - (index & 7)));
  address.fill(0, at + 1);
}

function isZero(address: Uint8Array, bits: number): boolean {
  return address.subarray(0, bits / 8).every((byte) => byte === 0);
}

function networkText(address: Uint8Array, depth: number, bits: number): string {
  if (bits === 32) return `${address.join('.')}/${depth}`;
  if (depth >= 96 && isZero(address, 96)) return `${address.subarray(12).join('.')}/${depth - 96}`;
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0)).toString(16),
  );
  return `${groups.join(':')}/${depth}`;
}
