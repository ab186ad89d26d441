import { describe, expect, it } from 'vitest';
import { type IsolationPlan, isolationRules, isolationRuleset, releaseRuleset } from './isolation-plan.ts';

const full: IsolationPlan = {
  kind: 'Full',
  server: { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'], port: 8443 },
  resolvers: ['192.0.2.53', '2001:db8::53'],
  allow: [],
  cgroup: null,
};

describe('isolationRules', () => {
  it('opens the server by address and port, both families, and forwards nothing', () => {
    const { output, input, forward } = isolationRules(full);
    expect(output).toContain('ip daddr { 192.0.2.1, 192.0.2.2 } tcp dport 8443 accept');
    expect(output).toContain('ip6 daddr { 2001:db8::1 } tcp dport 8443 accept');
    expect(input).toContain('ip saddr { 192.0.2.1, 192.0.2.2 } tcp sport 8443 accept');
    expect(forward).toEqual([]);
  });

  it('drops a segment that opens a connection inwards before anything but loopback is accepted', () => {
    expect(isolationRules(full).input.slice(0, 2)).toEqual([
      'iifname "lo" accept',
      'tcp flags & (fin | syn | rst | ack) == syn drop',
    ]);
  });

  it('opens name servers slowly, and not at all for a server known by address', () => {
    expect(isolationRules(full).output.filter((rule) => rule.includes('dport 53'))).toEqual([
      'ip daddr { 192.0.2.53 } udp dport 53 limit rate 10/second burst 20 packets accept',
      'ip6 daddr { 2001:db8::53 } udp dport 53 limit rate 10/second burst 20 packets accept',
    ]);
    const text = isolationRuleset({ ...full, resolvers: [] });
    expect(text).not.toContain('port 53 ');
  });

  it("keeps other processes off the server and the name servers where the agent's cgroup is known", () => {
    const { output } = isolationRules({ ...full, cgroup: 'system.slice/merlon-agent.service' });
    const outward = output.filter((rule) => /dport (8443|53 )/.test(rule));
    expect(outward).toHaveLength(4);
    for (const rule of outward) {
      expect(rule).toContain('socket cgroupv2 level 2 "system.slice/merlon-agent.service"');
    }
  });

  it('opens listed peers both ways, by protocol and port where given', () => {
    const { output, input } = isolationRules({
      ...full,
      kind: 'Selective',
      allow: [
        { address: '10.1.0.0/16' },
        { address: '10.0.0.9', protocol: 'udp' },
        { address: 'fd00::9', protocol: 'tcp', port: 443 },
      ],
    });
    for (const rule of [
      'ip daddr 10.1.0.0/16 accept',
      'ip daddr 10.0.0.9 meta l4proto udp accept',
      'ip6 daddr fd00::9 tcp dport 443 accept',
    ]) {
      expect(output).toContain(rule);
      expect(input).toContain(rule.replace('daddr', 'saddr').replace('dport', 'sport'));
    }
  });
});

describe('rule sets', () => {
  it('replace what is there in one transaction, and go away in one', () => {
    const lines = isolationRuleset(full).split('\n');
    expect(lines.slice(0, 2)).toEqual(['table inet merlon_isolation', 'delete table inet merlon_isolation']);
    for (const hook of ['input', 'output', 'forward']) {
      expect(lines).toContain(`    type filter hook ${hook} priority -350; policy drop;`);
    }
    expect(releaseRuleset()).toBe('table inet merlon_isolation\ndelete table inet merlon_isolation\n');
  });
});
