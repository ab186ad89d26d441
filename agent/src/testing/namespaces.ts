/** Network namespaces for tests: point-to-point links between machines that are only names. Nothing of this machine's own network is touched. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Null, or why there can be none here. */
export function whyNoNamespaces(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  for (const command of ['ip', 'nft']) {
    if (spawnSync(command, ['-V'], { stdio: 'ignore' }).error) return `${command} is not installed`;
  }
  const probe = `merlon-probe-${randomBytes(3).toString('hex')}`;
  const made = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (made.status !== 0) return `a network namespace cannot be made: ${made.stderr.trim()}`;
  ip('netns', 'delete', probe);
  return null;
}

export interface Namespace {
  readonly name: string;
  /** Words to put before a command. */
  readonly prefix: readonly string[];
}

export class Namespaces {
  readonly #id = randomBytes(3).toString('hex');
  readonly #made: string[] = [];

  make(label: string): Namespace {
    const name = `merlon-${this.#id}-${label}`;
    ip('netns', 'add', name);
    this.#made.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return { name, prefix: ['ip', 'netns', 'exec', name] };
  }

  /** Joins two by a cable: 10.77.N.1 and fd77:N::1 at the one end, .2 and ::2 at the other. */
  join(one: Namespace, other: Namespace, n: number): void {
    const [left, right] = [`l${n}`, `r${n}`];
    ip('link', 'add', left, 'netns', one.name, 'type', 'veth', 'peer', 'name', right, 'netns', other.name);
    for (const [namespace, link, host] of [
      [one, left, 1],
      [other, right, 2],
    ] as const) {
      ip('-n', namespace.name, 'addr', 'add', `10.77.${n}.${host}/24`, 'dev', link);
      ip('-n', namespace.name, 'addr', 'add', `fd77:${n}::${host}/64`, 'dev', link, 'nodad');
      ip('-n', namespace.name, 'link', 'set', link, 'up');
    }
  }

  remove(): void {
    for (const name of this.#made.splice(0)) ip('netns', 'delete', name);
  }
}
