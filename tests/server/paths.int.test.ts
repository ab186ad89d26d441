/** Every route of the table, at every spelling of its address that clients use. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

const ID = '0a0b0c0d-0000-4000-8000-00000000000a';
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.dispose());

/** Other ways to write an address; parameters keep their case. */
function spellings(path: string): string[] {
  const cased = (change: (text: string) => string) =>
    path
      .split(/(\{\w+\})/)
      .map((part) => (part.startsWith('{') ? part : change(part)))
      .join('');
  const forms = [
    cased((text) => text.toUpperCase()),
    cased((text) => text.replaceAll('/', '//')),
    cased((text) =>
      text.replace(/(^|\/)(\w)/g, (_, slash: string, first: string) => slash + first.toUpperCase()),
    ),
    `${path}/`,
    `/${path}//`,
  ];
  const pinned = (form: string) => form.replace(/^(\/+api)\//i, '$1/v1.0/');
  return path.startsWith('/api/')
    ? [path, ...forms].flatMap((form) => [form, pinned(form)])
    : [path, ...forms];
}

describe('the address of every route', () => {
  it('may be written in any case, with doubled and trailing slashes, pinned or not', async () => {
    const { paths } = (await server.call('/openapi.json')).json();
    const lost: string[] = [];
    let asked = 0;
    for (const [path, methods] of Object.entries<Record<string, { security: unknown[] }>>(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        // Without a token only the address decides: a route that is there asks for one.
        if (security.length === 0) continue;
        for (const spelling of spellings(path)) {
          const address = spelling.replaceAll(/\{\w+\}/g, ID);
          const { status } = await server.call(address, { method: method.toUpperCase() });
          asked++;
          if (status !== 401) lost.push(`${method} ${address} ${status}`);
        }
      }
    }
    expect(lost).toEqual([]);
    expect(asked).toBeGreaterThan(500);
  }, 300_000);

  it('answers openly too, for what needs no token', async () => {
    for (const path of ['/openapi.json', '/healthz', '/api/$metadata']) {
      for (const spelling of spellings(path))
        expect([spelling, (await server.call(spelling)).status]).toEqual([spelling, 200]);
    }
  });
});
