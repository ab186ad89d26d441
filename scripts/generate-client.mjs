// Writes portal/src/api/openapi.ts: the types of the paths that the portal calls, from a server's own /openapi.json.
// Without an argument it starts a server (needs a build); with one it asks that address.
// `tests/server/portal-client.int.test.ts` fails while the file and the server differ.
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** TypeScript of ours, bundled beside the tests' helpers, because those find the server from there. */
async function helpers() {
  const outfile = `${root}tests/support/.client-${process.pid}.mjs`;
  await build({
    stdin: {
      contents: "export * from './server.ts'; export * from './client-types.ts';",
      resolveDir: `${root}tests/support`,
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

const { CLIENT_FILE, clientTypes, portalSources, startServer } = await helpers();

async function description() {
  const [address] = process.argv.slice(2);
  if (address !== undefined) return (await fetch(`${address}/openapi.json`)).json();
  const server = await startServer();
  try {
    return (await server.call('/openapi.json')).json();
  } finally {
    await server.dispose();
  }
}

const sources = `${root}portal/src/`;
await writeFile(sources + CLIENT_FILE, await clientTypes(await description(), await portalSources(sources)));
console.log(`portal/src/${CLIENT_FILE}`);
