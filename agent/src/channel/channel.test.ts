import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { ChannelOpening } from '../server/server-link.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { Backoff } from '../time/backoff.ts';
import { Channel } from './channel.ts';

/** What the channel uses of a socket. */
class MadeUpSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  pings = 0;
  readonly sent: { type: string }[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }
  ping(): void {
    this.pings += 1;
  }
  close(code = 1005): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', code, Buffer.alloc(0));
  }
  terminate(): void {
    this.close(1006);
  }
}

function channelOver(openings: (() => ChannelOpening | Error)[]) {
  const taken: string[] = [];
  const dismissals: string[] = [];
  let attempts = 0;
  const log = quietLog();
  const channel = new Channel({
    link: {
      openChannel: async () => {
        attempts += 1;
        const opening = (openings.shift() ?? (() => new Error('no more')))();
        if (opening instanceof Error) throw opening;
        return opening;
      },
    },
    log,
    hello: async () => ({ type: 'refused', orderId: 'hello', reason: '' }),
    opened: () => undefined,
    take: async (frame) => {
      taken.push(frame.type);
      if (frame.type === 'cancel') throw new Error('cannot');
    },
    dismissed: (reason) => dismissals.push(reason),
    backoff: new Backoff({ firstMs: 1000, maxMs: 8000, random: () => 1 }),
  });
  return { channel, taken, dismissals, log, attempts: () => attempts };
}

const open = (socket: MadeUpSocket) => (): ChannelOpening => ({
  kind: 'open',
  socket: socket as unknown as WebSocket,
  remoteAddress: '192.0.2.1',
});
const refusal =
  (status: number, code: string, headers = {}) =>
  (): ChannelOpening => ({
    kind: 'refused',
    reply: { status, headers, body: Buffer.from(JSON.stringify({ error: { code, message: 'why' } })) },
  });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('Channel', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says hello first, and nothing while it is closed', async () => {
    const socket = new MadeUpSocket();
    const c = channelOver([open(socket)]);
    expect(c.channel.say({ type: 'receipt', receipt: 'x' })).toBe(false);
    c.channel.start();
    await pass(0);
    expect(c.channel.state).toBe('Open');
    expect(c.channel.say({ type: 'receipt', receipt: 'x' })).toBe(true);
    expect(socket.sent.map(({ type }) => type)).toEqual(['refused', 'receipt']);
    await c.channel.stop();
    expect(c.channel.state).toBe('Ended');
  });

  it('gives up a server that is silent for 45 s, and not one that answers pings', async () => {
    const lively = new MadeUpSocket();
    const silent = new MadeUpSocket();
    const c = channelOver([open(lively), open(silent)]);
    c.channel.start();
    for (let i = 0; i < 10; i += 1) {
      await pass(15_000);
      lively.emit('pong');
    }
    expect(lively.readyState).toBe(1);
    expect(lively.pings).toBeGreaterThanOrEqual(9);
    lively.close(1001);
    await pass(1000);
    expect(c.channel.state).toBe('Open');
    await pass(44_000);
    expect(silent.readyState).toBe(1);
    await pass(2_000);
    expect(silent.readyState).toBe(3);
    expect(JSON.stringify(c.log.lines)).toMatch(/silent for 45 s/);
    await c.channel.stop();
  });

  it('comes back quickly after a lasting connection and ever more slowly without one', async () => {
    const first = new MadeUpSocket();
    const c = channelOver([open(first)]);
    c.channel.start();
    await pass(31_000);
    first.close(1001);
    const times: number[] = [];
    for (let at = 0; at <= 20_000; at += 500) {
      const before = c.attempts();
      await pass(500);
      if (c.attempts() > before) times.push(at + 500);
    }
    expect(times).toEqual([1000, 3000, 7000, 15_000]);
    await c.channel.stop();
  });

  it('waits as long as the server asks', async () => {
    const c = channelOver([refusal(503, 'ServiceUnavailable', { 'retry-after': '30' })]);
    c.channel.start();
    await pass(29_000);
    expect(c.attempts()).toBe(1);
    await pass(1500);
    expect(c.attempts()).toBe(2);
    await c.channel.stop();
  });

  it('ends when the device was offboarded, by answer or farewell, and not for other refusals', async () => {
    const socket = new MadeUpSocket();
    const c = channelOver([refusal(401, 'Unauthorized'), refusal(403, 'DisabledFeature'), open(socket)]);
    c.channel.start();
    await pass(4000);
    expect(c.channel.state).toBe('Open');
    socket.emit('message', Buffer.from('{"type":"farewell","reason":"gone"}'), false);
    await pass(0);
    expect(c.dismissals).toEqual(['gone']);
    expect(c.channel.state).toBe('Ended');

    const other = channelOver([refusal(403, 'Forbidden')]);
    other.channel.start();
    await pass(60_000);
    expect(other.dismissals).toEqual(['why']);
    expect(other.attempts()).toBe(1);
  });

  it('passes over what it does not understand and what cannot be taken, and goes on', async () => {
    const socket = new MadeUpSocket();
    const c = channelOver([open(socket)]);
    c.channel.start();
    await pass(0);
    for (const text of [
      '{',
      '{"type":"reboot"}',
      '{"type":"cancel","cancel":"x"}',
      '{"type":"order","order":"x"}',
    ]) {
      socket.emit('message', Buffer.from(text), false);
    }
    socket.emit('message', Buffer.from('x'), true);
    await pass(0);
    expect(c.taken).toEqual(['cancel', 'order']);
    expect(c.log.lines.filter(({ level }) => level === 'error')).toHaveLength(4);
    expect(c.channel.state).toBe('Open');
    await c.channel.stop();
  });

  it('cuts off a server that sends faster than the device takes, or does not read', async () => {
    const flooding = new MadeUpSocket();
    const deaf = new MadeUpSocket();
    const c = channelOver([open(flooding), open(deaf)]);
    c.channel.start();
    await pass(0);
    for (let i = 0; i < 300; i += 1)
      flooding.emit('message', Buffer.from('{"type":"order","order":"x"}'), false);
    expect(flooding.readyState).toBe(3);
    await pass(1000);
    deaf.bufferedAmount = 5 * 1024 * 1024;
    expect(c.channel.say({ type: 'receipt', receipt: 'x' })).toBe(false);
    expect(deaf.readyState).toBe(3);
    await c.channel.stop();
  });
});
