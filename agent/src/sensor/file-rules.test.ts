import { describe, expect, it } from 'vitest';
import { isQuiet, mountsToWatch, parseMounts, QUIET_PATHS } from './file-rules.ts';

const mountinfo = `22 28 0:21 / /proc rw - proc proc rw
23 28 0:22 / /sys rw - sysfs sysfs rw
24 28 0:5 / /dev rw - devtmpfs devtmpfs rw
26 24 0:24 / /dev/shm rw - tmpfs tmpfs rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
29 28 254:0 /srv/data /mnt/bind rw - ext4 /dev/vda rw
30 28 254:1 /sub /home/a\\040b rw - xfs /dev/vdb rw
31 28 254:1 / /vol rw - xfs /dev/vdb rw
32 28 0:40 / /net rw - nfs4 server:/x rw
33 28 0:41 / /tmp rw - tmpfs tmpfs rw
`;

describe('file rules', () => {
  it('watch each file system of files once, at its widest mount', () => {
    expect(mountsToWatch(parseMounts(mountinfo)).map((m) => m.path)).toEqual(['/', '/vol', '/tmp']);
  });

  it('read paths with spaces', () => {
    expect(parseMounts(mountinfo)[6]).toEqual({
      root: '/sub',
      path: '/home/a b',
      type: 'xfs',
      device: '254:1',
    });
  });

  it('leave out the journal but not a neighbour of like name', () => {
    expect(isQuiet('/var/log/journal/x/system.journal', QUIET_PATHS)).toBe(true);
    expect(isQuiet('/var/log/journalism.txt', QUIET_PATHS)).toBe(false);
  });
});
