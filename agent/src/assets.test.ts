import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAsset } from './asset-places.ts';
import { unpack } from './assets.ts';

describe('findAsset', () => {
  it('finds the agent’s files beside its sources, and none that others bring', () => {
    const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    expect(findAsset('hash-worker.js')).toBe(at('./sensor/hash-worker.mjs'));
    expect(findAsset('sensor.bpf.o')).toBe(at('../native/sensor.bpf.o'));
    expect(findAsset('libbpf.so.1')).toBeNull();
  });
});

describe('unpack', () => {
  let base: string;
  let parent: string;
  const assets = new Map([
    ['a.o', Buffer.from('one')],
    ['b.so', Buffer.from([0, 1, 2])],
  ]);
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'merlon-assets-'));
    parent = join(base, 'runtime');
  });
  afterEach(() => rm(base, { recursive: true }));
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

  it('writes them to a folder that is named by their content and is for its owner alone', async () => {
    const folder = await unpack(parent, assets);
    expect(folder).toMatch(/\/runtime\/[0-9a-f]{32}$/);
    expect((await readdir(folder)).sort()).toEqual(['a.o', 'b.so']);
    expect(await readFile(join(folder, 'b.so'))).toEqual(Buffer.from([0, 1, 2]));
    expect([await modeOf(parent), await modeOf(folder), await modeOf(join(folder, 'a.o'))]).toEqual([
      0o700, 0o700, 0o600,
    ]);
    expect(await unpack(parent, new Map([...assets, ['c', Buffer.alloc(1)]]))).not.toBe(folder);
  });

  it('leaves a whole file as it is, and replaces one that was changed, cut or made a link', async () => {
    const folder = await unpack(parent, assets);
    const before = await stat(join(folder, 'a.o'));
    await writeFile(join(folder, 'b.so'), Buffer.from([0, 1, 3]));
    await unpack(parent, assets);
    expect((await stat(join(folder, 'a.o'))).ino).toBe(before.ino);
    expect(await readFile(join(folder, 'b.so'))).toEqual(Buffer.from([0, 1, 2]));

    const elsewhere = join(base, 'elsewhere');
    await writeFile(elsewhere, 'one');
    await rm(join(folder, 'a.o'));
    await symlink(elsewhere, join(folder, 'a.o'));
    await unpack(parent, assets);
    await writeFile(elsewhere, 'other');
    expect(await readFile(join(folder, 'a.o'), 'utf8')).toBe('one');
  });

  it('closes a folder that stood open, and refuses one that is a link', async () => {
    const folder = await unpack(parent, assets);
    await chmod(folder, 0o777);
    await unpack(parent, assets);
    expect(await modeOf(folder)).toBe(0o700);

    await mkdir(join(base, 'trap'));
    await rm(parent, { recursive: true });
    await symlink(join(base, 'trap'), parent);
    await expect(unpack(parent, assets)).rejects.toThrow('is not a folder');
    expect(await readdir(join(base, 'trap'))).toEqual([]);
  });

  it('removes what another version left', async () => {
    const old = await unpack(parent, new Map([['a.o', Buffer.from('old')]]));
    const folder = await unpack(parent, assets);
    expect(await readdir(parent)).toEqual([folder.slice(parent.length + 1)]);
    expect(old).not.toBe(folder);
  });
});
