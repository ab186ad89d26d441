/**
 * The portal's built files, held in memory with their compressed form: they are few, and an exact look-up leaves no path to traverse. Any
 * other address a browser asks for gets `index.html`, where the portal's own router takes over.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

interface PortalFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** Null where compressing does not pay. */
  readonly gzipped: Buffer | null;
  /** File names with a content hash never change. */
  readonly immutable: boolean;
}

export type PortalFiles = (path: string) => PortalFile | null;

/** `path` begins with `/`. Null for every path when the portal was not built. */
export async function loadPortalFiles(folder: string): Promise<PortalFiles> {
  if (!existsSync(join(folder, 'index.html'))) return () => null;
  const files = new Map<string, PortalFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, full).split(sep).join('/')}`;
    files.set(path, await describe(full, path));
  }
  const index = files.get('/index.html') ?? null;
  return (path) => files.get(path) ?? (isPage(path) ? index : null);
}

/** Addresses, host names and device names end pages' addresses and look like files: `/ips/203.0.113.9`. Files lie at the top or in `/assets`. */
function isPage(path: string): boolean {
  const isDeep = path.indexOf('/', 1) > 0;
  return extname(path) === '' || (isDeep && !path.startsWith('/assets/'));
}

async function describe(full: string, path: string): Promise<PortalFile> {
  const plain = await readFile(full);
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const compressed = /^(text|application|image\/svg)/.test(type) ? await promisify(gzip)(plain) : null;
  return {
    type,
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    gzipped: compressed && compressed.length < plain.length ? compressed : null,
    immutable: path.startsWith('/assets/'),
  };
}
