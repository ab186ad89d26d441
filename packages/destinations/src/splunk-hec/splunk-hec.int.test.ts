/**
 * No Splunk can run here: the collector is one of the test's own, made after the documented protocol (its paths, codes, channels and acknowledgements),
 * and reads events as a stream of JSON objects.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openContext, record, signal } from '../testing.ts';
import { splunkHec } from './index.ts';

const TOKEN = '6d1c2d3e-hush';

interface Collector {
  events: Record<string, unknown>[];
  /** What to answer instead. */
  answer: { status: number; code: number } | null;
  acknowledges: boolean;
  /** How often it is asked before an id is acknowledged. */
  patience: number;
}

let server: Server;
let url: string;
let state: Collector;
let ids = 0;
const channels = new Map<string, Map<number, number>>();

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The collector takes objects one after the other. */
function objectsOf(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  let depth = 0;
  let inText = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === '\\') at++;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{') {
      if (depth++ === 0) start = at;
    } else if (character === '}' && --depth === 0) found.push(JSON.parse(text.slice(start, at + 1)));
  }
  return found;
}

beforeAll(async () => {
  server = createServer(async (request, reply) => {
    const body = await bodyOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://collector');
    const say = (status: number, value: object) =>
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (state.answer !== null) return say(state.answer.status, { text: 'No', code: state.answer.code });
    if (request.headers.authorization !== `Splunk ${TOKEN}`)
      return say(403, { text: 'Invalid token', code: 4 });
    const channel = channels.get(searchParams.get('channel') ?? '') ?? new Map<number, number>();
    channels.set(searchParams.get('channel') ?? '', channel);
    if (pathname === '/services/collector/event') {
      if (body === '') return say(400, { text: 'No data', code: 5 });
      state.events.push(...objectsOf(body));
      if (!state.acknowledges) return say(200, { text: 'Success', code: 0 });
      const ackId = ids++;
      channel.set(ackId, state.patience);
      return say(200, { text: 'Success', code: 0, ackId });
    }
    if (pathname === '/services/collector/ack') {
      const { acks } = JSON.parse(body) as { acks: number[] };
      const told = acks.map((id) => {
        const left = channel.get(id) ?? Number.POSITIVE_INFINITY;
        channel.set(id, left - 1);
        return [id, left <= 0];
      });
      return say(200, { acks: Object.fromEntries(told) });
    }
    return say(404, { text: 'The requested URL was not found on this server.', code: 404 });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  state = { events: [], answer: null, acknowledges: false, patience: 0 };
});

const open = (more: object = {}) =>
  splunkHec.open({ url, allowHttp: true, token: TOKEN, ...more }, openContext());

describe('a Splunk collector', () => {
  it('gets events with their time, host, source type and id', async () => {
    const destination = await open({ index: 'edr' });
    const records = [record(1, { FileName: '}{"\\\n😀' }), record(2)];
    await destination.deliver(records, signal());
    expect(state.events).toEqual(
      records.map(({ json, id }, n) => ({
        time: `${Date.UTC(2026, 10, 25, 14, 0, n + 1) / 1_000}.1234567`,
        host: `pc-${n + 1}`,
        source: 'merlon',
        sourcetype: 'merlon:deviceprocessevents',
        index: 'edr',
        fields: { record_id: id },
        event: JSON.parse(json),
      })),
    );
    await destination.close();
  });

  it('is waited for until the indexer has acknowledged every request', async () => {
    state.acknowledges = true;
    state.patience = 2;
    const destination = await open({ indexerAcknowledgement: true });
    const many = Array.from({ length: 2_500 }, (_, n) => record(n));
    await destination.deliver(many, signal());
    expect(state.events).toHaveLength(2_500);
    const own = [...channels.values()].filter((acks) => acks.size === 2);
    expect(own.map((acks) => [...acks.values()])).toEqual([[-1, -1]]);
    await destination.close();
  });

  it('says that a token has no acknowledgement', async () => {
    const destination = await open({ indexerAcknowledgement: true });
    await expect(destination.deliver([record(1)], signal())).rejects.toMatchObject({ fault: 'settings' });
    await destination.close();
  });

  it('stops waiting when told to', async () => {
    state.acknowledges = true;
    state.patience = Number.POSITIVE_INFINITY;
    const destination = await open({ indexerAcknowledgement: true });
    const stop = new AbortController();
    const reason = new Error('enough');
    const delivery = destination.deliver([record(1)], stop.signal);
    stop.abort(reason);
    await expect(delivery).rejects.toBe(reason);
    await destination.close();
  });

  it('is tried without an event', async () => {
    const destination = await open();
    await destination.probe(signal());
    expect(state.events).toEqual([]);
    await destination.close();
    const wrong = await open({ token: 'other' });
    await expect(wrong.probe(signal())).rejects.toMatchObject({ fault: 'credentials' });
    await wrong.close();
  });

  it.each([
    [401, 3, 'credentials'],
    [403, 1, 'credentials'],
    [403, 4, 'credentials'],
    [400, 6, 'refused'],
    [400, 7, 'missing'],
    [400, 10, 'settings'],
    [400, 14, 'settings'],
    [429, 26, 'throttled'],
    [500, 8, 'throttled'],
    [503, 9, 'throttled'],
    [404, 404, 'missing'],
    [502, 0, 'unreachable'],
  ])('means by %i and code %i: %s', async (status, code, fault) => {
    state.answer = { status, code };
    const destination = await open();
    const failure = await destination.deliver([record(1)], signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault });
    expect(String(failure)).not.toContain('hush');
    await destination.close();
  });

  it('does not take an address that names the path', () => {
    expect(() =>
      splunkHec.check({ url: 'https://splunk.example/services/collector/event', token: 'x' }, []),
    ).toThrow(/is added/);
  });
});
