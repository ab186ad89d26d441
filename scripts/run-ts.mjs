// Runs a TypeScript file with its imports from our packages, after `npm run build`: `node scripts/run-ts.mjs bench/ingest.ts [args]`.
// What looks for the agent's files beside itself is run from there: `node scripts/run-ts.mjs --beside agent bench/sensor.ts`.
import { rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { externalNpm } from './external-npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const beside = given[0] === '--beside' ? given.splice(0, 2)[1] : 'server';
const [file = '', ...args] = given;
// Beside what was built, where workers, launchers and the BPF object are looked for.
const outfile = `${root}${beside}/dist/${basename(file, '.ts')}-${process.pid}.mjs`;
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
