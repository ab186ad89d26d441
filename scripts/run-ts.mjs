// Runs a TypeScript file with its imports from our packages: `node scripts/run-ts.mjs bench/ingest.ts [args]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { externalNpm } from './external-npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [file = '', ...args] = process.argv.slice(2);
// Inside the clone, so that npm packages are found.
const folder = await mkdtemp(join(root, 'node_modules/.run-ts-'));
try {
  const outfile = join(folder, `${basename(file, '.ts')}.mjs`);
  await build({
    entryPoints: [resolve(file)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    plugins: [externalNpm],
    logLevel: 'warning',
    sourcemap: 'inline',
  });
  process.argv = [process.argv[0], resolve(file), ...args];
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
