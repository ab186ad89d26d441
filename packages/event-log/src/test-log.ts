/** What the tests of this package share: a log in a folder of its own, and its crash. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ALL = { maxRecords: 100_000, maxBytes: 100_000_000 };

export function freshFolder(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-log-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** What a process that dies now leaves on disk, in a folder of its own. */
export function crashCopy(dir: string): { dir: string; remove(): void } {
  for (;;) {
    const copy = freshFolder();
    try {
      for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(copy.dir, name));
      return copy;
    } catch (error) {
      // Something was tidied away while it was copied: not a moment that ever was. Again.
      copy.remove();
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

export function segmentsIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(dir, name));
}
