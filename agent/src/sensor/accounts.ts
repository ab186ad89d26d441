/** Names of user ids, from /etc/passwd. The file is read again when it changed. */
import { readFileSync, statSync } from 'node:fs';

export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === undefined || name === '' || uid === undefined || !/^\d{1,10}$/.test(uid)) continue;
    // The first name of an id is the one the system's own look-up gives.
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

const RECHECK_MS = 1000;

export class Accounts {
  #path: string;
  #names = new Map<number, string>();
  #stamp = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(path = '/etc/passwd') {
    this.#path = path;
  }

  /** The account's name, or its number as text. `nowMs` is any steady clock. */
  name(uid: number, nowMs: number): string {
    if (nowMs - this.#checkedAt >= RECHECK_MS) {
      this.#checkedAt = nowMs;
      this.#refresh();
    }
    return this.#names.get(uid) ?? String(uid);
  }

  uidOf(name: string): number | null {
    for (const [uid, known] of this.#names) if (known === name) return uid;
    return null;
  }

  #refresh(): void {
    try {
      const { ino, mtimeMs, size } = statSync(this.#path);
      const stamp = `${ino} ${mtimeMs} ${size}`;
      if (stamp === this.#stamp) return;
      this.#names = parsePasswd(readFileSync(this.#path, 'utf8'));
      this.#stamp = stamp;
    } catch {
      // Being replaced at this moment, or absent: what is known stays.
    }
  }
}
