/**
 * What of the machine a sensor speaks for. Normally all of it. Two narrower scopes let one kernel carry several hosts (containers with
 * an agent each; a test's simulated machines): a cgroup v2 subtree, or the network namespace the agent runs in.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupPathOf, listPids, netnsOf } from './proc-files.ts';

export type SensorScope =
  | { kind: 'system' }
  | { kind: 'netns' }
  /** `path` below the root of the cgroup v2 hierarchy, such as `/system.slice/x`, or `self`: the agent's own cgroup at start. */
  | { kind: 'cgroup'; path: string };

/** `system`, `netns`, `cgroup:/path` or `cgroup:self`. @throws on anything else: a wrong scope would be silence or a flood. */
export function parseScope(text: string): SensorScope {
  if (text === 'system' || text === 'netns') return { kind: text };
  const path = /^cgroup:(self|\/.+)$/.exec(text)?.[1];
  if (path === undefined)
    throw new Error(`"${text}" is no sensor scope: expected system, netns, cgroup:/path or cgroup:self`);
  return { kind: 'cgroup', path };
}

export interface ResolvedScope {
  /** As sensor.bpf.c numbers it. */
  number: 0 | 1 | 2;
  /** Depth of the cgroup below the root. */
  level: number;
  cgroupId: bigint;
  /** Below the root of the hierarchy: of scope cgroup its own, else the root. */
  cgroupPath: string;
  netns: number;
  /** Whether a process seen by other means than BPF is in scope; null when it cannot be told any more. */
  contains(pid: number): boolean | null;
}

/** Mount point of the cgroup v2 hierarchy in a mountinfo text. */
export function findCgroup2(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const [mount = '', kind = ''] = line.split(' - ');
    if (kind.startsWith('cgroup2 ')) return mount.split(' ')[4] ?? null;
  }
  return null;
}

/**
 * A cgroup's folder as some process sees it. `ip netns exec` gives its child a fresh /sys without cgroups: then the first process's view is used, or
 * that of any other that may be looked at. @throws when there is none.
 */
export function cgroupFolder(path: string): string {
  let reason = 'no cgroup v2 hierarchy is mounted';
  for (const pid of [process.pid, 1, ...listPids()]) {
    try {
      const root = findCgroup2(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
      if (root === null) continue;
      const folder = join(`/proc/${pid}/root`, root, path);
      statSync(folder);
      return folder;
    } catch (error) {
      if (pid === process.pid) reason = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`cgroup ${path}: ${reason}`);
}

export function resolveScope(scope: SensorScope): ResolvedScope {
  switch (scope.kind) {
    case 'system':
      return { number: 0, level: 0, cgroupId: 0n, cgroupPath: '/', netns: 0, contains: () => true };
    case 'netns': {
      const netns = netnsOf('self');
      return {
        number: 2,
        level: 0,
        cgroupId: 0n,
        cgroupPath: '/',
        netns,
        contains: (pid) => {
          const theirs = netnsOf(pid);
          return theirs === 0 ? null : theirs === netns;
        },
      };
    }
    case 'cgroup': {
      const path = (scope.path === 'self' ? cgroupPathOf(process.pid) : scope.path)?.replace(/\/+$/, '');
      if (path === undefined) throw new Error('the agent has no cgroup v2');
      const depth = path.split('/').filter((part) => part !== '').length;
      return {
        number: 1,
        level: depth,
        cgroupId: statSync(cgroupFolder(path), { bigint: true }).ino,
        cgroupPath: path,
        netns: 0,
        contains: (pid) => {
          const theirs = cgroupPathOf(pid);
          return theirs === null ? null : `${theirs}/`.startsWith(`${path}/`);
        },
      };
    }
  }
}
