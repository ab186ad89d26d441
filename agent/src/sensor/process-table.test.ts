import { describe, expect, it } from 'vitest';
import { type NewImage, NS_PER_TICK, ProcessTable, REMEMBER_ENDED_MS } from './process-table.ts';

const facts = (pid: number, start: number, parentPid = 1) => ({
  pid,
  start,
  parentPid,
  uid: 0,
  session: null,
  netns: 1,
  cgroup: 1,
});
const image = (path: string): NewImage => ({
  path,
  commandLine: path,
  uid: 0,
  session: null,
  netns: 1,
  cgroup: 1,
  file: null,
  fileSize: 1,
});
const table = () => new ProcessTable((ns) => `T${ns}`);
const shell = (t: ProcessTable) =>
  t.seed({ ...facts(10, 5 * NS_PER_TICK), path: '/bin/sh', commandLine: 'sh', inScope: true }, null);

describe('process table', () => {
  it('gives a child its parent, and keeps what the parent ran at the fork', () => {
    const t = table();
    const sh = shell(t);
    const child = t.fork(facts(11, 7e9, 10), sh);
    expect(child).toMatchObject({ path: '/bin/sh', parentPid: 10, parentFileName: 'sh' });
    t.exec(10, 5 * NS_PER_TICK, image('/bin/other'), t.find(10), { pid: 1, record: null });
    const ls = t.exec(11, 7e9, image('/bin/ls'), t.find(11, 7e9), { pid: 10, record: t.find(10) });
    expect(ls.parent).toBe(sh);
    expect(ls.parent?.fileName).toBe('sh');
    expect(ls.creationTime).toBe('T7000000000');
  });

  it('names the process that forked it, though that one is gone', () => {
    const t = table();
    const sh = shell(t);
    const middle = t.fork(facts(11, 7e9, 10), sh);
    t.fork(facts(12, 8e9, 11), middle);
    t.exit(11, 7e9, 0);
    // By now its parent is the first process.
    const daemon = t.exec(12, 8e9, image('/bin/daemon'), t.find(12, 8e9), { pid: 1, record: null });
    expect(daemon).toMatchObject({ parentPid: 11, parentFileName: 'sh' });
    expect(daemon.parent?.pid).toBe(11);
  });

  it('tells two processes of one pid apart', () => {
    const t = table();
    t.fork(facts(20, 1e9), null);
    t.exec(20, 1e9, image('/bin/first'), t.find(20), { pid: 1, record: null });
    t.exit(20, 1e9, 0);
    t.fork(facts(20, 9e9), null);
    expect(t.find(20)?.start).toBe(9e9);
    expect(t.find(20, 1e9)?.fileName).toBe('first');
    expect(t.find(20, 2e9)).toBeNull();
  });

  it('learns the exact start of a process found in /proc', () => {
    const t = table();
    const sh = shell(t);
    expect(t.find(10, 5 * NS_PER_TICK + 123)).toBe(sh);
    expect(sh).toMatchObject({ start: 50_000_123, exact: true, creationTime: 'T50000123' });
    expect(t.find(10, 5 * NS_PER_TICK + 124)).toBeNull();
  });

  it('does not take a process of /proc twice when its fork was seen too', () => {
    const t = table();
    const forked = t.fork(facts(30, 3 * NS_PER_TICK + 55), null);
    expect(t.seed({ ...facts(30, 3 * NS_PER_TICK), path: '/x', commandLine: 'x', inScope: true }, null)).toBe(
      forked,
    );
  });

  it('remembers the ended for a while and then forgets them', () => {
    const t = table();
    t.fork(facts(40, 1e9), null);
    t.exit(40, 1e9, 1000);
    t.sweep(1000 + REMEMBER_ENDED_MS - 1);
    expect(t.find(40, 1e9)?.ended).toBe(true);
    t.sweep(1000 + REMEMBER_ENDED_MS);
    expect(t.find(40, 1e9)).toBeNull();
    expect(t.size).toBe(0);
  });

  it('holds no chain of dead ancestors', () => {
    const t = table();
    let parent = shell(t);
    for (let i = 0; i < 1000; i++) {
      const child = t.fork(facts(100 + i, 1e9 + i, parent.pid), parent);
      t.exec(child.pid, child.start, image('/bin/again'), child, { pid: parent.pid, record: parent });
      t.exit(parent.pid, parent.start, 0);
      parent = t.find(100 + i) ?? parent;
    }
    let depth = 0;
    for (let at = parent.parent; at !== null; at = at.parent) depth++;
    expect(depth).toBeLessThan(3);
  });

  it('takes a missed end as an end', () => {
    const t = table();
    const first = t.fork(facts(50, 1e9), null);
    t.fork(facts(50, 2e9), null);
    expect(first.ended).toBe(true);
    expect([...t.living()].map((r) => r.start)).toEqual([2e9]);
  });
});
