/** The execution guard on the real kernel. It marks nothing but a tmpfs of its own, mounted for the test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { quietLog } from '../testing/quiet-log.ts';
import { until } from '../testing/until.ts';
import { DigestList } from './digest-list.ts';
import { ExecutionGuard } from './execution-guard.ts';
import type { FilePolicy } from './file-policy.ts';
import type { ExecutionHit } from './guard-protocol.ts';
import { bundleGuardWorker, runs } from './test-guard.ts';

const reason = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs Linux and root' : null;
if (reason !== null) console.log(`the execution guard was not tested against the kernel: ${reason}`);

const digest = (algorithm: string, path: string) =>
  createHash(algorithm).update(readFileSync(path)).digest('hex');
const denied = (...hashes: string[]): FilePolicy['indicators'] =>
  new Map(hashes.map((hash) => [hash, 'deny']));

describe.skipIf(reason !== null)('the execution guard on this kernel', () => {
  let folder: string;
  let mount: string;
  let program: string;
  let hits: ExecutionHit[];
  let guard: ExecutionGuard;
  const log = quietLog();
  const file = (name: string, more = name): string => {
    const path = join(mount, name);
    copyFileSync('/bin/true', path);
    appendFileSync(path, more);
    return path;
  };
  const make = (options: { verdictLimitMs?: number; guarded?: string[] } = {}) =>
    new ExecutionGuard({ guarded: [mount], log, hit: (hit) => hits.push(hit), program, ...options });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-guard-'));
    mount = join(folder, 'mount');
    execFileSync('mkdir', [mount]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=900m', 'merlon-test', mount]);
    program = await bundleGuardWorker();
  });
  afterEach(async () => {
    await guard.stop();
    hits = [];
  });
  afterAll(() => {
    spawnSync('umount', [mount]);
    rmSync(folder, { recursive: true });
  });
  hits = [];

  it.each(['sha256', 'sha1', 'md5'])(
    'denies a file by its %s, under any name, and tells of it',
    async (algorithm) => {
      guard = make();
      const evil = file(`evil-${algorithm}`);
      const fine = file(`fine-${algorithm}`);
      expect(await runs(evil)).toBe(true);
      await guard.enforce({ indicators: denied(digest(algorithm, evil)), restriction: null });
      expect(await runs(evil)).toBe(false);
      const copy = `${evil}-copy`;
      copyFileSync(evil, copy);
      const link = `${evil}-link`;
      symlinkSync(evil, link);
      expect(await runs(copy)).toBe(false);
      expect(await runs(link)).toBe(false);
      expect(await runs(fine)).toBe(true);
      await until('the hits', () => hits.length === 3);
      expect(hits[0]).toMatchObject({
        outcome: 'denied',
        path: evil,
        ground: { kind: 'indicator', value: digest(algorithm, evil) },
        hashes: { sha256: digest('sha256', evil) },
      });
      expect(hits[0]?.pid).toBeGreaterThan(0);
      await guard.enforce(null);
      expect(await runs(evil)).toBe(true);
    },
  );

  it('asks the kernel no more for a file that may run, and again under a new policy', async () => {
    guard = make();
    const path = file('often');
    await guard.enforce({ indicators: denied('0'.repeat(64)), restriction: null });
    for (let i = 0; i < 20; i++) expect(await runs(path)).toBe(true);
    const asked = guard.counter('judged');
    expect(asked).toBeLessThan(5);
    await guard.enforce({ indicators: denied(digest('sha1', path)), restriction: null });
    expect(await runs(path)).toBe(false);
    // A file that is written to is another file.
    appendFileSync(path, 'changed');
    expect(await runs(path)).toBe(true);
  });

  it('denies a script by its own hash, run directly, and sees nothing of one given to its interpreter', async () => {
    guard = make();
    const script = join(mount, 'script.sh');
    writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    await guard.enforce({ indicators: denied(digest('sha256', script)), restriction: null });
    expect(await runs(script)).toBe(false);
    expect(await runs('/bin/sh', script)).toBe(true);
  });

  it('lets an allowed file run under a restriction, and only tells of one that is audited', async () => {
    guard = make();
    const [packaged, allowed, audited, other] = [
      file('packaged'),
      file('allowed'),
      file('audited'),
      file('other'),
    ];
    const restriction = DigestList.of({ md5: [digest('md5', packaged), digest('md5', audited)] });
    await guard.enforce({
      indicators: new Map([
        [digest('sha256', allowed), 'allow'],
        [digest('sha256', audited), 'observe'],
      ]),
      restriction,
    });
    expect(await runs(packaged)).toBe(true);
    expect(await runs(allowed)).toBe(true);
    expect(await runs(audited)).toBe(true);
    expect(await runs(audited)).toBe(true);
    await until('both audits', () => hits.filter((hit) => hit.outcome === 'observed').length === 2);
    // What the agent itself starts may run: live response on a restricted device.
    expect(await runs(other)).toBe(true);
    expect(spawnSync('sh', ['-c', `${other}; exit $?`]).status).toBe(126);
    await until('the denial', () => hits.some((hit) => hit.outcome === 'denied'));
    expect(hits.at(-1)).toMatchObject({ path: other, ground: { kind: 'restriction' } });
  });

  it('lets run what takes too long to read, and tells of it when it is read', async () => {
    guard = make({ verdictLimitMs: 50 });
    const big = file('big');
    execFileSync('truncate', ['-s', '400M', big]);
    await guard.enforce({ indicators: denied(digest('sha1', big)), restriction: null });
    expect(await runs(big)).toBe(true);
    await until('the late word', () => hits.length === 1);
    expect(hits[0]).toMatchObject({ outcome: 'late', path: big });
    expect(guard.counter('undecided')).toBe(1);
    expect(guard.health()).toMatchObject({ state: 'Running', lost: 1 });
    // It is known by now.
    expect(await runs(big)).toBe(false);
    rmSync(big);
  });

  it('lets everybody go, and says so, when the judging thread stalls', async () => {
    const stalled = await bundleGuardWorker('stalled-judge.program.ts');
    guard = new ExecutionGuard({
      guarded: [mount],
      log,
      hit: (hit) => hits.push(hit),
      program: stalled,
    });
    const path = file('held-up');
    await guard.enforce({ indicators: denied(digest('sha1', path)), restriction: null });
    // Started by another process: this one must be free to hear of it. Nobody answers, and still it runs.
    expect(spawnSync('sh', ['-c', `${path}; exit $?`]).status).toBe(0);
    await until('the word of it', () => !guard.running);
    expect(guard.health()).toMatchObject({
      state: 'Unavailable',
      reason: expect.stringContaining('stalled'),
    });
  });

  it('lets everybody go when the agent is killed in the middle of it', async () => {
    guard = make();
    const evil = file('survivor');
    const child = spawn(
      process.execPath,
      [await bundleGuardWorker('lone-guard.program.ts'), program, mount, digest('sha256', evil)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    expect(await runs(evil)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await runs(evil)).toBe(true);
  });

  it('says what it cannot guard', async () => {
    guard = make({ guarded: [join(mount, 'nowhere')] });
    await guard.enforce({ indicators: denied('0'.repeat(64)), restriction: null });
    expect(guard.health()).toMatchObject({
      source: 'execGuard',
      state: 'Degraded',
      reason: expect.stringContaining('nowhere'),
    });
  });
});
