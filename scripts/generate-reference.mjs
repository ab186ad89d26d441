// Writes docs/reference from packages/contract and packages/telemetry. `reference-pages.test.ts` fails while the two differ.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const { outputFiles } = await build({
  entryPoints: [`${root}scripts/reference-pages.ts`],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
});
const { referencePages } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);

for (const [path, content] of Object.entries(referencePages())) {
  await mkdir(dirname(root + path), { recursive: true });
  await writeFile(root + path, content);
  console.log(path);
}
