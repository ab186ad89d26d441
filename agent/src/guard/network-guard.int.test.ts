/** The network guard on the real kernel, between two network namespaces of the test: only what runs in the first is guarded. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { IndicatorItem } from '@merlon/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedScope } from '../sensor/scope.ts';
import { whyNoKernel } from '../sensor/test-kernel.ts';
import { type Namespace, Namespaces, whyNoNamespaces } from '../testing/namespaces.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { until } from '../testing/until.ts';
import { NetworkGuard, type ToldNetworkHit } from './network-guard.ts';

const reason = whyNoKernel() ?? whyNoNamespaces();
if (reason !== null) console.log(`the network guard was not tested against the kernel: ${reason}`);

/** Answers every question with one address, over UDP and TCP, and takes every connection on port 8000 of both families. */
const SERVER = `
  const answer = (q, address) => {
    const end = q.indexOf(0, 12) + 5;
    const head = Buffer.from(q.subarray(0, end));
    head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 4); head.writeUInt16BE(q.readUInt16BE(end - 4) === 1 ? 1 : 0, 6); head.writeUInt32BE(0, 8);
    const record = Buffer.from('c00c00010001000000050004' + '0a4d0102', 'hex');
    return q.readUInt16BE(end - 4) === 1 ? Buffer.concat([head, record]) : head;
  };
  process.on('uncaughtException', () => {});
  const udp = require('dgram').createSocket('udp4');
  udp.on('message', (q, from) => udp.send(answer(q), from.port, from.address)).bind(53, '0.0.0.0');
  require('net').createServer((s) => s.once('data', (d) => {
    const a = answer(d.subarray(2)); const n = Buffer.alloc(2); n.writeUInt16BE(a.length); s.end(Buffer.concat([n, a]));
  })).listen(53, '0.0.0.0');
  require('net').createServer((s) => s.end('hello')).listen(8000, '::', () => console.log('ready'));
`;

const indicator = (
  type: IndicatorItem['type'],
  value: string,
  action: IndicatorItem['action'] = 'Block',
): IndicatorItem => ({
  id: `${type}${value}`.slice(0, 32),
  type,
  value,
  action,
  title: 'test',
  severity: 'High',
});

describe.skipIf(reason !== null)('the network guard on this kernel', () => {
  const namespaces = new Namespaces();
  let here: Namespace;
  let there: Namespace;
  let server: ChildProcess;
  let scope: ResolvedScope;
  let guard: NetworkGuard;
  let hits: ToldNetworkHit[] = [];

  const node = (script: string) => {
    const [command = '', ...prefix] = here.prefix;
    return spawnSync(command, [...prefix, process.execPath, '-e', script], {
      encoding: 'utf8',
    }).stdout.trim();
  };
  const connect = (address: string, port = 8000) =>
    node(
      `require('net').connect({host:'${address}',port:${port},timeout:2000}).on('connect',()=>{console.log('connected');process.exit()}).on('error',(e)=>{console.log(e.code);process.exit()}).on('timeout',()=>{console.log('timeout');process.exit()})`,
    );
  const ask = (name: string) =>
    node(
      `const r=new (require('dns').Resolver)({timeout:300,tries:1});r.setServers(['10.77.1.2']);r.resolve4('${name}',(e,a)=>console.log(e?e.code:a[0]))`,
    );
  const askOverTcp = (name: string) =>
    node(
      `const q=Buffer.concat([Buffer.from('000101000001000000000000','hex'),...'${name}'.split('.').flatMap((l)=>[Buffer.from([l.length]),Buffer.from(l)]),Buffer.from('0000010001','hex')]);` +
        `const n=Buffer.alloc(2);n.writeUInt16BE(q.length);const s=require('net').connect({host:'10.77.1.2',port:53},()=>s.write(Buffer.concat([n,q])));` +
        `s.on('data',()=>{console.log('answered');process.exit()}).on('error',(e)=>{console.log(e.code);process.exit()});setTimeout(()=>{console.log('silent');process.exit()},600)`,
    );

  beforeAll(async () => {
    here = namespaces.make('here');
    there = namespaces.make('there');
    namespaces.join(here, there, 1);
    const [command = '', ...prefix] = there.prefix;
    server = spawn(command, [...prefix, process.execPath, '-e', SERVER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(server.stdout ?? server, 'data');
    scope = {
      number: 2,
      level: 0,
      cgroupId: 0n,
      cgroupPath: '/',
      netns: Number(statSync(`/run/netns/${here.name}`).ino),
      contains: () => null,
    };
  });
  const make = () => {
    hits = [];
    guard = new NetworkGuard({ scope: () => scope, log: quietLog(), hit: (hit) => hits.push(hit) });
  };
  afterEach(async () => {
    await guard.stop();
  });
  afterAll(() => {
    server?.kill('SIGKILL');
    namespaces.remove();
  });

  it('refuses connections to an address and tells who wanted them, and nothing once it is over', async () => {
    make();
    expect(connect('10.77.1.2')).toBe('connected');
    await guard.enforce([indicator('IpAddress', '10.77.1.2')]);
    expect(guard.health()).toMatchObject({ source: 'networkGuard', state: 'Running' });
    expect(connect('10.77.1.2')).toBe('EPERM');
    expect(connect('::ffff:10.77.1.2')).toBe('EPERM');
    expect(connect('fd77:1::2')).toBe('connected');
    await until('the hit', () => hits.length >= 1);
    expect(hits[0]).toMatchObject({
      item: { value: '10.77.1.2' },
      hit: {
        met: { kind: 'address', address: '10.77.1.2' },
        port: 8000,
        protocol: 'Tcp',
        refused: true,
        comm: 'node',
      },
    });
    expect(hits[0]?.hit.pid).toBeGreaterThan(1);
    await guard.enforce([]);
    expect(connect('10.77.1.2')).toBe('connected');
  });

  it('refuses networks of both families but for what is allowed in them', async () => {
    make();
    await guard.enforce([
      indicator('IpAddress', '10.77.0.0/16'),
      indicator('IpAddress', 'fd77:1::/64'),
      indicator('IpAddress', '10.77.1.2', 'Allowed'),
    ]);
    expect(connect('fd77:1::2')).toBe('EPERM');
    expect(connect('10.77.1.2')).toBe('connected');
    await guard.enforce([indicator('IpAddress', '10.77.0.0/16')]);
    expect(connect('10.77.1.2')).toBe('EPERM');
    expect(connect('fd77:1::2')).toBe('connected');
  });

  it('only tells of what is audited', async () => {
    make();
    await guard.enforce([indicator('IpAddress', 'fd77:1::2', 'Audit')]);
    expect(connect('fd77:1::2')).toBe('connected');
    await until('the hit', () => hits.length === 1);
    expect(hits[0]?.hit).toMatchObject({ refused: false, met: { address: 'fd77:1::2' } });
  });

  it('refuses questions for a name and those below it, over UDP and TCP', async () => {
    make();
    expect(ask('www.evil.example')).toBe('10.77.1.2');
    await guard.enforce([
      indicator('DomainName', 'evil.example'),
      indicator('Url', 'https://worse.example/'),
      indicator('DomainName', 'good.evil.example', 'Allowed'),
      indicator('Url', 'https://shared.example/page'),
    ]);
    for (const name of ['evil.example', 'WWW.Evil.Example', 'a.b.c.evil.example', 'worse.example'])
      expect(ask(name), name).not.toBe('10.77.1.2');
    for (const name of [
      'notevil.example',
      'good.evil.example',
      'evil.example.org',
      'shared.example',
      'example',
    ])
      expect(ask(name), name).toBe('10.77.1.2');
    expect(askOverTcp('evil.example')).toBe('silent');
    expect(askOverTcp('fine.example')).toBe('answered');
    await until('the hit', () =>
      hits.some(({ hit }) => hit.met.kind === 'name' && hit.met.name === 'a.b.c.evil.example'),
    );
    expect(hits[0]).toMatchObject({
      item: { value: 'evil.example' },
      hit: { met: { kind: 'name', name: 'evil.example' }, port: 53, protocol: 'Udp', comm: 'node' },
    });
    expect(guard.health()).toMatchObject({
      state: 'Degraded',
      reason: expect.stringContaining('shared.example/page'),
    });
  });

  it('refuses the addresses that a name had before its indicator came, until they may be another name’s', async () => {
    let now = 1_000_000;
    hits = [];
    guard = new NetworkGuard({
      scope: () => scope,
      log: quietLog(),
      hit: (hit) => hits.push(hit),
      nowMs: () => now,
    });
    guard.resolved('10.77.1.2', 'cdn.evil.example', 30);
    await guard.enforce([indicator('DomainName', 'evil.example')]);
    expect(connect('10.77.1.2')).toBe('EPERM');
    await until('the hit', () => hits.length === 1);
    expect(hits[0]).toMatchObject({ name: 'cdn.evil.example', item: { value: 'evil.example' } });
    now += 61_000;
    await guard.enforce([indicator('DomainName', 'evil.example')]);
    expect(connect('10.77.1.2')).toBe('connected');
  });
});
