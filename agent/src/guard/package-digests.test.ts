import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { packageStamp, parseRpmDigests, readPackageFiles } from './package-digests.ts';

const folder = temporaryFolders();
const md5 = (c: string) => c.repeat(32);

describe('files of packages', () => {
  it('are what dpkg wrote down, and what is the agent’s own', async () => {
    const dpkg = await folder();
    mkdirSync(join(dpkg, 'info'));
    writeFileSync(join(dpkg, 'status'), '');
    writeFileSync(
      join(dpkg, 'info', 'one.md5sums'),
      `${md5('a')}  bin/a\n${md5('b')}  usr/bin/with blanks\n`,
    );
    writeFileSync(join(dpkg, 'info', 'two:amd64.md5sums'), `${md5('c')}  lib/c`);
    writeFileSync(join(dpkg, 'info', 'two:amd64.list'), `${md5('d')}  not a sum`);
    const places = { dpkg, rpm: [] };
    const own = 'e'.repeat(64);
    const files = await readPackageFiles([own], places);
    expect(files).toMatchObject({ manager: 'dpkg', packages: 2 });
    expect(files.list.size).toBe(4);
    const holds = (hash: string) =>
      files.list.holds({ md5: hash.slice(0, 32), sha1: '', sha256: hash.padEnd(64, '0') });
    expect(['a', 'b', 'c', 'd'].map((c) => holds(md5(c)))).toEqual([true, true, true, false]);
    expect(holds(own)).toBe(true);
    expect(await packageStamp(places)).toBe(files.stamp);
    utimesSync(join(dpkg, 'status'), 1, 1);
    expect(await packageStamp(places)).not.toBe(files.stamp);
  });

  it('are of either kind where rpm tells of them', () => {
    expect(parseRpmDigests(`${md5('a')}\n\n${'b'.repeat(64)}\nbash=\n${'c'.repeat(64)}\nzlib=\n`)).toEqual({
      md5: [md5('a')],
      sha256: ['b'.repeat(64), 'c'.repeat(64)],
      packages: 2,
    });
  });
});
