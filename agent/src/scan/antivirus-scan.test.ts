import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExecutionOrder } from '../channel/order-desk.ts';
import type { SensorRow } from '../sensor/sensor.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { runAntivirusScan } from './antivirus-scan.ts';
import { skippedMounts } from './scan-targets.ts';
import type { YaraSource } from './yara-engine.ts';

const folder = temporaryFolders();
const orderId = '00000000-0000-4000-8000-000000000001';
/** The test file that all scanners know, put together here so that this file is none. */
const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

async function scan(
  paths: string[],
  more: {
    rules?: YaraSource[];
    clamdSockets?: string[];
    signal?: AbortSignal;
    home?: string;
    progress?: ExecutionOrder['progress'];
  } = {},
) {
  const rows: SensorRow[] = [];
  const evidence = await runAntivirusScan(
    {
      orderId,
      params: { scanType: 'Custom', paths },
      signal: more.signal ?? new AbortController().signal,
      progress: more.progress ?? (() => {}),
    },
    {
      home: more.home ?? '/nowhere',
      now: () => new Date('2026-11-25T10:00:00Z'),
      emit: (row) => rows.push(row),
      rules: () => more.rules ?? [],
      clamdSockets: more.clamdSockets ?? [],
    },
  ).catch((error: Error & { evidence?: Record<string, unknown> }) => ({ error, ...error.evidence }));
  return { evidence, rows };
}

/** A daemon that speaks clamd(8), and finds what holds the word. */
async function clamdPeer(socket: string, word: string): Promise<{ server: Server; streams: number }> {
  const peer = { streams: 0, server: createServer() };
  peer.server.on('connection', (connection) => {
    let got = Buffer.alloc(0);
    connection.on('error', () => {});
    connection.on('data', (part) => {
      got = Buffer.concat([got, part]);
      if (got.equals(Buffer.from('zVERSION\0'))) return connection.end('ClamAV 1.4.3/1/today\0');
      const command = Buffer.from('zINSTREAM\0');
      if (!got.subarray(0, command.length).equals(command)) return;
      let at = command.length;
      let content = '';
      while (at + 4 <= got.length) {
        const length = got.readUInt32BE(at);
        if (length === 0) {
          peer.streams += 1;
          return connection.end(content.includes(word) ? 'stream: Test.Word FOUND\0' : 'stream: OK\0');
        }
        if (content.length + length > 10_000) return connection.end('INSTREAM size limit exceeded. ERROR\0');
        if (at + 4 + length > got.length) return;
        content += got.toString('latin1', at + 4, at + 4 + length);
        at += 4 + length;
      }
    });
  });
  await new Promise<void>((resolve) => peer.server.listen(socket, resolve));
  return peer;
}

describe('an antivirus scan', () => {
  const peers: Server[] = [];
  afterEach(() => {
    for (const peer of peers.splice(0)) peer.close();
  });

  it('finds the test file by the rules that come with the agent, and tells it as the product does', async () => {
    const home = await folder();
    await mkdir(join(home, 'deep', 'er'), { recursive: true });
    await writeFile(join(home, 'deep', 'er', 'test.com'), eicar);
    await writeFile(join(home, 'harmless'), 'nothing');
    const { evidence, rows } = await scan([home]);
    expect(evidence).toMatchObject({ files: 2, threats: 1, engines: ['yara'], skipped: {} });
    expect(rows.map(({ ActionType }) => ActionType)).toEqual([
      'AntivirusDetection',
      'AntivirusScanCompleted',
    ]);
    expect(rows[0]).toMatchObject({
      Table: 'DeviceEvents',
      FileName: 'test.com',
      FolderPath: join(home, 'deep', 'er', 'test.com'),
      SHA256: '275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f',
    });
    expect(JSON.parse(String(rows[0]?.['AdditionalFields']))).toMatchObject({
      ThreatName: 'YARA:merlon.EICAR_Test_File',
      ScanId: orderId,
    });
  });

  it("uses the tenant's rules, and says which do not compile without losing the others", async () => {
    const home = await folder();
    await writeFile(join(home, 'a'), 'the quick brown fox');
    const { evidence } = await scan([home], {
      rules: [
        { id: 'broken', text: 'rule x { condition: nothing_known }' },
        { id: 'animals', text: 'rule fox { strings: $f = "brown fox" condition: $f }' },
      ],
    });
    expect(evidence).toMatchObject({
      found: [{ name: 'YARA:animals.fox', path: join(home, 'a') }],
      rulesRefused: [{ id: 'broken', reason: expect.stringMatching(/nothing_known/) }],
    });
  });

  it('passes over links, pipes, what is too large to read, and the folder of the agent', async () => {
    const home = await folder();
    const other = await folder();
    await writeFile(join(other, 'test.com'), eicar);
    await symlink(join(other, 'test.com'), join(home, 'link.com'));
    await symlink(other, join(home, 'folder'));
    const own = join(home, 'agent');
    await mkdir(own);
    await writeFile(join(own, 'quarantined'), eicar);
    const { evidence } = await scan([home, join(home, 'not-there')], { home: own });
    expect(evidence).toMatchObject({ files: 0, threats: 0, skipped: { ENOENT: 1 } });
  });

  it('asks ClamAV too where it runs, and says what that could not take', async () => {
    const home = await folder();
    const socket = join(await folder(), 'clamd.sock');
    const peer = await clamdPeer(socket, 'malevolent');
    peers.push(peer.server);
    await writeFile(join(home, 'bad'), 'a malevolent text');
    await writeFile(join(home, 'good'), 'a kind text');
    await writeFile(join(home, 'big'), 'x'.repeat(20_000));
    const { evidence, rows } = await scan([home], { clamdSockets: [join(home, 'none'), socket] });
    expect(evidence).toMatchObject({
      files: 3,
      threats: 1,
      engines: ['yara', 'ClamAV 1.4.3/1/today'],
      found: [{ name: 'Test.Word', engine: 'clamd', path: join(home, 'bad') }],
      skipped: { 'clamd: INSTREAM size limit exceeded. ERROR': 1 },
    });
    expect(rows[0]).toMatchObject({ ActionType: 'AntivirusDetection', FileName: 'bad' });
    expect(peer.streams).toBe(2);
  });

  it('is broken off in the middle, with what it had found', async () => {
    const home = await folder();
    await mkdir(join(home, 'many'));
    await writeFile(join(home, 'many', '0'), eicar);
    for (let i = 1; i < 400; i++) await writeFile(join(home, 'many', String(i)), 'x'.repeat(10_000));
    const controller = new AbortController();
    const { evidence, rows } = await scan([home], {
      signal: controller.signal,
      progress: () => controller.abort('cancelled'),
    });
    expect(evidence).toMatchObject({ error: expect.anything(), files: expect.any(Number) });
    expect((evidence as { files: number }).files).toBeLessThan(400);
    expect(rows.at(-1)).toMatchObject({ ActionType: 'AntivirusScanCancelled' });
  });
});

describe('mounts', () => {
  it('that hold no files of this device are passed over', async () => {
    const line = (point: string, type: string) => `36 25 0:31 / ${point} rw,relatime shared:5 - ${type} x rw`;
    const text = [
      line('/', 'overlay'),
      line('/proc', 'proc'),
      line('/data\\040of\\040mine', 'ext4'),
      line('/net\\040share', 'nfs4'),
      line('/var/lib/docker/overlay2/a/merged', 'overlay'),
      line('/twice', 'tmpfs'),
      line('/twice', 'cifs'),
      line('/hidden', 'nfs'),
      line('/hidden', 'ext4'),
    ].join('\n');
    expect([...skippedMounts(text)].sort()).toEqual([
      '/net share',
      '/proc',
      '/twice',
      '/var/lib/docker/overlay2/a/merged',
    ]);
    expect(skippedMounts(await readFile('/proc/self/mountinfo', 'utf8')).has('/')).toBe(false);
  });
});
