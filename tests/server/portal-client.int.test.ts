/** The portal's client has the types of the server's own description. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_FILE, clientTypes, portalSources } from '../support/client-types.ts';
import { startServer, type TestServer } from '../support/server.ts';

const sources = fileURLToPath(new URL('../../portal/src/', import.meta.url));
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.dispose());

describe('the client of the portal', () => {
  it('is what the server describes: run scripts/generate-client.mjs', async () => {
    const document = (await server.call('/openapi.json')).json();
    const expected = await clientTypes(document, await portalSources(sources));
    expect((await readFile(sources + CLIENT_FILE, 'utf8')) === expected).toBe(true);
  });
});
