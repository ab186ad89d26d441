/**
 * Isolation by the real daemon in the real kernel, between network namespaces: an agent's, its server's and a third one's.
 *
 *   third ──10.77.2.0/24── agent ──10.77.1.0/24── server
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OnboardingPackage, ReceiptClaims } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../testing/agent-process.ts';
import { makeAuthority } from '../testing/authority.ts';
import { bundleProgram } from '../testing/bundle.ts';
import { type Namespace, Namespaces, whyNoNamespaces } from '../testing/namespaces.ts';
import type { PeerRequest } from '../testing/protocol-peer.program.ts';
import { until } from '../testing/until.ts';

const why = whyNoNamespaces();
if (why !== null) process.stdout.write(`isolation is not tested in the kernel: ${why}\n`);

const OTHER_PORT = 9090;

describe.skipIf(why !== null)('isolation in the kernel', { timeout: 120_000 }, () => {
  const namespaces = new Namespaces();
  const children: ChildProcess[] = [];
  let dir: string;
  let host: Namespace;
  let server: Namespace;
  let third: Namespace;
  let agent: AgentProcess;
  let peer: (request: PeerRequest) => Promise<unknown>;
  let deviceId = '';
  let seq = 0;
  let heard = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'merlon-isolation-'));
    host = namespaces.make('host');
    server = namespaces.make('server');
    third = namespaces.make('third');
    namespaces.join(host, server, 1);
    namespaces.join(host, third, 2);
    const [daemon, echo, peerProgram] = await Promise.all([
      bundleProgram('agent-daemon.program.ts'),
      bundleProgram('echo.program.ts'),
      bundleProgram('protocol-peer.program.ts'),
    ]);
    for (const namespace of [host, server, third]) {
      const child = inside(namespace, process.execPath, echo, String(OTHER_PORT));
      child.stdout?.on('data', (part: Buffer) => {
        const said = /bytes (\d+)\n$/.exec(part.toString());
        if (namespace === third && said) heard = Number(said[1]);
      });
    }
    peer = await startPeer(peerProgram);
    await mkdir(join(dir, 'etc'));
    await writeFile(
      join(dir, 'etc', 'config.json'),
      JSON.stringify({ isolation: { allow: [{ address: '10.77.2.2', protocol: 'tcp', port: OTHER_PORT }] } }),
    );
    agent = new AgentProcess(join(dir, 'home'), { prefix: host.prefix, daemon });
    const content = (await peer({ do: 'package', host: '10.77.1.2' })) as OnboardingPackage;
    const done = await agent.onboard(content);
    deviceId = / as device ([0-9a-f]{40})/.exec(done.out)?.[1] ?? '';
    expect(done).toMatchObject({ code: 0 });
    agent.start();
    await connected();
    await until(
      'the others',
      async () => (await reaches(host, '10.77.2.2')) && (await reaches(third, '10.77.2.1')),
    );
  });

  afterAll(async () => {
    await agent?.end('SIGKILL');
    for (const child of children) child.kill('SIGKILL');
    namespaces.remove();
    await rm(dir, { recursive: true, force: true });
  });

  function inside(namespace: Namespace, ...command: string[]): ChildProcess {
    const [first = '', ...rest] = [...namespace.prefix, ...command];
    const child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  async function startPeer(program: string): Promise<typeof peer> {
    const authority = makeAuthority(['IP:10.77.1.2', 'IP:fd77:1::2']);
    const child = inside(server, process.execPath, program, JSON.stringify({ host: '::', authority }));
    const waiting: ((line: string) => void)[] = [];
    let text = '';
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        waiting.shift()?.(text.slice(0, end));
        text = text.slice(end + 1);
      }
    });
    await new Promise<string>((resolve) => waiting.push(resolve));
    return (request) =>
      new Promise((resolve) => {
        waiting.push((line) => resolve(JSON.parse(line)));
        child.stdin?.write(`${JSON.stringify(request)}\n`);
      });
  }

  const run = (namespace: Namespace, ...command: string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      const [first = '', ...rest] = [...namespace.prefix, ...command];
      execFile(first, rest, (error, out) => resolve({ code: error ? 1 : 0, out }));
    });
  const reaches = async (from: Namespace, address: string, port = OTHER_PORT) =>
    (await run(from, 'timeout', '1', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port} && read -r line <&3`))
      .code === 0;
  const connections = () =>
    peer({ do: 'connections', deviceId }) as Promise<{ open: boolean; count: number }>;
  const connected = () => until('the channel', async () => (await connections()).open);
  const receiptOf = (orderId: string) =>
    until('a receipt', async () =>
      ((await peer({ do: 'receipts' })) as ReceiptClaims[]).find((receipt) => receipt.orderId === orderId),
    );
  async function order(
    kind: 'Isolate' | 'Unisolate',
    isolationType?: 'Full' | 'Selective',
  ): Promise<ReceiptClaims> {
    seq += 1;
    const request = {
      do: 'order' as const,
      deviceId,
      seq,
      kind,
      ...(isolationType ? { isolationType } : {}),
    };
    return receiptOf((await peer(request)) as string);
  }
  /** Everything but the line to the server. */
  async function expectCut(): Promise<void> {
    const ways = await Promise.all([
      reaches(host, '10.77.2.2'),
      reaches(host, 'fd77:2::2'),
      reaches(third, '10.77.2.1'),
      reaches(third, 'fd77:2::1'),
      reaches(host, '10.77.1.2'),
      reaches(server, '10.77.1.1'),
    ]);
    expect(ways).toEqual([false, false, false, false, false, false]);
    expect(await reaches(host, '127.0.0.1')).toBe(true);
  }

  it('cuts everything, old connections too, but the line to the server', async () => {
    expect(await reaches(host, 'fd77:2::2')).toBe(true);
    const talker = inside(
      host,
      'bash',
      '-c',
      `exec 3<>/dev/tcp/10.77.2.2/${OTHER_PORT}; while sleep 0.02; do echo x >&3; done`,
    );
    await until('the old connection', () => heard > 20);
    const before = await connections();

    const receipt = await order('Isolate', 'Full');
    expect(receipt).toMatchObject({
      outcome: 'Succeeded',
      evidence: {
        ruleSetSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        serverAddresses: ['10.77.1.2'],
        before: { isolation: 'None' },
        after: { isolation: 'Full' },
      },
    });
    const atReceipt = heard;
    await expectCut();
    // Many times the interval at which it talked.
    expect(heard - atReceipt).toBeLessThanOrEqual(4);
    expect(await connections()).toEqual({ open: true, count: before.count });
    expect((await agent.run('health', '--field', 'isolation')).out.trim()).toBe('Full');
    talker.kill('SIGKILL');
  });

  it('keeps it over a kill of the daemon, whose line comes back by itself', async () => {
    const { count } = await connections();
    await agent.end('SIGKILL');
    await expectCut();
    agent.start();
    await until('a new connection', async () => (await connections()).count > count);
    await connected();
    await expectCut();
  });

  it('is put back when somebody deletes it', async () => {
    await run(host, 'nft', 'delete', 'table', 'inet', 'merlon_isolation');
    expect(await reaches(host, '10.77.2.2')).toBe(true);
    await until(
      'the table',
      async () => (await run(host, 'nft', 'list', 'table', 'inet', 'merlon_isolation')).code === 0,
    );
    await expectCut();
  });

  it('is restored after a boot, before any daemon runs', async () => {
    await agent.end();
    await run(host, 'nft', 'flush', 'ruleset');
    expect(await agent.run('isolation', 'restore')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/isolation Full is in force/),
    });
    await expectCut();
    agent.start();
    await connected();
  });

  it('is not escaped by offboarding', async () => {
    expect(await agent.run('offboard')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/isolated \(Full\)/),
    });
    await connected();
  });

  it('opens listed peers when selective, and nothing else', async () => {
    expect(await order('Isolate', 'Selective')).toMatchObject({
      outcome: 'Succeeded',
      evidence: { before: { isolation: 'Full' }, after: { isolation: 'Selective' } },
    });
    expect(await reaches(host, '10.77.2.2')).toBe(true);
    expect(await reaches(host, 'fd77:2::2')).toBe(false);
    expect(await reaches(third, '10.77.2.1')).toBe(false);
  });

  it('is released by order, without a trace, and may be released again', async () => {
    expect(await order('Unisolate')).toMatchObject({
      outcome: 'Succeeded',
      evidence: { before: { isolation: 'Selective' }, after: { isolation: 'None' } },
    });
    expect(await reaches(host, 'fd77:2::2')).toBe(true);
    expect(await reaches(third, '10.77.2.1')).toBe(true);
    expect((await run(host, 'nft', 'list', 'ruleset')).out.trim()).toBe('');
    expect(await order('Unisolate')).toMatchObject({
      outcome: 'Succeeded',
      evidence: { before: { isolation: 'None' } },
    });
    expect((await agent.run('isolation', 'restore')).out).toContain('not isolated');
  });

  it('answers orders quickly, pair after pair', async () => {
    const times: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      for (const kind of ['Isolate', 'Unisolate'] as const) {
        const before = performance.now();
        expect((await order(kind, kind === 'Isolate' ? 'Full' : undefined)).outcome).toBe('Succeeded');
        times.push(performance.now() - before);
      }
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(0);
    process.stdout.write(
      `order to receipt over ${times.length} orders: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
    );
  });

  it('stays isolated when offboarded by force, until it is onboarded and released again', async () => {
    await order('Isolate', 'Full');
    const done = await agent.run('offboard', '--force');
    expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/stays isolated/) });
    await expectCut();
    const again = await agent.onboard(
      (await peer({ do: 'package', host: '10.77.1.2' })) as OnboardingPackage,
    );
    deviceId = / as device ([0-9a-f]{40})/.exec(again.out)?.[1] ?? '';
    await connected();
    expect((await agent.run('health', '--field', 'isolation')).out.trim()).toBe('Full');
    seq = 0;
    expect((await order('Unisolate')).outcome).toBe('Succeeded');
    expect(await reaches(host, '10.77.2.2')).toBe(true);
  });
});
