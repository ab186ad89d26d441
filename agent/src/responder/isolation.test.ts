import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExecutionError } from '../channel/order-desk.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { Isolation, refuseWhileIsolated, type Surroundings } from './isolation.ts';
import { HOOKS, type Hook, isolationRules } from './isolation-plan.ts';
import { type Nft, nftCommand } from './nft.ts';

const folder = temporaryFolders();
const now = new Date('2026-11-24T12:00:00Z');
const order = { orderId: '00000000-0000-0000-0000-000000000001', params: { isolationType: 'Full' } as const };

/** A kernel that keeps what it is given as nft would list it, and can be told to misbehave. */
class MadeUpKernel implements Nft {
  lines: string[] | null = null;
  failures: string[] = [];
  refuseCgroup = false;
  silently = false;

  async apply(commands: string): Promise<void> {
    const failure = this.failures.shift();
    if (failure) throw new Error(failure);
    if (this.refuseCgroup && commands.includes('cgroupv2')) throw new Error('cgroupv2 path fails');
    if (this.silently) return;
    this.lines = commands.includes('chain') ? commands.split('\n').map((line) => line.trim()) : null;
  }

  async listIsolation(): Promise<unknown> {
    if (!this.lines) return null;
    let chain: string | undefined;
    const items: object[] = [{ metainfo: { version: 'x' } }];
    for (const line of this.lines) {
      chain = /^chain (\w+)/.exec(line)?.[1] ?? chain;
      if (line.startsWith('type filter'))
        items.push({ chain: { name: chain, hook: chain, prio: -350, policy: 'drop', handle: 1 } });
      else if (/accept$|drop$/.test(line))
        items.push({ rule: { chain, expr: line.split(/[ ,]+/), handle: 2 } });
    }
    return { nftables: items };
  }
}

const surroundings: Surroundings = {
  server: async () => ({ addresses: ['192.0.2.1'], port: 8443 }),
  resolvers: async () => [],
  cgroup: async () => null,
  allow: [{ address: '198.51.100.7' }],
};

describe('Isolation', () => {
  let home: string;
  let kernel: MadeUpKernel;
  const open = () => Isolation.open({ home, nft: kernel, log: quietLog() });
  const wanted = async () =>
    JSON.parse(await readFile(join(home, 'isolation.json'), 'utf8')) as { plan: object | null };

  beforeEach(async () => {
    home = await folder();
    kernel = new MadeUpKernel();
  });

  it('isolates, shows what it did, and releases', async () => {
    const isolation = await open();
    expect(isolation.kind).toBe('None');
    const done = await isolation.isolate(order, surroundings, now);
    expect(done).toMatchObject({
      ruleSetSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      before: { isolation: 'None' },
      after: { isolation: 'Full' },
      serverAddresses: ['192.0.2.1'],
      restrictedToCgroup: null,
    });
    expect(isolation.kind).toBe('Full');
    expect(await isolation.release()).toMatchObject({
      before: { isolation: 'Full' },
      after: { isolation: 'None' },
    });
    expect(isolation.kind).toBe('None');
    expect(kernel.lines).toBeNull();
  });

  it('may be told twice, and to release what is not isolated', async () => {
    const isolation = await open();
    const first = await isolation.isolate(order, surroundings, now);
    const second = await isolation.isolate(order, surroundings, now);
    expect(second.ruleSetSha256).toBe(first.ruleSetSha256);
    await isolation.release();
    expect(await isolation.release()).toMatchObject({ before: { isolation: 'None' } });
  });

  it('opens listed peers in a selective isolation only', async () => {
    const isolation = await open();
    await isolation.isolate(order, surroundings, now);
    expect(kernel.lines?.join()).not.toContain('198.51.100.7');
    await isolation.isolate({ ...order, params: { isolationType: 'Full' } }, surroundings, now);
    await isolation.isolate(
      { orderId: order.orderId, params: { isolationType: 'Selective' } },
      surroundings,
      now,
    );
    expect(kernel.lines?.join()).toContain('198.51.100.7');
    expect(isolation.kind).toBe('Selective');
  });

  it('is wanted on disk before the kernel is asked, so that a stop in between isolates', async () => {
    const isolation = await open();
    let seen: object | null = null;
    kernel.apply = async () => {
      seen ??= (await wanted()).plan;
      throw new Error('stopped');
    };
    await expect(isolation.isolate(order, surroundings, now)).rejects.toThrow(ExecutionError);
    expect(seen).toMatchObject({ kind: 'Full' });
  });

  it('goes back to what was when nft refuses, and says so', async () => {
    const isolation = await open();
    kernel.failures.push('syntax error');
    await expect(isolation.isolate(order, surroundings, now)).rejects.toThrow(/syntax error/);
    expect(isolation.kind).toBe('None');
    expect((await wanted()).plan).toBeNull();

    await isolation.isolate(order, surroundings, now);
    kernel.failures.push('busy');
    await expect(isolation.release()).rejects.toThrow(/busy/);
    expect(isolation.kind).toBe('Full');
    expect((await wanted()).plan).toMatchObject({ kind: 'Full' });
  });

  it('does not take the word of nft for it', async () => {
    const isolation = await open();
    kernel.silently = true;
    await expect(isolation.isolate(order, surroundings, now)).rejects.toThrow(/no isolation table/);
    expect(isolation.kind).toBe('None');
  });

  it.each<Hook>([...HOOKS])('notices a rule too few in %s', async (hook) => {
    const isolation = await open();
    const apply = kernel.apply.bind(kernel);
    kernel.apply = async (commands) => {
      await apply(commands);
      const rules = isolationRules({
        kind: 'Full',
        server: { addresses: ['192.0.2.1'], port: 8443 },
        resolvers: [],
        allow: [],
        cgroup: null,
      })[hook];
      const last = rules.at(-1) ?? 'type filter hook forward priority -350; policy drop;';
      if (kernel.lines) kernel.lines = kernel.lines.filter((line) => line !== last);
    };
    await expect(isolation.isolate(order, surroundings, now)).rejects.toThrow(/not in force/);
  });

  it('fails without an address of the server rather than cut the line to it', async () => {
    const isolation = await open();
    const lost = { ...surroundings, server: () => Promise.reject(new Error('the name cannot be resolved')) };
    await expect(isolation.isolate(order, lost, now)).rejects.toThrow(/cannot be resolved/);
    await expect(
      isolation.isolate(
        order,
        { ...surroundings, server: async () => ({ addresses: ['fe80::1%eth0'], port: 1 }) },
        now,
      ),
    ).rejects.toThrow(/no address/);
    expect(kernel.lines).toBeNull();
  });

  it('is put in force again after a restart, from disk alone', async () => {
    await (await open()).isolate(
      order,
      { ...surroundings, cgroup: async () => 'a/merlon-agent.service' },
      now,
    );
    kernel = new MadeUpKernel();
    const restarted = await open();
    expect(await restarted.restore()).toBe(true);
    expect(restarted.kind).toBe('Full');
    expect(kernel.lines?.join()).toContain('192.0.2.1');
    expect(kernel.lines?.join()).not.toContain('cgroup');
    kernel = new MadeUpKernel();
    home = await folder();
    expect(await (await open()).restore()).toBe(false);
    expect(kernel.lines).toBeNull();
  });

  it('keeps the addresses it had when the server cannot be found at a refresh, and takes new ones', async () => {
    const isolation = await open();
    await isolation.isolate(order, surroundings, now);
    await isolation.refresh({ ...surroundings, server: () => Promise.reject(new Error('no DNS')) });
    expect(isolation.wanted.plan?.server.addresses).toEqual(['192.0.2.1']);
    await isolation.refresh({
      ...surroundings,
      server: async () => ({ addresses: ['192.0.2.1', '192.0.2.9'], port: 8443 }),
    });
    expect(kernel.lines?.join()).toContain('192.0.2.9');
  });

  it('puts back what somebody altered or took away', async () => {
    const isolation = await open();
    await isolation.isolate(order, surroundings, now);
    expect(await isolation.guard()).toBe('asWanted');
    kernel.lines = kernel.lines?.map((line) => line.replace('dport 8443', 'dport 22')) ?? null;
    expect(await isolation.guard()).toBe('putBack');
    kernel.lines = null;
    expect(await isolation.guard()).toBe('putBack');
    expect(kernel.lines).not.toBeNull();
    await isolation.release();
    expect(await isolation.guard()).toBe('asWanted');
  });

  it('does without the cgroup where the kernel cannot tell, and says so', async () => {
    kernel.refuseCgroup = true;
    const isolation = await open();
    const done = await isolation.isolate(
      order,
      { ...surroundings, cgroup: async () => 'merlon-agent.service' },
      now,
    );
    expect(done.restrictedToCgroup).toBeNull();
    expect(isolation.kind).toBe('Full');
  });

  it('keeps an isolated device from being offboarded unless it is meant', async () => {
    const isolation = await open();
    refuseWhileIsolated(isolation, false);
    await isolation.isolate(order, surroundings, now);
    expect(() => refuseWhileIsolated(isolation, false)).toThrow(/is isolated \(Full\)/);
    refuseWhileIsolated(isolation, true);
  });
});

describe('nftCommand', () => {
  it('names nft when it is not installed', async () => {
    await expect(nftCommand('no-such-nft').apply('')).rejects.toThrow(/nft is not installed.*needs nftables/);
  });

  it('shows the words of the command that refused', async () => {
    await expect(nftCommand('false').apply('')).rejects.toThrow(/nft refused the rules: exit status 1/);
    await expect(nftCommand('true').listIsolation()).rejects.toThrow(/does not speak JSON/);
  });
});
