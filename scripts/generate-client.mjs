// Writes portal/src/api/openapi.ts: the types of the paths that the portal calls, from a server's own /openapi.json.
// Without an argument it starts a server (needs a build); with one it asks that address.
// `tests/server/portal-client.int.test.ts` fails while the file and the server differ.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { testHelpers } from './test-helpers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const { CLIENT_FILE, clientTypes, portalSources, startServer } = await testHelpers(
  'server.ts',
  'client-types.ts',
);

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
