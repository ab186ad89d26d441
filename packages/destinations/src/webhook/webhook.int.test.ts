/** The receiver verifies with the reference library of Standard Webhooks. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeliveryError } from '../destination.ts';
import { forbiddenContext, openContext, record, refusedPort, signal } from '../testing.ts';
import { webhook } from './index.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let server: Server;
let url: string;
let received: Received[];
let answer: { status: number; headers?: Record<string, string> };

beforeAll(async () => {
  server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      reply.writeHead(answer.status, answer.headers).end(`you sent ${request.headers.authorization}`);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`;
});

afterAll(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  // The reference library takes no message that is older than five minutes.
  vi.useFakeTimers({ toFake: ['Date'], now: openContext().now() });
  received = [];
  answer = { status: 204 };
});

const open = (more: object = {}) => webhook.open({ url, allowHttp: true, secret, ...more }, openContext());

/** @throws when the signature is not right */
function verified({ headers, body }: Received): unknown {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  return new Webhook(secret).verify(plain, headers as Record<string, string>);
}

describe('a webhook', () => {
  it('posts records in order, signed, and takes 2xx for the acknowledgement', async () => {
    const destination = await open();
    const records = [record(1), record(2, { FileName: 'ünï"\\\u0000😀.exe' })];
    const { bytes } = await destination.deliver(records, signal());
    expect(received).toHaveLength(1);
    expect(received.map(verified)).toEqual([{ records: records.map(({ json }) => JSON.parse(json)) }]);
    expect(bytes).toBe(received[0]?.body.length);
    await destination.close();
  });

  it('cuts a batch by count and by bytes, and names the same parts alike', async () => {
    const destination = await open({ maxRecords: 2 });
    const records = [1, 2, 3, 4, 5].map((n) => record(n));
    await destination.deliver(records, signal());
    await destination.deliver(records, signal());
    const ids = received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(6);
    expect(ids.slice(0, 3)).toEqual(ids.slice(3));
    expect(new Set(ids).size).toBe(3);
    await destination.close();

    received = [];
    const small = await open({ maxBytes: 1_024 });
    await small.deliver([record(1, { FileName: 'x'.repeat(2_000) }), record(2), record(3)], signal());
    expect(received.map(({ body }) => JSON.parse(body.toString()).records.length)).toEqual([1, 2]);
    await small.close();
  });

  it('compresses when told', async () => {
    const destination = await open({ compression: 'gzip' });
    await destination.deliver([record(1)], signal());
    expect(received.map(verified)).toEqual([{ records: [JSON.parse(record(1).json)] }]);
    await destination.close();
  });

  it('is tried with a message that holds no record', async () => {
    const destination = await open();
    await destination.probe(signal());
    expect(received.map(verified)).toEqual([{ records: [] }]);
    await destination.close();
  });

  it.each([
    [400, 'refused'],
    [401, 'credentials'],
    [403, 'forbidden'],
    [404, 'missing'],
    [410, 'missing'],
    [413, 'refused'],
    [429, 'throttled'],
    [500, 'unreachable'],
    [503, 'throttled'],
    [302, 'unreachable'],
  ])('calls %i %s, and repeats nothing of the answer', async (status, fault) => {
    answer = { status, headers: { location: 'http://127.0.0.1:1/', 'retry-after': '7' } };
    const destination = await open({ authorization: 'Bearer hush' });
    const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeliveryError);
    expect(failure).toMatchObject({ fault, ...(status >= 400 ? { retryAfterMs: 7_000 } : {}) });
    expect(String(failure)).not.toContain('hush');
    expect(received).toHaveLength(1);
    await destination.close();
  });

  it('waits until a date', async () => {
    answer = {
      status: 429,
      headers: { 'retry-after': new Date(openContext().now() + 90_000).toUTCString() },
    };
    const destination = await open();
    const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'throttled', retryAfterMs: 90_000 });
    await destination.close();
  });

  it('connects to no address that is forbidden, by name or by number', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const destination = await webhook.open(
        { url: url.replace('127.0.0.1', host), allowHttp: true, secret },
        forbiddenContext(),
      );
      await expect(destination.deliver([record(1)], signal())).rejects.toMatchObject({ fault: 'forbidden' });
      await destination.close();
    }
    expect(received).toHaveLength(0);
  });

  it('says that nobody listens, and that a name is not known', async () => {
    const port = await refusedPort();
    for (const [target, message] of [
      [`http://127.0.0.1:${port}/`, /refuses connections/],
      ['http://merlon.invalid/', /is not known/],
    ] as const) {
      const destination = await open({ url: target });
      const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
      expect(failure).toMatchObject({ fault: 'unreachable', message: expect.stringMatching(message) });
      await destination.close();
    }
  });

  it('stops when told to', async () => {
    const destination = await open();
    const reason = new Error('enough');
    await expect(destination.deliver([record(1)], AbortSignal.abort(reason))).rejects.toBe(reason);
    await destination.close();
  });

  it.each([
    [{ secret: 'whsec_AAAA' }, /24 to 64/],
    [{ secret: 'hush' }, /whsec_/],
    [{ url: 'http://hooks.example/', allowHttp: false }, /allowHttp/],
    [{ url: 'https://me:pw@hooks.example/' }, /user name/],
    [{ url: 'ftp://hooks.example/' }, /ftp:/],
    [{ ca: 'nonsense' }, /ca is not/],
    [{ clientKey: 'nonsense' }, /belong together/],
  ])('does not take %j', (more, message) => {
    const check = () => webhook.check({ url, allowHttp: true, secret, ...more }, []);
    expect(check).toThrow(DeliveryError);
    expect(check).toThrow(message);
  });
});
