// Runs a TypeScript file with its imports from our packages: `node scripts/run-ts.mjs bench/ingest.ts [args]`, after `npm run build`.
import { rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { externalNpm } from './external-npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [file = '', ...args] = process.argv.slice(2);
// Beside the built server, where workers and engine launchers are looked for.
const outfile = `${root}server/dist/${basename(file, '.ts')}-${process.pid}.mjs`;
try {
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
  await rm(outfile, { force: true });
}
