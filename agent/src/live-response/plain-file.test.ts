import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyAside } from './get-file.ts';
import { mountOf, parseMounts } from './mounts.ts';
import { openPlainFile } from './plain-file.ts';
import { putFile } from './put-file.ts';

const never = new AbortController().signal;

describe('files that are named', () => {
  let dir: string;
  const at = (...parts: string[]) => join(dir, ...parts);
  const content = async (path: string) => {
    const { handle } = await openPlainFile(path);
    try {
      return (await handle.readFile()).toString();
    } finally {
      await handle.close();
    }
  };

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'merlon-plain-'));
    mkdirSync(at('folder'));
    writeFileSync(at('folder', 'file'), 'content');
    symlinkSync('folder', at('link'));
    symlinkSync('../../../../../../etc/passwd', at('folder', 'elsewhere'));
    symlinkSync('round', at('round'));
    symlinkSync('/proc/self', at('kernel'));
    execFileSync('mkfifo', [at('pipe')]);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('are opened, through folders that are links too', async () => {
    expect(await content(at('folder', 'file'))).toBe('content');
    expect(await content(at('link', '..', 'link', '.', 'file'))).toBe('content');
  });

  it('are refused by what they are, without waiting for them', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
    const refused: [string, RegExp][] = [
      [at('folder'), /a folder/],
      [at('pipe'), /a pipe/],
      [at('socket'), /a socket/],
      ['/dev/zero', /a device/],
      ['/dev/tty', /a device|no \/dev\/tty/],
      [at('folder', 'elsewhere'), /symbolic link to .*etc\/passwd/],
      [at('round'), /symbolic link/],
      [at('round', 'x'), /too many|no /],
      [at('nothing'), /there is no/],
      [at('folder', 'file', 'x'), /there is no/],
      ['/proc/kmsg', /of type proc/],
      ['/proc/self/mem', /of type proc/],
      [at('kernel', 'environ'), /of type proc/],
      ['/sys/kernel/notes', /of type sysfs/],
      ['relative', /not an absolute/],
      [`${at('folder', 'file')}\0x`, /not an absolute/],
    ];
    for (const [path, expected] of refused) await expect(openPlainFile(path), path).rejects.toThrow(expected);
    server.close();
  });

  it('are copied aside byte for byte, up to the size that was asked for', async () => {
    const copied = await copyAside(at('link', 'file'), at('copy'), 7, never);
    expect(copied).toMatchObject({ path: at('folder', 'file'), size: 7 });
    expect(readFileSync(at('copy'), 'utf8')).toBe('content');
    await expect(copyAside(at('folder', 'file'), at('copy'), 6, never)).rejects.toThrow(/at most 6/);
  });

  it('are put under a plain name only', async () => {
    expect(await putFile(at('files'), 'a b', Buffer.from('x'))).toBe(at('files', 'a b'));
    for (const name of ['', '.', '..', '../x', 'a/b', 'a\\b', 'a\0b'])
      await expect(putFile(at('files'), name, Buffer.from('x')), name).rejects.toThrow(/not a file name/);
  });

  it('knows the mount that a path lies on', () => {
    const mounts = parseMounts(
      [
        '21 1 0:20 / / rw - ext4 /dev/vda rw',
        '22 21 0:21 / /mnt/a\\040b rw,relatime shared:1 - fuse.sshfs remote rw',
        '23 21 0:22 / /mnt rw - tmpfs tmpfs rw',
        '24 23 0:23 / /mnt rw - proc proc rw',
        'not a mount',
      ].join('\n'),
    );
    expect(mountOf('/mnt/a b/c', mounts)?.type).toBe('fuse.sshfs');
    expect(mountOf('/mnt/a', mounts)?.type).toBe('proc');
    expect(mountOf('/mntx', mounts)?.type).toBe('ext4');
  });
});
