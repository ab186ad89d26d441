// The tests' own helpers for scripts: TypeScript, bundled beside their sources, because they find the server from there.
import { rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const support = fileURLToPath(new URL('../tests/support', import.meta.url));

/** Everything that the named files of tests/support export. */
export async function testHelpers(...files) {
  const outfile = `${support}/.helpers-${process.pid}.mjs`;
  await build({
    stdin: {
      contents: files.map((file) => `export * from './${file}';`).join(' '),
      resolveDir: support,
    },
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(outfile);
  }
}
