/** Whether an engine's user can get to its files, and how its own data folder becomes its own. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EngineUser } from './engine-user.ts';

const OTHERS_SEARCH = 0o001;
const GROUP_SEARCH = 0o010;
const OWNER_SEARCH = 0o100;

/** The first folder on the way to `path` that the user may not pass, or null when the way is free. */
export function unreachableFor(user: EngineUser, path: string): string | null {
  const folders: string[] = [];
  for (let at = dirname(realpathSync(path)); ; at = dirname(at)) {
    folders.unshift(at);
    if (at === dirname(at)) break;
  }
  return (
    folders.find((folder) => {
      const { mode, uid, gid } = statSync(folder);
      const bit = uid === user.uid ? OWNER_SEARCH : gid === user.gid ? GROUP_SEARCH : OTHERS_SEARCH;
      return (mode & bit) === 0;
    }) ?? null
  );
}

/** Makes the folder if need be and gives it, with all it holds, to the user alone. Null: it stays ours. */
export function giveTo(user: EngineUser | null, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  if (user && statSync(folder).uid !== user.uid) chownTree(user, folder);
}

function chownTree(user: EngineUser, path: string): void {
  if (lstatSync(path).isSymbolicLink()) return;
  chownSync(path, user.uid, user.gid);
  if (!statSync(path).isDirectory()) return;
  for (const entry of readdirSync(path)) chownTree(user, join(path, entry));
}
