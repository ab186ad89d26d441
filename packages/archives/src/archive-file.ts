/** A file of an archive. */
export interface ArchiveFile {
  /** Relative, with `/`, without `.` and `..`. */
  readonly path: string;
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Sorted by path, as bytes. @throws Error naming a path that leaves the archive or stands twice in it */
export function inOrder(files: readonly ArchiveFile[]): ArchiveFile[] {
  const seen = new Set<string>();
  for (const { path } of files) {
    const parts = path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`not a path inside an archive: ${path}`);
    if (seen.has(path)) throw new Error(`twice in one archive: ${path}`);
    seen.add(path);
  }
  return files.toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
}

/** The folders that hold the files, each before what lies in it. */
export function foldersOf(files: readonly ArchiveFile[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join('/'));
  }
  return [...folders].sort();
}

/** Seconds since 1970 that every entry bears: 1980-01-01, the first time that a zip can hold. */
export const ENTRY_TIME_S = 315_532_800;
