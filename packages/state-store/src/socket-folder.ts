/**
 * Where the embedded server listens: a folder that only it and we may enter. A socket's path may have 107 bytes, so it cannot lie under a long
 * MERLON_HOME; it lies among the temporary files, under a name that tells whose it is.
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { EngineUser } from '@merlon/child-engine';

const LONGEST_PARENT = 60;

export interface SocketFolder {
  readonly path: string;
  /** Removes those that killed servers on the same data left behind. To be called once the data is ours alone. */
  removeOlder(): void;
  remove(): void;
}

export function makeSocketFolder(dataFolder: string, user: EngineUser | null): SocketFolder {
  const parent = tmpdir().length <= LONGEST_PARENT ? tmpdir() : '/tmp';
  const prefix = `merlon-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 12)}-`;
  const path = mkdtempSync(join(parent, prefix));
  chmodSync(path, 0o700);
  if (user) chownSync(path, user.uid, user.gid);
  return {
    path,
    removeOlder() {
      for (const name of readdirSync(parent)) {
        if (!name.startsWith(prefix) || name === basename(path)) continue;
        try {
          rmSync(join(parent, name), { recursive: true, force: true });
        } catch {
          // Another user's folder of that name: not ours to remove.
        }
      }
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
