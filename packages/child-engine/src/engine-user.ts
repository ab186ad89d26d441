/**
 * The unprivileged OS user an engine runs as when Merlon itself runs as root: PostgreSQL refuses root, and a query engine that could read
 * every file on the machine would make any flaw in it a flaw of the machine.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface EngineUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Null when not root: then engines run as whoever runs Merlon. Creates the user when there is none. */
export function ensureEngineUser(name: string): EngineUser | null {
  if (process.getuid?.() !== 0) return null;
  const known = lookUp(name);
  if (known) return known;
  try {
    execFileSync(
      'useradd',
      [
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/usr/sbin/nologin',
        name,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  } catch (error) {
    // Two servers may start at once: the other one's success is ours too.
    const made = lookUp(name);
    if (made) return made;
    throw new Error(
      `Merlon runs as root and needs the system user "${name}" for its engine, but could not create it (${(error as Error).message.trim()}). ` +
        `Create it, or run Merlon as an ordinary user.`,
    );
  }
  const made = lookUp(name);
  if (!made) throw new Error(`the system user "${name}" was created but cannot be found`);
  return made;
}

function lookUp(name: string): EngineUser | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}
