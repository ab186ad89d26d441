/** IP networks, `10.0.0.0/8` and `fe80::/10`. IPv4 addresses written as IPv6 (`::ffff:10.1.2.3`) count as IPv4. */

export interface IpNetwork {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

/** A single address is a network of one. Null: not a network. */
export function parseNetwork(text: string): IpNetwork | null {
  const [address = '', length, more] = text.split('/');
  if (more !== undefined) return null;
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const bits = bytes.length * 8;
  if (length === undefined) return { bytes, prefix: bits };
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > bits) return null;
  return { bytes, prefix: Number(length) };
}

export function inNetwork(network: IpNetwork, address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === null || bytes.length !== network.bytes.length) return false;
  const whole = network.prefix >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== network.bytes[i]) return false;
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((bytes[whole] ?? 0) & mask) === ((network.bytes[whole] ?? 0) & mask);
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Four or sixteen bytes; null: not an address. */
function addressBytes(text: string): number[] | null {
  if (!text.includes(':')) return ipv4Bytes(text);
  const bytes = ipv6Bytes(text);
  return bytes !== null && MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.slice(12) : bytes;
}

function ipv4Bytes(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes.push(Number(part));
  }
  return bytes;
}

function ipv6Bytes(text: string): number[] | null {
  // A zone (`fe80::1%eth0`) names an interface, not an address.
  const [address = ''] = text.split('%');
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] ?? '');
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groups(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const dotted = index === parts.length - 1 ? ipv4Bytes(part) : null;
      if (dotted === null) return null;
      bytes.push(...dotted);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
