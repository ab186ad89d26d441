/** Files of the device, copied for an investigation: regular ones alone, never through a symbolic link, never more than there is room for. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../agent-error.ts';

/** No symbolic link as the last name, and a FIFO put there must not hold us up. */
const READ_REGULAR = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK_BYTES = 256 * 1024;
const MAX_DEPTH = 8;
const MAX_FILES = 5_000;

export interface CopyBudget {
  /** Bytes left for all. */
  bytes: number;
  files: number;
}

export interface CopyReport {
  copied: number;
  bytes: number;
  /** Paths not copied whole, with the reason. */
  readonly problems: { path: string; reason: string }[];
}

export function newBudget(bytes: number): CopyBudget {
  return { bytes, files: MAX_FILES };
}

/** Copies each into the folder under its own path. */
export async function copyFiles(
  patterns: readonly string[],
  into: string,
  options: { readonly budget: CopyBudget; readonly maxFileBytes: number; readonly signal: AbortSignal },
): Promise<CopyReport> {
  const report: CopyReport = { copied: 0, bytes: 0, problems: [] };
  for (const pattern of patterns) {
    for (const path of await expand(pattern)) await copyPath(path, into, 0);
  }
  return report;

  async function copyPath(path: string, root: string, depth: number): Promise<void> {
    options.signal.throwIfAborted();
    try {
      const found = await lstat(path);
      if (found.isDirectory()) {
        if (depth >= MAX_DEPTH) return void report.problems.push({ path, reason: 'too deep' });
        for (const name of (await readdir(path)).sort()) await copyPath(join(path, name), root, depth + 1);
      } else if (found.isFile()) {
        await copyOne(path, join(root, path));
      } else if (!found.isSymbolicLink()) {
        report.problems.push({ path, reason: 'not a regular file' });
      }
    } catch (error) {
      options.signal.throwIfAborted();
      if (codeOf(error) !== 'ENOENT')
        report.problems.push({ path, reason: codeOf(error) ?? messageOf(error) });
    }
  }

  async function copyOne(path: string, to: string): Promise<void> {
    const { budget, maxFileBytes } = options;
    if (budget.files <= 0 || budget.bytes <= 0) {
      report.problems.push({ path, reason: 'the package is full' });
      return;
    }
    const source = await open(path, READ_REGULAR);
    try {
      if (!(await source.stat()).isFile())
        return void report.problems.push({ path, reason: 'not a regular file' });
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      const target = await open(to, 'wx', 0o600);
      try {
        const limit = Math.min(maxFileBytes, budget.bytes);
        const { bytes, whole } = await pump(source, target, limit, options.signal);
        budget.bytes -= bytes;
        budget.files -= 1;
        report.bytes += bytes;
        report.copied += 1;
        if (!whole) report.problems.push({ path, reason: `cut at ${limit} bytes` });
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  }
}

async function pump(source: FileHandle, target: FileHandle, limit: number, signal: AbortSignal) {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    // Sizes are not asked for: files of /proc have none, and a log grows while it is read.
    const { bytesRead } = await source.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) return { bytes, whole: true };
    const taken = Math.min(bytesRead, limit - bytes);
    await target.write(chunk, 0, taken);
    bytes += taken;
    if (taken < bytesRead) return { bytes, whole: false };
  }
}

/**
 * Paths that fit a pattern whose `*` stands for any part of one name; hidden names too, as an attacker would have it. What lies behind the star is somebody
 * else's folder: a symbolic link there leads nowhere.
 */
export async function expand(pattern: string): Promise<string[]> {
  let paths = ['/'];
  let foreign = false;
  for (const part of pattern.split('/').filter(Boolean)) {
    if (foreign) paths = await withoutLinks(paths);
    if (!part.includes('*')) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    foreign = true;
    const fits = new RegExp(`^${part.split('*').map(literally).join('.*')}$`);
    const next: string[] = [];
    for (const path of paths) {
      const names = await readdir(path).catch(() => []);
      next.push(
        ...names
          .filter((name) => fits.test(name))
          .sort()
          .map((name) => join(path, name)),
      );
    }
    paths = next;
  }
  return paths;
}

async function withoutLinks(paths: readonly string[]): Promise<string[]> {
  const links = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        (found) => found.isSymbolicLink(),
        () => true,
      ),
    ),
  );
  return paths.filter((_, i) => !links[i]);
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
