/** For tests: writes MaxMind DB files. */

export interface MmdbOptions {
  readonly recordBits: 24 | 28 | 32;
  readonly ipVersion: 4 | 6;
}

type Value = string | number | boolean | Value[] | { [key: string]: Value };

/** Networks as bits of their addresses (IPv4 in an IPv6 tree as the last 32 of 128), each with its record. */
export function writeMmdb(
  networks: readonly { readonly bits: string; readonly record: Value }[],
  { recordBits, ipVersion }: MmdbOptions,
): Buffer {
  type Node = { [side in '0' | '1']?: Node | number };
  const root: Node = {};
  const data: Buffer[] = [];
  let dataSize = 0;
  for (const { bits, record } of networks) {
    const encoded = encode(record);
    let node = root;
    for (const [index, bit] of [...bits].entries()) {
      const side = bit as '0' | '1';
      if (index === bits.length - 1) node[side] = dataSize;
      else {
        const next = node[side];
        const child = typeof next === 'object' ? next : {};
        node[side] = child;
        node = child;
      }
    }
    data.push(encoded);
    dataSize += encoded.length;
  }
  const nodes: Node[] = [];
  const numbers = new Map<Node, number>();
  const visit = (node: Node) => {
    numbers.set(node, nodes.length);
    nodes.push(node);
    for (const side of ['0', '1'] as const) {
      const child = node[side];
      if (typeof child === 'object') visit(child);
    }
  };
  visit(root);
  const numberOf = (child: Node | number | undefined) =>
    child === undefined
      ? nodes.length
      : typeof child === 'number'
        ? nodes.length + 16 + child
        : (numbers.get(child) ?? 0);
  const tree = nodes.map((node) => pair(numberOf(node['0']), numberOf(node['1']), recordBits));
  const metadata = encode({
    node_count: nodes.length,
    record_size: recordBits,
    ip_version: ipVersion,
    database_type: 'Test-City',
    build_epoch: 1_750_000_000,
    languages: ['en'],
  });
  return Buffer.concat([
    ...tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ]);
}

function pair(left: number, right: number, recordBits: number): Buffer {
  if (recordBits === 28) {
    const bytes = Buffer.alloc(7);
    bytes.writeUIntBE(left & 0xffffff, 0, 3);
    bytes.writeUInt8(((left >>> 24) << 4) | (right >>> 24), 3);
    bytes.writeUIntBE(right & 0xffffff, 4, 3);
    return bytes;
  }
  const size = recordBits / 8;
  const bytes = Buffer.alloc(size * 2);
  bytes.writeUIntBE(left, 0, size);
  bytes.writeUIntBE(right, size, size);
  return bytes;
}

function encode(value: Value): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'number' && !Number.isInteger(value)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ]);
}

function control(type: number, size: number): Buffer {
  const first = (type > 7 ? 0 : type << 5) | Math.min(size, 29);
  return Buffer.from([first, ...(type > 7 ? [type - 7] : []), ...(size >= 29 ? [size - 29] : [])]);
}

/** Bits of `1.2.3.0/24`, in an IPv6 tree below `::/96`. */
export function ipv4Bits(network: string, ipVersion: 4 | 6): string {
  const [address = '', prefix = '32'] = network.split('/');
  const bits = address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return (ipVersion === 6 ? '0'.repeat(96) : '') + bits.slice(0, Number(prefix));
}

/** Bits of a network written in full: `2a03:2880:0:0:0:0:0:0/32`. */
export function ipv6Bits(network: string): string {
  const [address = '', prefix = '128'] = network.split('/');
  return address
    .split(':')
    .map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0'))
    .join('')
    .slice(0, Number(prefix));
}
