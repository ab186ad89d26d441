/** What of the indicators the network guard enforces, as keys of its maps (agent/native/guard.bpf.c). Pure. */
import { isIP } from 'node:net';
import { type IndicatorItem, rulingIndicator } from '@merlon/contract';
import { type Effect, effectOf } from './effect.ts';

export interface NetworkRule {
  readonly item: IndicatorItem;
  readonly effect: Effect;
  /** Key of the map: an address by its IPv6 form, a name backwards. */
  readonly key: Buffer;
}

export interface NetworkRules {
  /** By key in hex. */
  readonly addresses: ReadonlyMap<string, NetworkRule>;
  readonly names: ReadonlyMap<string, NetworkRule>;
  /** What this device does not enforce, and why. */
  readonly left: readonly { readonly item: IndicatorItem; readonly why: string }[];
}

const ADDRESS_BYTES = 16;
const NAME_BYTES = 256;
const IPV4_PREFIX_BITS = 96;

type Target = { readonly map: 'addresses' | 'names'; readonly key: Buffer };

export function networkRules(items: readonly IndicatorItem[]): NetworkRules {
  const rules = { addresses: new Map<string, NetworkRule>(), names: new Map<string, NetworkRule>() };
  const left: { item: IndicatorItem; why: string }[] = [];
  for (const item of items) {
    const target = targetOf(item);
    if (target === null) continue;
    if (typeof target === 'string') {
      left.push({ item, why: target });
      continue;
    }
    const map = rules[target.map];
    const hex = target.key.toString('hex');
    const known = map.get(hex);
    // A URL and a name may come to the same thing.
    if (known !== undefined && rulingIndicator([known.item, item]) === known.item) continue;
    map.set(hex, { item, effect: effectOf(item.action), key: target.key });
  }
  return { ...rules, left };
}

/** Null: no indicator of the network; a text: why it cannot be enforced. */
function targetOf(item: IndicatorItem): Target | string | null {
  switch (item.type) {
    case 'IpAddress':
      return addressTarget(item.value);
    case 'DomainName':
      return nameTarget(item.value);
    case 'Url':
      return urlTarget(item.value);
    case 'FileSha1':
    case 'FileSha256':
    case 'FileMd5':
    case 'CertificateThumbprint':
      return null;
    default:
      throw new Error(`unknown indicator type ${item.type satisfies never as string}`);
  }
}

/** Encrypted traffic shows no path: blocking the whole host for one page of it would be wrong, and is left out. */
function urlTarget(value: string): Target | string {
  let url: URL;
  try {
    url = new URL(value.includes('://') ? value : `http://${value}`);
  } catch {
    return 'it is no URL';
  }
  if (url.port !== '') return 'the name alone does not tell the port';
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '')
    return 'only whole hosts can be told apart';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? nameTarget(host) : addressTarget(host);
}

function addressTarget(value: string): Target | string {
  const [text = '', bits] = value.split('/');
  const version = isIP(text);
  if (version === 0) return 'it is no address';
  const most = version === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > most) return 'it is no network';
  return { map: 'addresses', key: addressKey(text, (version === 4 ? IPV4_PREFIX_BITS : 0) + length) };
}

/** @param bits of the IPv6 form that count */
export function addressKey(address: string, bits = 128): Buffer {
  const key = Buffer.alloc(4 + ADDRESS_BYTES);
  key.writeUInt32LE(bits, 0);
  addressBytes(address).copy(key, 4);
  // Two writings of one network are one key.
  for (let bit = bits; bit < 128; bit++) {
    const at = 4 + (bit >> 3);
    key.writeUInt8(key.readUInt8(at) & ~(0x80 >> (bit & 7)), at);
  }
  return key;
}

function addressBytes(address: string): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  const [plain = ''] = address.split('%');
  if (isIP(plain) === 4) {
    bytes.fill(0xff, 10, 12);
    for (const [i, part] of plain.split('.').entries()) bytes.writeUInt8(Number(part), 12 + i);
    return bytes;
  }
  // An IPv4 tail as two words, so that all that is left are words.
  const words = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((word) => word.toString(16)).join(':'),
  );
  const [head = '', tail] = words.split('::');
  const list = (text: string) =>
    (text === '' ? [] : text.split(':')).map((word) => Number.parseInt(word, 16));
  const front = list(head);
  const back = tail === undefined ? [] : list(tail);
  for (const [i, word] of front.entries()) bytes.writeUInt16BE(word, i * 2);
  for (const [i, word] of back.entries()) bytes.writeUInt16BE(word, ADDRESS_BYTES - (back.length - i) * 2);
  return bytes;
}

function nameTarget(name: string): Target | string {
  const key = nameKey(name);
  return key === null ? 'it is no name that can be asked for' : { map: 'names', key };
}

/** The name as questions carry it, lengths before labels, backwards. Null: no question can carry it. */
export function nameKey(name: string): Buffer | null {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  const parts: Buffer[] = [];
  for (const label of labels) {
    const bytes = Buffer.from(label, 'latin1');
    if (bytes.length === 0 || bytes.length > 63) return null;
    parts.push(Buffer.from([bytes.length]), bytes);
  }
  const wire = Buffer.concat(parts);
  // The byte that ends it counts too.
  if (wire.length > NAME_BYTES - 2) return null;
  const key = Buffer.alloc(4 + NAME_BYTES);
  key.writeUInt32LE(wire.length * 8, 0);
  wire.reverse().copy(key, 4);
  return key;
}

/** The name that a key's bytes stand for. */
export function nameOfKey(backwards: Buffer): string {
  const wire = Buffer.from(backwards).reverse();
  const labels: string[] = [];
  for (let at = 0; at < wire.length; ) {
    const size = wire[at] ?? 0;
    labels.push(wire.toString('latin1', at + 1, at + 1 + size));
    at += size + 1;
  }
  return labels.join('.');
}

/** The rule of the longest of the names that this one lies below; null: none speaks of it. */
export function ruleOfName(names: NetworkRules['names'], name: string): NetworkRule | null {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  for (let i = 0; i < labels.length; i++) {
    const rule = names.get(nameKey(labels.slice(i).join('.'))?.toString('hex') ?? '');
    if (rule !== undefined) return rule;
  }
  return null;
}
