import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IdNames, parseIds } from './accounts.ts';
import { Listeners } from './listeners.ts';
import { NameCache } from './name-cache.ts';
import { ProcessTable } from './process-table.ts';
import { findCgroup2, parseScope } from './scope.ts';

describe('account names', () => {
  it('follow the file, and remember who was deleted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'merlon-accounts-'));
    try {
      const path = join(folder, 'passwd');
      writeFileSync(
        path,
        'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbad line\n',
      );
      const names = new IdNames(path);
      expect(names.find(0, 0)).toBe('root');
      expect(names.find(7, 0)).toBeNull();
      writeFileSync(`${path}-`, 'root:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n');
      renameSync(`${path}-`, path);
      expect(names.find(1001, 1500)).toBe('bob');
      expect(names.find(1000, 1500)).toBe('ann');
      expect(names.idOf('bob')).toBe(1001);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('take only whole numbers', () => {
    expect(parseIds('a:x:1x\nb:x:\nc:x:5')).toEqual(new Map([[5, 'c']]));
  });
});

describe('names of addresses', () => {
  it('live at least a minute and at most an hour', () => {
    const names = new NameCache();
    names.learn('192.0.2.1', 'short.test', 1, 0);
    names.learn('192.0.2.2', 'long.test', 1e9, 0);
    expect(names.nameOf('192.0.2.1', 60_000)).toBe('short.test');
    expect(names.nameOf('192.0.2.1', 60_001)).toBeNull();
    expect(names.nameOf('192.0.2.2', 3_600_001)).toBeNull();
    names.learn('192.0.2.2', 'newer.test', 60, 10);
    expect(names.nameOf('192.0.2.2', 20)).toBe('newer.test');
  });
});

describe('listeners', () => {
  it('are found by their address, or by listening on all', () => {
    const table = new ProcessTable(String);
    const process = (pid: number) =>
      table.fork({ pid, start: 1, parentPid: 1, uid: 0, session: null, netns: 1, cgroup: 1 }, null);
    const [all, one] = [process(1), process(2)];
    const listeners = new Listeners();
    listeners.add(1, '0.0.0.0', 80, all);
    listeners.add(1, '10.0.0.1', 80, one);
    expect(listeners.ownerOf(1, '10.0.0.1', 80)).toBe(one);
    expect(listeners.ownerOf(1, '10.0.0.2', 80)).toBe(all);
    expect(listeners.ownerOf(2, '10.0.0.1', 80)).toBeNull();
    listeners.remove(1, '10.0.0.1', 80);
    expect(listeners.ownerOf(1, '10.0.0.1', 80)).toBe(all);
  });
});

describe('scopes', () => {
  it('are one of four, or refused', () => {
    expect(parseScope('system')).toEqual({ kind: 'system' });
    expect(parseScope('netns')).toEqual({ kind: 'netns' });
    expect(parseScope('cgroup:/a/b')).toEqual({ kind: 'cgroup', path: '/a/b' });
    expect(parseScope('cgroup:self')).toEqual({ kind: 'cgroup', path: 'self' });
    for (const wrong of ['', 'cgroup:', 'cgroup:a', 'container'])
      expect(() => parseScope(wrong)).toThrow(/no sensor scope/);
  });

  it('find the unified hierarchy beside the old ones', () => {
    expect(
      findCgroup2(
        '1 2 0:3 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n4 2 0:9 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
      ),
    ).toBe('/sys/fs/cgroup/unified');
    expect(findCgroup2('1 2 0:3 / /sys rw - sysfs sysfs rw\n')).toBeNull();
  });
});
