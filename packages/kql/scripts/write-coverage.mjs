// Writes docs/reference/kql-coverage.md from the code.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const page = `${root}docs/reference/kql-coverage.md`;
const folder = await mkdtemp(`${root}packages/kql/.coverage-`);
try {
  const outfile = `${folder}/coverage.mjs`;
  await build({
    entryPoints: [`${root}packages/kql/src/coverage.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@kusto/*', 're2js', 'typebox', 'yaml'],
  });
  const { coveragePage } = await import(pathToFileURL(outfile).href);
  await mkdir(`${root}docs/reference`, { recursive: true });
  await writeFile(page, coveragePage());
} finally {
  await rm(folder, { recursive: true, force: true });
}
