/** Names of user and group ids, from /etc/passwd and /etc/group. A file is read again when it changed. */
import { readFileSync, statSync } from 'node:fs';

/** `name:…:id:…` lines, as both files have them. */
export function parseIds(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === undefined || name === '' || id === undefined || !/^\d{1,10}$/.test(id)) continue;
    // The first name of an id is the one the system's own look-up gives.
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

const RECHECK_MS = 1000;
const MAX_FORMER = 4096;

export class IdNames {
  #path: string;
  #names = new Map<number, string>();
  /** Names that are gone: what is told of a deleted account comes after its deletion. */
  #former = new Map<number, string>();
  #stamp = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /** The name, or null. `nowMs` is any steady clock. */
  find(id: number, nowMs: number): string | null {
    if (nowMs - this.#checkedAt >= RECHECK_MS) {
      this.#checkedAt = nowMs;
      this.#refresh();
    }
    return this.#names.get(id) ?? this.#former.get(id) ?? null;
  }

  idOf(name: string): number | null {
    for (const [id, known] of this.#names) if (known === name) return id;
    return null;
  }

  #refresh(): void {
    try {
      const { ino, mtimeMs, size } = statSync(this.#path);
      const stamp = `${ino} ${mtimeMs} ${size}`;
      if (stamp === this.#stamp) return;
      const names = parseIds(readFileSync(this.#path, 'utf8'));
      if (this.#former.size > MAX_FORMER) this.#former.clear();
      for (const [id, name] of this.#names) if (!names.has(id)) this.#former.set(id, name);
      this.#names = names;
      this.#stamp = stamp;
    } catch {
      // Being replaced at this moment, or absent: what is known stays.
    }
  }
}
