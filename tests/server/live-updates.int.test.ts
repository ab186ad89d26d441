/** The stream of live updates over HTTP: who may open it, whose changes it tells, and how it goes on. */
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';

const password = 'a long enough password';
let server: TestServer;
let fleet: DemoFleet | undefined;
let administrator: string;

beforeAll(async () => {
  server = await startServer();
  const { name, oneTimePassword } = server.administrator;
  const session = await server.signIn({ name, password: oneTimePassword, newPassword: password });
  administrator = session.accessToken;
  fleet = await startDemoFleet(server);
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

interface Stream {
  readonly status: number;
  readonly text: () => string;
  /** Resolves once the text so far fits. */
  until(wanted: RegExp): Promise<RegExpExecArray>;
  close(): void;
}

function open(token: string, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${server.url}/api/merlon/events?seconds=60`,
      { ca: server.caPem, agent: false, headers: { authorization: `Bearer ${token}`, ...headers } },
      (answer) => {
        let text = '';
        const waiting = new Set<() => void>();
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
          for (const look of waiting) look();
        });
        answer.on('error', () => {});
        resolve({
          status: answer.statusCode ?? 0,
          text: () => text,
          until: (wanted) =>
            new Promise((found) => {
              const look = () => {
                const match = wanted.exec(text);
                if (!match) return;
                waiting.delete(look);
                found(match);
              };
              waiting.add(look);
              look();
            }),
          close: () => call.destroy(),
        });
      },
    );
    call.once('error', (error) => reject(error));
    call.end();
  });
}

async function isolate(id: string, comment: string): Promise<string> {
  const ordered = await server.call(`/api/machines/${id}/isolate`, {
    token: administrator,
    json: { Comment: comment, IsolationType: 'Full' },
  });
  expect(ordered.status).toBe(201);
  return ordered.json().id;
}

describe('the stream of live updates', () => {
  it('tells what somebody orders, and goes on where it was left', async () => {
    const machines = (await server.call('/api/machines?$top=2', { token: administrator })).json().value;
    const stream = await open(administrator);
    expect(stream.status).toBe(200);
    const first = await isolate(machines[0].id, 'live updates');
    await stream.until(new RegExp(`"machineactions":\\{"ids":\\[[^\\]]*"${first}"`));
    const ids = [...stream.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => id);
    stream.close();

    const second = await isolate(machines[1].id, 'while nobody looks');
    const again = await open(administrator, { 'last-event-id': ids.at(-1) ?? '' });
    await again.until(new RegExp(`^event: changes\\n.*\\n.*"${second}"`, 'm'));
    again.close();
    const late = await open(administrator, { 'last-event-id': '1000000000000' });
    await late.until(/^event: reset$/m);
    late.close();
  });

  it('is for people in the portal who may view data', async () => {
    const app = await server.createApp('Alert.Read.All', 'Machine.Read.All');
    expect((await open(await server.token(app))).status).toBe(403);
    expect((await server.call('/api/merlon/events')).status).toBe(401);
    expect((await server.call('/api/merlon/events?seconds=601', { token: administrator })).status).toBe(400);
  });

  it('ends by itself when its time is over', async () => {
    const answer = await server.call('/api/merlon/events?seconds=1', { token: administrator });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.text.startsWith('retry: 2000')).toBe(true);
  });
});
