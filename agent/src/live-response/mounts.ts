/** The file systems that are mounted here: /proc/self/mountinfo. */
import { readFile } from 'node:fs/promises';

export interface Mount {
  readonly path: string;
  readonly type: string;
}

export async function readMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** In the order of mounting: of two on one place, the later one is what is seen. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ', 2);
    const path = before?.split(' ')[4];
    const type = after?.split(' ')[0];
    return path === undefined || type === undefined ? [] : [{ path: unescaped(path), type }];
  });
}

/** The one that a path without symbolic links lies on. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const holds = mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`);
    if (holds && mount.path.length >= (found?.path.length ?? 0)) found = mount;
  }
  return found;
}

/** Blanks and backslashes stand as `\040`. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
