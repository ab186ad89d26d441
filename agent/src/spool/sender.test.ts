import { describe, expect, it } from 'vitest';
import type { LinkRequest, ServerReply } from '../server/server-link.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { Backoff } from '../time/backoff.ts';
import { Sender } from './sender.ts';
import { Spool } from './spool.ts';

const folder = temporaryFolders();
const taken = { accepted: 1, duplicate: false, rejectedCount: 0, rejected: [] };
const answer = (status: number, body: unknown): ServerReply => ({
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});
const error = (status: number, code: string) =>
  answer(status, { error: { code, message: 'why', target: '' } });

/** A sender whose link gives these answers in turn, then takes everything. */
async function sending(answers: (ServerReply | Error)[], firstMs = 1) {
  const spool = await Spool.open({
    dir: await folder(),
    deviceId: 'a'.repeat(40),
    log: quietLog(),
    flushMs: 1,
  });
  const requests: LinkRequest[] = [];
  const dismissals: string[] = [];
  const sender = new Sender({
    spool,
    log: quietLog(),
    link: {
      request: async (request) => {
        requests.push(request);
        const next = answers.shift() ?? answer(200, taken);
        if (next instanceof Error) throw next;
        return next;
      },
    },
    dismissed: (reason) => dismissals.push(reason),
    backoff: new Backoff({ firstMs, maxMs: firstMs }),
  });
  const put = async (n: number) => {
    spool.add({ Table: 'DeviceEvents', Timestamp: 't', ActionType: `row ${n}` });
    await spool.flush();
  };
  const end = async () => {
    await sender.stop();
    await spool.close();
  };
  return { spool, sender, requests, dismissals, put, end };
}

const idOf = (request: LinkRequest | undefined) => request?.headers?.['merlon-batch'];

describe('Sender', () => {
  it('stops while it has nothing to send', async () => {
    const s = await sending([]);
    s.sender.start();
    await s.end();
    expect(s.requests).toEqual([]);
  });

  it('sends in order and forgets what was taken', async () => {
    const s = await sending([]);
    for (let n = 0; n < 3; n += 1) await s.put(n);
    s.sender.start();
    await expect.poll(() => s.spool.stats().batches).toBe(0);
    expect(s.requests.map((r) => Number(idOf(r)?.split('.')[1]))).toEqual([1, 2, 3]);
    expect(s.requests[0]).toMatchObject({ method: 'POST', path: '/device/v1/events' });
    await s.end();
  });

  it('repeats the same bytes under the same id until the server says yes', async () => {
    const s = await sending([
      new Error('broken'),
      error(503, 'ServiceUnavailable'),
      error(401, 'Unauthorized'),
    ]);
    await s.put(1);
    s.sender.start();
    await expect.poll(() => s.spool.stats().batches).toBe(0);
    expect(s.requests).toHaveLength(4);
    expect(new Set(s.requests.map(idOf)).size).toBe(1);
    expect(new Set(s.requests.map((r) => Buffer.from(r.body ?? []).toString('hex'))).size).toBe(1);
    expect(s.sender.problem).toBeNull();
    await s.end();
  });

  it('sets a refused batch aside and goes on with the next', async () => {
    const s = await sending([error(400, 'InvalidRequestBody')]);
    await s.put(1);
    await s.put(2);
    s.sender.start();
    await expect.poll(() => s.spool.stats()).toMatchObject({ batches: 0, rejectedRows: 1 });
    await s.end();
  });

  it('counts the rows that the server left out', async () => {
    const s = await sending([
      answer(200, { ...taken, rejectedCount: 1, rejected: [{ line: 1, reason: 'x' }] }),
    ]);
    await s.put(1);
    s.sender.start();
    await expect.poll(() => s.spool.stats()).toMatchObject({ batches: 0, rejectedRows: 1 });
    await s.end();
  });

  it('stops and keeps what it has when the device was offboarded', async () => {
    const s = await sending([error(403, 'Forbidden')]);
    await s.put(1);
    s.sender.start();
    await expect.poll(() => s.dismissals).toEqual(['why']);
    expect(s.spool.stats().batches).toBe(1);
    await s.end();
  });

  it('tries again at once when the server is known to be back', async () => {
    const s = await sending([new Error('broken')], 3_600_000);
    await s.put(1);
    s.sender.start();
    await expect.poll(() => s.sender.problem).toBe('broken');
    s.sender.retryNow();
    await expect.poll(() => s.spool.stats().batches).toBe(0);
    await s.end();
  });

  it('does not let a reconnect hurry it past the time that the server asked for', async () => {
    const wish = { ...error(503, 'ServiceUnavailable'), headers: { 'retry-after': '3600' } };
    const s = await sending([wish]);
    await s.put(1);
    s.sender.start();
    await expect.poll(() => s.sender.problem).toMatch(/503/);
    for (let i = 0; i < 5; i += 1) {
      s.sender.retryNow();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(s.requests).toHaveLength(1);
    await s.end();
  });
});
