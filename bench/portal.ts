/** What a browser fetches before the first page of the portal is drawn: index.html, what it names, and what those files import at once. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT_BYTES = 250_000;
/** Run from the project's folder, after a build. */
const dist = resolve('portal/dist');

const index = readFileSync(join(dist, 'index.html'), 'utf8');
const found = new Set<string>();
const pending = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
  if (found.has(path)) continue;
  found.add(path);
  if (!path.endsWith('.js')) continue;
  const text = readFileSync(join(dist, path), 'utf8');
  // Static imports alone: a page's own chunk is fetched when it is opened.
  for (const [, next] of text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g))
    if (next) pending.push(join(dirname(path), next));
}
let total = gzipSync(index).length;
for (const path of [...found].sort()) {
  const size = gzipSync(readFileSync(join(dist, path))).length;
  total += size;
  console.log(`${(size / 1_000).toFixed(1).padStart(8)} kB  ${path}`);
}
console.log(
  `shell: ${(total / 1_000).toFixed(1)} kB gzip of ${LIMIT_BYTES / 1_000} kB; ratio ${(total / LIMIT_BYTES).toFixed(2)}`,
);
if (total > LIMIT_BYTES) process.exitCode = 1;
