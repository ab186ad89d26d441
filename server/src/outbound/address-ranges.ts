/** Ranges of IANA's special-purpose address registries (RFC 6890). Pure. */
import { BlockList, isIP } from 'node:net';

type Range = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** Addresses that mean this machine, this network, many machines, or nobody: the same one is another host elsewhere. */
const LOCAL: readonly Range[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Nobody's, for examples. */
const DOCUMENTATION: readonly Range[] = [
  ['192.0.2.0', 24, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['2001:db8::', 32, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];

/** IPv6 addresses that hold an IPv4 address inside, or serve protocols. */
const TRANSLATED: readonly Range[] = [
  ['2001::', 23, 'ipv6'],
  ['2002::', 16, 'ipv6'],
];

const listOf = (ranges: readonly Range[]): BlockList => {
  const list = new BlockList();
  for (const [network, prefix, family] of ranges) list.addSubnet(network, prefix, family);
  return list;
};

const local = listOf(LOCAL);
const unreachable = listOf([...LOCAL, ...DOCUMENTATION, ...TRANSLATED]);
const globalIpv6 = listOf([['2000::', 3, 'ipv6']]);

const kindOf = (family: number): 'ipv4' | 'ipv6' => (family === 4 ? 'ipv4' : 'ipv6');

/** Whether the address is the same host wherever it is seen. False for what is no address. */
export function isSameEverywhere(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !local.check(address, kindOf(family));
}

/** Whether it is a host of the internet, so that a connection to it leaves the network of the server. False for what is no address. */
export function isOnTheInternet(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || unreachable.check(address, kindOf(family))) return false;
  return family === 4 || globalIpv6.check(address, 'ipv6');
}
