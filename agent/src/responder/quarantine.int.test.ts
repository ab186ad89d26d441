/** Stopping and putting files away, on real processes and files: those of a folder and a tmpfs of the test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExecutionError, ExecutionOrder } from '../channel/order-desk.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { until } from '../testing/until.ts';
import { ImageHashes } from './image-hashes.ts';
import { runningImages } from './program-processes.ts';
import { Quarantine } from './quarantine.ts';
import { DEFAULT_BOUNDS } from './quarantine-search.ts';

const reason = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs Linux and root' : null;
if (reason !== null) console.log(`quarantine was not tested: ${reason}`);

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Starts others of itself as fast as it can, and heeds no SIGTERM. */
const SPAWNER =
  "trap '' TERM; i=0; while [ $i -lt 300 ]; do ( while :; do sleep 0.2; done ) & i=$((i+1)); done; wait";

describe.skipIf(reason !== null)('quarantine', () => {
  let folder: string;
  let mount: string;
  let places: string;
  let home: string;
  let quarantine: Quarantine;
  let count = 0;

  /** A program of its own bytes. */
  const program = (name: string, of = '/bin/sleep', at = places): string => {
    const path = join(at, name);
    copyFileSync(of, path);
    appendFileSync(path, `${name} ${count++}`);
    chmodSync(path, 0o755);
    return path;
  };
  const make = (more: { maxBytes?: number; roots?: string[]; seen?: string[] } = {}) => {
    quarantine = new Quarantine({
      home,
      log: quietLog(),
      now: () => new Date('2026-01-02T03:04:05Z'),
      hashes: new ImageHashes(() => null),
      seen: { pathsOf: () => more.seen ?? [] },
      bounds: { ...DEFAULT_BOUNDS, roots: more.roots ?? [places] },
      ...(more.maxBytes === undefined ? {} : { maxBytes: more.maxBytes }),
    });
  };
  const order = (value: string, orderId = '1'): ExecutionOrder<'StopAndQuarantineFile'> => ({
    orderId,
    params: { file: value.length === 64 ? { algorithm: 'Sha256', value } : { algorithm: 'Sha1', value } },
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  const failure = async (work: Promise<unknown>): Promise<ExecutionError> => {
    const error = await work.then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(Error);
    return error as ExecutionError;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-quarantine-'));
    mount = join(folder, 'mount');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'merlon-test', mount]);
  });
  beforeEach(() => {
    places = mkdtempSync(join(folder, 'places-'));
    home = mkdtempSync(join(folder, 'home-'));
    make();
  });
  afterAll(() => {
    spawnSync('umount', [mount]);
    spawnSync('chattr', ['-R', '-i', folder]);
    rmSync(folder, { recursive: true });
  });

  it('stops every process of a file and puts it away, out of everybody’s reach', async () => {
    const path = program('evil');
    const bytes = readFileSync(path);
    const running = [1, 2, 3].map(() => spawn(path, ['60'], { stdio: 'ignore' }));
    const pids = running.map(({ pid }) => pid ?? 0);
    await until('they run', () => runningImages().some((i) => i.path === path && i.pids.length === 3));
    const hash = sha256(path);
    const evidence = await quarantine.quarantine(order(hash));
    expect(existsSync(path)).toBe(false);
    expect(evidence).toMatchObject({
      before: { paths: [path] },
      after: { running: [], paths: [] },
      moved: [{ path, sha256: hash, linksLeft: 0 }],
    });
    expect((evidence.killed as number[]).sort()).toEqual([...pids].sort());
    await until('they ended', () => running.every((child) => child.signalCode === 'SIGKILL'));
    const [entry] = await quarantine.list();
    const content = join(home, 'quarantine', entry?.id ?? '', 'content');
    expect(statSync(content).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'quarantine.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(content).includes(bytes.subarray(0, 64))).toBe(false);
  });

  it('outruns a program that starts others of itself', async () => {
    const path = program('spawner', '/bin/dash');
    spawn(path, ['-c', SPAWNER], {
      stdio: 'ignore',
      detached: true,
    });
    await until('some of it', () => runningImages().some((i) => i.path === path && i.pids.length > 5));
    const evidence = await quarantine.quarantine(order(sha256(path)));
    expect(evidence).toMatchObject({ after: { running: [] } });
    expect((evidence.killed as number[]).length).toBeGreaterThan(5);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runningImages().some((i) => i.path?.startsWith(path))).toBe(false);
  });

  it('puts a file back byte for byte, with owner, mode, times, attributes and all its names', async () => {
    const path = program('tool');
    const other = join(places, 'below', 'same-file');
    mkdirSync(join(places, 'below'));
    chownSync(path, 1234, 4321);
    chmodSync(path, 0o4750);
    execFileSync('python3', ['-c', `import os; os.setxattr("${path}", "user.origin", b"\\x00\\xffmail")`]);
    utimesSync(path, 1_600_000_000.25, 1_500_000_000.5);
    linkSync(path, other);
    const bytes = readFileSync(path);
    const hash = sha256(path);
    utimesSync(path, 1_600_000_000.25, 1_500_000_000.5);
    const evidence = await quarantine.quarantine(order(createHash('sha1').update(bytes).digest('hex')));
    expect(evidence.moved).toHaveLength(2);
    expect(existsSync(path) || existsSync(other)).toBe(false);
    const restored = await quarantine.restore({ params: { file: { algorithm: 'Sha256', value: hash } } });
    expect(restored).toMatchObject({ restored: [{ sha256: hash, mode: 0o4750, uid: 1234, gid: 4321 }] });
    const stat = lstatSync(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect([stat.mode & 0o7777, stat.uid, stat.gid, stat.nlink]).toEqual([0o4750, 1234, 4321, 2]);
    expect(stat.mtimeMs).toBe(1_500_000_000_500);
    expect(lstatSync(other).ino).toBe(stat.ino);
    const read = execFileSync('python3', [
      '-c',
      `import os,sys; sys.stdout.buffer.write(os.getxattr("${path}", "user.origin"))`,
    ]);
    expect(read.toString('hex')).toBe('00ff6d61696c');
    expect(await quarantine.list()).toEqual([]);
    expect(readdirSync(places).sort()).toEqual(['below', 'tool']);
  });

  it('finds copies of a file elsewhere, and follows no link', async () => {
    const path = program('one');
    const copy = join(places, 'copy');
    const outside = join(folder, `outside-${count}`);
    copyFileSync(path, copy);
    copyFileSync(path, outside);
    symlinkSync(outside, join(places, 'link'));
    await quarantine.quarantine(order(sha256(path)));
    expect(existsSync(path) || existsSync(copy)).toBe(false);
    expect(existsSync(outside)).toBe(true);
    expect(lstatSync(join(places, 'link')).isSymbolicLink()).toBe(true);
  });

  it('searches no disk for what runs, or lies where it was seen', async () => {
    const path = program('seen');
    make({ roots: ['/nowhere'], seen: [join(places, 'other'), path] });
    const evidence = await quarantine.quarantine(order(sha256(path)));
    expect(evidence).toMatchObject({ moved: [{ path }], looked: { roots: [], hints: 2 } });
  });

  it('takes the permission to run from names that lie where it did not look', async () => {
    const path = program('linked');
    const elsewhere = join(folder, `elsewhere-${count}`);
    linkSync(path, elsewhere);
    const evidence = await quarantine.quarantine(order(sha256(path)));
    expect(evidence.moved).toMatchObject([{ linksLeft: 1 }]);
    expect(spawnSync(elsewhere, ['0']).error).toMatchObject({ code: 'EACCES' });
  });

  it('keeps the bytes of a program that deleted its file, and stops it', async () => {
    const path = program('ghost');
    const child = spawn(path, ['60'], { stdio: 'ignore' });
    await until('it runs', () => runningImages().some((i) => i.path === path));
    const hash = sha256(path);
    unlinkSync(path);
    const evidence = await quarantine.quarantine(order(hash));
    expect(evidence).toMatchObject({ killed: [child.pid], moved: [{ path: null, sha256: hash }] });
    const restored = await quarantine.restore({ params: { file: { algorithm: 'Sha256', value: hash } } });
    expect(restored).toMatchObject({ restored: [{ paths: [], note: expect.stringContaining('no name') }] });
  });

  it('does it again after an interruption, and finds what was done', async () => {
    const path = program('twice');
    const hash = sha256(path);
    const first = await quarantine.quarantine(order(hash, 'order-7'));
    make();
    const second = await quarantine.quarantine(order(hash, 'order-7'));
    expect(second.moved).toEqual(first.moved);
    await expect(quarantine.quarantine(order(hash, 'order-8'))).rejects.toThrow(/no file of this hash/);
  });

  it('does not overwrite what has the name by now, unless that is the same', async () => {
    const path = program('back');
    const bytes = readFileSync(path);
    const hash = sha256(path);
    const params = { file: { algorithm: 'Sha256', value: hash } } as const;
    await quarantine.quarantine(order(hash));
    writeFileSync(path, 'another');
    await expect(quarantine.restore({ params })).rejects.toThrow(/not overwritten/);
    expect(readFileSync(path, 'utf8')).toBe('another');
    unlinkSync(path);
    symlinkSync('/etc/passwd', path);
    await expect(quarantine.restore({ params })).rejects.toThrow(/not overwritten/);
    unlinkSync(path);
    writeFileSync(path, bytes);
    await quarantine.restore({ params });
    await expect(quarantine.restore({ params })).rejects.toThrow(/no file of this hash is in quarantine/);
    expect(readdirSync(places)).toEqual(['back']);
  });

  it('names what hinders it, stops the program all the same, and keeps no copy of what stays', async () => {
    const path = program('stays', '/bin/sleep', mount);
    make({ roots: [mount] });
    const child = spawn(path, ['60'], { stdio: 'ignore' });
    await until('it runs', () => runningImages().some((i) => i.path === path));
    const hash = sha256(path);
    execFileSync('mount', ['-o', 'remount,ro', mount]);
    const error = await failure(quarantine.quarantine(order(hash)));
    execFileSync('mount', ['-o', 'remount,rw', mount]);
    expect(error.message).toMatch(/mounted read-only/);
    expect(error.evidence).toMatchObject({ killed: [child.pid], after: { running: [], paths: [path] } });
    expect(await quarantine.list()).toEqual([]);
    make({ roots: [mount], maxBytes: 1_000 });
    expect((await failure(quarantine.quarantine(order(hash)))).message).toMatch(/at most 1000 are put away/);
  });

  it('takes an immutable file, and gives it back as such', async () => {
    const path = program('immutable');
    if (spawnSync('chattr', ['+i', path]).status !== 0) return;
    const hash = sha256(path);
    await quarantine.quarantine(order(hash));
    expect(existsSync(path)).toBe(false);
    await quarantine.restore({ params: { file: { algorithm: 'Sha256', value: hash } } });
    expect(() => unlinkSync(path)).toThrow(/EPERM/);
    execFileSync('chattr', ['-i', path]);
  });

  it('notices that what was put away was changed', async () => {
    const path = program('tampered');
    const hash = sha256(path);
    await quarantine.quarantine(order(hash));
    const [entry] = await quarantine.list();
    const content = join(home, 'quarantine', entry?.id ?? '', 'content');
    spawnSync('chattr', ['-i', content]);
    const bytes = readFileSync(content);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(content, bytes);
    await expect(
      quarantine.restore({ params: { file: { algorithm: 'Sha256', value: hash } } }),
    ).rejects.toThrow(/was changed/);
    expect(readdirSync(places)).toEqual([]);
  });

  it('refuses to stop what the machine or the agent lives by', async () => {
    make({ roots: [] });
    await expect(quarantine.quarantine(order(sha256('/proc/self/exe')))).rejects.toThrow(/agent itself/);
    expect(process.pid).toBeGreaterThan(1);
  });

  it('leaves a restored file alone when an indicator would take it again, and not when an order does', async () => {
    const path = program('restored');
    const hash = sha256(path);
    const file = { algorithm: 'Sha256', value: hash } as const;
    const met = { cause: 'indicator 1', path, putAway: true, sparesRestored: true };
    expect(await quarantine.remediate(file, met)).toMatchObject({ moved: [{ path }] });
    expect(await quarantine.remediate(file, met)).toBeNull();
    await quarantine.restore({ params: { file } });
    expect(await quarantine.remediate(file, met)).toBeNull();
    expect(existsSync(path)).toBe(true);
    await quarantine.quarantine(order(hash));
    expect(existsSync(path)).toBe(false);
  });
});
