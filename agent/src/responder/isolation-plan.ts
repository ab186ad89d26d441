/** What an isolation lets through, and the nftables rules that say so. Pure. */
import { isIP } from 'node:net';
import { IsolationAllowance } from '@merlon/contract';
import { type Static, Type } from 'typebox';

export const ISOLATION_TABLE = 'merlon_isolation';
/** Ahead of every firewall that keeps to the customary priorities; what we drop, nobody accepts after us. */
export const HOOK_PRIORITY = -350;
export const HOOKS = ['input', 'output', 'forward'] as const;

export const IsolationPlan = Type.Object({
  kind: Type.Union([Type.Literal('Full'), Type.Literal('Selective')]),
  server: Type.Object({ addresses: Type.Array(Type.String(), { minItems: 1 }), port: Type.Integer() }),
  /** Name servers; empty when the server is known by address alone. */
  resolvers: Type.Array(Type.String()),
  /** Peers left reachable; only in a selective isolation. */
  allow: Type.Array(IsolationAllowance),
  /** Path of the only cgroup, below the cgroup 2 root, whose processes may speak to server and resolvers; null: any process may. */
  cgroup: Type.Union([Type.String(), Type.Null()]),
});
export type IsolationPlan = Static<typeof IsolationPlan>;

export type Hook = (typeof HOOKS)[number];

/**
 * The rules of each chain, in order; whatever none of them accepts is dropped.
 *
 * Rules keep no connection state: tables at this priority run before connection tracking on the way out. Instead, answers are let in only
 * from where questions may go, and from those peers no segment that would open a connection.
 */
export function isolationRules(plan: IsolationPlan): Record<Hook, string[]> {
  const server = split(plan.server.addresses);
  const resolvers = split(plan.resolvers);
  const own =
    plan.cgroup === null ? '' : `socket cgroupv2 level ${levelOf(plan.cgroup)} ${quote(plan.cgroup)} `;
  const { port } = plan.server;
  const output: string[] = ['oifname "lo" accept'];
  const input: string[] = ['iifname "lo" accept'];
  // A segment that opens a connection inwards: from nobody.
  input.push('tcp flags & (fin | syn | rst | ack) == syn drop');

  for (const [ip, set] of families(server)) {
    output.push(`${ip} daddr ${set} tcp dport ${port} ${own}accept`);
    input.push(`${ip} saddr ${set} tcp sport ${port} accept`);
  }
  for (const [ip, set] of families(resolvers)) {
    // Slow enough that names are no way to carry data out, where the cgroup does not keep others off.
    output.push(`${ip} daddr ${set} udp dport 53 ${own}limit rate 10/second burst 20 packets accept`);
    input.push(`${ip} saddr ${set} udp sport 53 accept`);
  }
  for (const peer of plan.allow) {
    const ip = isIP(peer.address.split('/')[0] ?? '') === 6 ? 'ip6' : 'ip';
    const { protocol } = peer;
    const outPort = protocol
      ? ` ${peer.port ? `${protocol} dport ${peer.port}` : `meta l4proto ${protocol}`}`
      : '';
    const inPort = protocol
      ? ` ${peer.port ? `${protocol} sport ${peer.port}` : `meta l4proto ${protocol}`}`
      : '';
    output.push(`${ip} daddr ${peer.address}${outPort} accept`);
    input.push(`${ip} saddr ${peer.address}${inPort} accept`);
  }

  // The address must be kept, and the way to the server's address on the link found.
  output.push('udp sport 68 udp dport 67 accept', 'udp sport 546 udp dport 547 accept');
  input.push('udp sport 67 udp dport 68 accept', 'udp sport 547 udp dport 546 accept');
  output.push(
    'ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept',
  );
  input.push(
    'ip6 hoplimit 255 icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
    // Path MTU: without these the channel hangs behind a tunnel.
    'icmp type destination-unreachable accept',
    'icmpv6 type packet-too-big accept',
  );
  return { input, output, forward: [] };
}

/** The whole table as one nft transaction, replacing what is there of it. */
export function isolationRuleset(plan: IsolationPlan): string {
  const rules = isolationRules(plan);
  const chains = HOOKS.map((hook) => {
    const lines = rules[hook].map((rule) => `    ${rule}\n`).join('');
    return `  chain ${hook} {\n    type filter hook ${hook} priority ${HOOK_PRIORITY}; policy drop;\n${lines}  }\n`;
  });
  return [
    `table inet ${ISOLATION_TABLE}`,
    `delete table inet ${ISOLATION_TABLE}`,
    `table inet ${ISOLATION_TABLE} {\n${chains.join('')}}`,
    '',
  ].join('\n');
}

/** As one transaction that also holds when there is no such table. */
export function releaseRuleset(): string {
  return `table inet ${ISOLATION_TABLE}\ndelete table inet ${ISOLATION_TABLE}\n`;
}

interface Split {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

function split(addresses: readonly string[]): Split {
  return {
    v4: addresses.filter((address) => isIP(address) === 4),
    v6: addresses.filter((address) => isIP(address) === 6),
  };
}

function families({ v4, v6 }: Split): [ip: 'ip' | 'ip6', set: string][] {
  const found: [ip: 'ip' | 'ip6', set: string][] = [];
  if (v4.length > 0) found.push(['ip', `{ ${v4.join(', ')} }`]);
  if (v6.length > 0) found.push(['ip6', `{ ${v6.join(', ')} }`]);
  return found;
}

function levelOf(cgroup: string): number {
  return cgroup.split('/').length;
}

function quote(text: string): string {
  return `"${text}"`;
}
