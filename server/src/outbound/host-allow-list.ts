/**
 * Where the server may read from for others (`externaldata`, providers of sign-in). An entry is a host (`lists.example.com`, `*.example.com`, `192.0.2.7`), that means https on its own port; an origin
 * (`https://lists.example.com:8443`, `http://mirror.internal`), that means exactly that; or a network (`10.20.0.0/16`), that lets the hosts of the other
 * entries have addresses in it. Without a network, or the address itself among the entries, a host whose address is private is not read from: a name
 * must not lead into the network of the server. Pure.
 */
import { BlockList, isIP } from 'node:net';
import { isOnTheInternet } from './address-ranges.ts';

export interface HostAllowList {
  /** Null when it may be read from, else why not. */
  refusal(url: URL): string | null;
  mayConnect(address: string): boolean;
}

type HostRule = {
  readonly protocol: string;
  readonly port: string;
  readonly matches: (host: string) => boolean;
};

/** @throws Error that names the entry which is none of the forms above */
export function hostAllowList(entries: readonly string[]): HostAllowList {
  const rules: HostRule[] = [];
  const networks = new BlockList();
  for (const entry of entries) {
    const network = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(entry);
    if (network?.[1] !== undefined) addNetwork(networks, network[1], Number(network[2]), entry);
    else rules.push(hostRule(entry, networks));
  }
  return {
    refusal(url) {
      if (url.username !== '' || url.password !== '')
        return 'an address may not hold a user name or password';
      const host = bare(url.hostname);
      const port = url.port || (url.protocol === 'https:' ? '443' : '80');
      const named = rules.filter((rule) => rule.matches(host));
      if (named.length === 0) return `the host ${host} is not on the administrator's list`;
      if (named.some((rule) => rule.protocol === url.protocol && rule.port === port)) return null;
      return `the host ${host} is on the administrator's list, but not by ${url.protocol}// on port ${port}`;
    },
    mayConnect(address) {
      const family = isIP(address);
      if (family === 0) return false;
      return networks.check(address, family === 4 ? 'ipv4' : 'ipv6') || isOnTheInternet(address);
    },
  };
}

function addNetwork(networks: BlockList, address: string, bits: number, entry: string): void {
  const family = isIP(address);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) throw new Error(`"${entry}" is not a network`);
  networks.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
}

function hostRule(entry: string, networks: BlockList): HostRule {
  const withScheme = /^https?:\/\//i.test(entry) ? entry : `https://${entry}`;
  const wildcard = /^https?:\/\/\*\./i.test(withScheme);
  let url: URL;
  try {
    url = new URL(wildcard ? withScheme.replace('*.', '') : withScheme);
  } catch {
    throw new Error(`"${entry}" is not a host`);
  }
  if (
    url.pathname !== '/' ||
    url.search ||
    url.hash ||
    url.username ||
    url.hostname === '' ||
    url.hostname.includes('*')
  )
    throw new Error(`"${entry}" is not a host`);
  const host = bare(url.hostname);
  const family = isIP(host);
  if (family !== 0) networks.addAddress(host, family === 4 ? 'ipv4' : 'ipv6');
  return {
    protocol: url.protocol,
    port: url.port || (url.protocol === 'https:' ? '443' : '80'),
    matches: wildcard ? (asked) => asked.endsWith(`.${host}`) : (asked) => asked === host,
  };
}

function bare(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
