import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unzip } from '../../../tests/support/unzip.ts';
import type { ExecutionOrder } from '../channel/order-desk.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { COLLECTOR_BOUNDS } from './collector.ts';
import { collectInvestigationPackage, type InvestigationPackageOptions } from './investigation-package.ts';
import type { PackageItem } from './package-contents.ts';

const folder = temporaryFolders();
const orderId = '00000000-0000-4000-8000-000000000001';
const now = () => new Date('2026-11-25T10:00:00Z');

function order(signal = new AbortController().signal, maxBytes = 1024 * 1024) {
  const said: Record<string, unknown>[] = [];
  const made: ExecutionOrder<'CollectInvestigationPackage'> = {
    orderId,
    params: { maxBytes },
    signal,
    progress: (details) => said.push(details),
  };
  return { made, said };
}

async function collected(items: readonly PackageItem[], more: Partial<InvestigationPackageOptions> = {}) {
  const home = await folder();
  let bytes = Buffer.alloc(0);
  const { made, said } = order();
  const evidence = await collectInvestigationPackage(made, {
    home,
    now,
    items,
    handOver: async (_id, _name, path) => {
      bytes = await readFile(path);
    },
    ...more,
  });
  return { home, evidence, said, bytes, zip: await unzip(bytes) };
}

describe('an investigation package', () => {
  it('holds what commands say, copies of files and a summary of all of it, and leaves nothing behind', async () => {
    const source = await folder();
    await mkdir(join(source, 'cron'));
    await writeFile(join(source, 'cron', 'job'), '* * * * * root true\n');
    const { home, zip, evidence, said, bytes } = await collected([
      { kind: 'command', to: 'System/kernel.txt', argv: ['echo', 'a kernel'] },
      { kind: 'command', to: 'System/none.txt', argv: ['merlon-no-such-program'] },
      { kind: 'command', to: 'System/fails.txt', argv: ['sh', '-c', 'echo sorry >&2; exit 3'] },
      { kind: 'files', to: 'Autoruns', from: [`${source}/cron`, `${source}/not-there`] },
      { kind: 'listing', to: 'Temp/listing.tsv', below: [source] },
      { kind: 'processes', to: 'Processes/processes.jsonl' },
    ]);
    expect(zip.get('System/kernel.txt')).toBe('a kernel\n');
    expect(zip.get(`Autoruns${source}/cron/job`)).toBe('* * * * * root true\n');
    expect(zip.get('Temp/listing.tsv')).toContain(JSON.stringify(`${source}/cron/job`));
    const own = (zip.get('Processes/processes.jsonl') ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({ parentPid: process.ppid, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const summary = zip.get('CollectionSummaryReport.txt') ?? '';
    expect(summary).toMatch(/^NotAvailable\tSystem\/none\.txt\t/m);
    expect(summary).toMatch(/^Failed\tSystem\/fails\.txt\t.*exit status 3.*sorry/m);
    expect(evidence).toMatchObject({
      file: 'package.zip',
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      collected: 4,
      notAvailable: 1,
    });
    expect(said.at(-1)).toEqual({ collected: 6, of: 6 });
    expect(await readdir(join(home, 'packages'))).toEqual([]);
  });

  it('follows no symbolic link, waits for no pipe, and copies no more than there is room for', async () => {
    const source = await folder();
    const secret = await folder();
    await writeFile(join(secret, 'passwords'), 'hunter2');
    await mkdir(join(source, 'mallory'));
    await symlink(secret, join(source, 'mallory', 'config'));
    await mkdir(join(source, 'alice', 'config'), { recursive: true });
    await writeFile(join(source, 'alice', 'config', 'autostart'), 'x'.repeat(500));
    await symlink(join(secret, 'passwords'), join(source, 'alice', 'config', 'link'));
    execFileSync('mkfifo', [join(source, 'alice', 'config', 'pipe')]);
    const { zip } = await collected(
      [{ kind: 'files', to: 'Autoruns', from: [`${source}/*/config`, `${source}/*/config/passwords`] }],
      { bounds: { ...COLLECTOR_BOUNDS, itemBytes: 100 } },
    );
    expect([...zip.keys()].sort()).toEqual([
      `Autoruns${source}/alice/config/autostart`,
      'CollectionSummaryReport.txt',
    ]);
    expect(zip.get(`Autoruns${source}/alice/config/autostart`)).toHaveLength(100);
    expect(zip.get('CollectionSummaryReport.txt')).toMatch(/cut at 100 bytes/);
  });

  it('ends a command that does not end, and its children, and one that says too much', async () => {
    const marker = `merlon-${process.pid}-endless`;
    const { zip } = await collected(
      [
        {
          kind: 'command',
          to: 'slow.txt',
          argv: ['sh', '-c', `echo begun; sleep 1234.5 & : ${marker}; wait`],
        },
        { kind: 'command', to: 'loud.txt', argv: ['yes'] },
      ],
      { bounds: { commandMs: 300, itemBytes: 1000, totalBytes: 10_000 } },
    );
    expect(zip.get('slow.txt')).toBe('begun\n');
    expect(zip.get('loud.txt')).toHaveLength(1000);
    expect(zip.get('CollectionSummaryReport.txt')).toMatch(/^Partial\tslow\.txt\t.*ended after 300 ms/m);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(
      new RegExp(`sh -c.*${marker}`),
    );
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(/^sleep 1234\.5$/m);
  });

  it('fails by name when the zip would be larger than allowed', async () => {
    const home = await folder();
    const { made } = order(undefined, 200);
    const making = collectInvestigationPackage(made, {
      home,
      now,
      items: [{ kind: 'command', to: 'noise', argv: ['head', '-c', '5000', '/dev/urandom'] }],
      handOver: async () => {},
    });
    await expect(making).rejects.toThrow(/larger than the 200 bytes allowed/);
    expect(await readdir(join(home, 'packages'))).toEqual([]);
  });

  it('stops at once when it is cancelled, and leaves nothing', async () => {
    const home = await folder();
    const controller = new AbortController();
    const { made } = order(controller.signal);
    const making = collectInvestigationPackage(made, {
      home,
      now,
      items: [{ kind: 'command', to: 'slow', argv: ['sleep', '600'] }],
      handOver: async () => {},
    });
    await expect.poll(() => readdir(join(home, 'packages', orderId)).catch(() => [])).toEqual(['slow']);
    controller.abort('cancelled');
    await expect(making).rejects.toThrow();
    expect(await readdir(join(home, 'packages'))).toEqual([]);
  });

  it('that was packed is not collected again when the agent was stopped while it was sent', async () => {
    const home = await folder();
    const controller = new AbortController();
    const items: PackageItem[] = [{ kind: 'command', to: 'time', argv: ['date', '+%N'] }];
    const { made } = order(controller.signal);
    const first = collectInvestigationPackage(made, {
      home,
      now,
      items,
      handOver: (_id, _name, _path, signal) => delay(600_000, undefined, { signal }),
    });
    await expect.poll(() => readdir(join(home, 'packages')).catch(() => [])).toEqual([`${orderId}.zip`]);
    const packed = await readFile(join(home, 'packages', `${orderId}.zip`));
    controller.abort('stopping');
    await expect(first).rejects.toThrow();
    let sent = Buffer.alloc(0);
    const { made: again } = order();
    await collectInvestigationPackage(again, {
      home,
      now,
      items,
      handOver: async (_id, _name, path) => {
        sent = await readFile(path);
      },
    });
    expect(sent.equals(packed)).toBe(true);
  });
});
