/** The cgroup 2 path of this process, when it is one that the agent has to itself and that a firewall rule can name. */
import { readFile } from 'node:fs/promises';

/** Only a unit's own folder is the agent's alone: a login session's is shared with whatever its user runs. */
const OWN = /(^|\/)merlon-agent\.service$/;

export async function ownCgroup(file = '/proc/self/cgroup'): Promise<string | null> {
  try {
    return parseOwnCgroup(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

export function parseOwnCgroup(text: string): string | null {
  const line = text.split('\n').find((l) => l.startsWith('0::/'));
  const path = line?.slice('0::/'.length) ?? '';
  return OWN.test(path) && /^[\w./@:-]{1,1024}$/.test(path) ? path : null;
}
