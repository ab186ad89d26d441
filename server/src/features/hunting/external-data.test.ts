import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createExternalData, type ExternalDataOptions } from './external-data.ts';

let server: Server;
let origin: string;
let asked: string[] = [];
let now: Date;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    switch (request.url?.split('?', 1)[0]) {
      case '/loop':
        return void response.writeHead(302, { location: '/loop' }).end();
      case '/moved':
        return void response.writeHead(301, { location: '/list' }).end();
      case '/away':
        return void response.writeHead(307, { location: 'https://169.254.169.254/latest' }).end();
      case '/gone':
        return void response.writeHead(404).end('no');
      case '/silent':
        return undefined;
      case '/short':
        response.writeHead(200, { 'content-length': '100' });
        response.write('abc');
        return void setImmediate(() => response.destroy());
      default:
        return void response.end('0123456789');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  now = new Date('2026-11-25T10:00:00Z');
});

const never = new AbortController().signal;
const external = (options: Partial<ExternalDataOptions> = {}) =>
  createExternalData({ hosts: [origin], clock: { now: () => now }, ...options });
const ask = (path: string, more: { isSecret?: boolean; maxBytes?: number } = {}) => ({
  url: path.startsWith('/') ? origin + path : path,
  isSecret: false,
  maxBytes: 100,
  ...more,
});

describe('data from elsewhere', () => {
  it('comes whole, through redirects within the list', async () => {
    const bytes = await external()(ask('/moved'), never);
    expect(Buffer.from(bytes).toString()).toBe('0123456789');
    expect(asked).toEqual(['/moved', '/list']);
  });

  it.each([
    ['/loop', /redirects more than 5 times/],
    ['/away', /redirects, and the host 169\.254\.169\.254 is not on/],
    ['/gone', /it answered 404/],
    ['/short', /the connection failed|broke off/],
    ['ftp://127.0.0.1/x', /ftp:\/\/ is not spoken here/],
    ['https://127.0.0.1/x', /not by https/],
    ['http://[::1', /is not an address/],
  ])('does not come from %s', async (path, message) => {
    const failing = external()(ask(path), never);
    await expect(failing).rejects.toMatchObject({
      code: 'BadRequest',
      publicMessage: expect.stringMatching(message),
    });
  });

  it('does not come from a listed name that leads into the own network', async () => {
    const { port } = new URL(origin);
    const inside = external({ hosts: [`http://localhost:${port}`] });
    const url = `http://localhost:${port}/list`;
    await expect(inside(ask(url), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/address of localhost is private/),
    });
    expect(asked).toEqual([]);
    const permitted = external({ hosts: [`http://localhost:${port}`, '127.0.0.0/8', '::1/128'] });
    await expect(permitted(ask(url), never)).resolves.toHaveLength(10);
  });

  it('is off until hosts are listed', async () => {
    await expect(external({ hosts: [] })(ask('/list'), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/turned off.*MERLON_HUNTING_EXTERNAL_HOSTS/),
    });
  });

  it('is bounded in size and time, and given up with its caller', async () => {
    await expect(external()(ask('/list', { maxBytes: 9 }), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/larger than 9 bytes/),
    });
    await expect(external({ timeoutMs: 20 })(ask('/silent'), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/did not answer within 0\.02 seconds/),
    });
    const gone = new AbortController();
    const waiting = external()(ask('/silent'), gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  it('is kept for a while, unless its address is a secret', async () => {
    const fetchExternal = external({ cache: { ms: 1_000, bytes: 25 } });
    for (const path of ['/a', '/a', '/b', '/c', '/a']) await fetchExternal(ask(path), never);
    // Two of ten bytes fit: the one unused for longest had to go.
    expect(asked).toEqual(['/a', '/b', '/c', '/a']);
    now = new Date(now.getTime() + 1_000);
    await fetchExternal(ask('/a'), never);
    for (let i = 0; i < 2; i++) await fetchExternal(ask('/s', { isSecret: true }), never);
    expect(asked.slice(4)).toEqual(['/a', '/s', '/s']);
  });

  it('is told by its address, without what may be secret in it', async () => {
    const failing = (isSecret: boolean) => external()(ask('/gone?sig=s3cret', { isSecret }), never);
    await expect(failing(false)).rejects.toMatchObject({
      publicMessage: expect.not.stringContaining('s3cret'),
    });
    await expect(failing(true)).rejects.toMatchObject({
      publicMessage: expect.stringContaining('a secret address'),
    });
  });
});
