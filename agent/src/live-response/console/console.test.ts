import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type FromDevice, LIVE_INPUT_TYPE, type LiveInput, type LiveWord } from '@merlon/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { ServerClock } from '../../identity/server-clock.ts';
import { TestCommandKey } from '../../testing/command-key.ts';
import { quietLog } from '../../testing/quiet-log.ts';
import { temporaryFolders } from '../../testing/temporary-folder.ts';
import { until } from '../../testing/until.ts';
import { Consoles } from './console.ts';
import { InputVerifier } from './input-verifier.ts';

const folder = temporaryFolders();
const server = new TestCommandKey();
const stranger = new TestCommandKey();
const deviceId = 'a'.repeat(40);
const NOW_MS = Date.parse('2026-11-25T12:00:00Z');
const clock = new ServerClock(() => NOW_MS);
const seconds = NOW_MS / 1000;

describe('console sessions on the device', () => {
  const open: Consoles[] = [];
  afterEach(() => Promise.all(open.splice(0).map((one) => one.stop())));

  async function device(startedAt = new Date(NOW_MS)) {
    const said: FromDevice[] = [];
    const consoles = new Consoles({
      folder: join(await folder(), 'live'),
      verifier: new InputVerifier(server.publicJwk, deviceId, startedAt),
      clock,
      log: quietLog(),
      say: (frame) => said.push(frame),
      tools: {
        deviceId,
        agentVersion: 'test',
        handIn: async () => undefined,
        fetch: async () => Buffer.alloc(0),
        quarantine: async () => null,
        restore: async () => ({}),
      },
    });
    open.push(consoles);
    const sid = randomUUID();
    const sign = (input: Partial<LiveInput>, key = server, typ = LIVE_INPUT_TYPE) =>
      key.sign(typ, {
        sub: deviceId,
        sid,
        seq: 1,
        kind: 'open',
        text: '',
        advanced: false,
        iat: seconds,
        exp: seconds + 60,
        ...input,
      });
    const say = async (input: Partial<LiveInput>) => consoles.input(await sign(input));
    const words = () => said.flatMap((frame): LiveWord[] => (frame.type === 'live' ? [frame.word] : []));
    const done = (command: number) =>
      until(`command ${command} ends`, () =>
        words().find((word) => word.kind === 'done' && word.command === command),
      );
    return { consoles, said, sid, sign, say, words, done };
  }

  it('takes signed words in order, and says what comes of each', async () => {
    const { say, words, done, said, sid } = await device();
    await say({});
    await say({ seq: 2, kind: 'command', text: 'cd /usr' });
    expect(await done(2)).toEqual({ kind: 'done', command: 2, outcome: 'Completed' });
    expect(words()).toEqual([
      { kind: 'opened' },
      { kind: 'output', command: 2, stream: 'out', text: '/usr\n' },
      { kind: 'done', command: 2, outcome: 'Completed' },
    ]);
    expect(said.flatMap((frame) => (frame.type === 'live' ? [frame.seq] : []))).toEqual([1, 2, 3]);
    expect(said).toContainEqual({ type: 'liveTaken', sessionId: sid, taken: 2, unknown: false });
  });

  it.each<[string, Partial<LiveInput>]>([
    ['another device', { sub: 'b'.repeat(40) }],
    ['an earlier minute', { exp: seconds }],
    ['the time before this agent began', { iat: seconds - 1 }],
    ['no session', { sid: 'x' }],
    ['a kind there is not', { kind: 'shell' as never }],
  ])('takes no word for %s', async (_name, input) => {
    const { say, said } = await device();
    await say(input);
    expect(said).toEqual([]);
  });

  it('takes no word that another key signed, that was signed for something else, or that was changed', async () => {
    const { consoles, sign, said } = await device();
    await consoles.input(await sign({}, stranger));
    await consoles.input(await sign({}, server, 'merlon-order+jwt'));
    const [head = '', body = '', signature = ''] = (await sign({})).split('.');
    await consoles.input([head, body, `${signature.slice(0, -4)}AAAA`].join('.'));
    const other = Buffer.from(body, 'base64url').toString().replace('"advanced":false', '"advanced":true');
    await consoles.input([head, Buffer.from(other).toString('base64url'), signature].join('.'));
    for (const text of ['', 'x', '..', 'a.b.c', '{}']) await consoles.input(text);
    expect(said).toEqual([]);
  });

  it('carries no word out twice, and none before the one it follows', async () => {
    const { consoles, sign, say, words, done } = await device();
    await say({});
    const second = await sign({ seq: 2, kind: 'command', text: 'cd /usr' });
    await say({ seq: 3, kind: 'command', text: 'cd /etc' });
    await consoles.input(second);
    await done(2);
    await consoles.input(second);
    await consoles.input(await sign({}));
    await say({ seq: 3, kind: 'command', text: 'cd' });
    await done(3);
    expect(words().filter(({ kind }) => kind === 'opened')).toHaveLength(1);
    expect(words().flatMap((word) => (word.kind === 'output' ? [word.text] : []))).toEqual([
      '/usr\n',
      '/usr\n',
    ]);
  });

  it('says that it does not know a session, and opens none twice', async () => {
    const { consoles, say, sid, said, words } = await device();
    await say({ seq: 5, kind: 'command', text: 'connect' });
    expect(said).toEqual([{ type: 'liveTaken', sessionId: sid, taken: 5, unknown: true }]);
    await say({});
    await say({ seq: 2, kind: 'close' });
    consoles.stored(sid, 1);
    await say({});
    expect(said.at(-1)).toMatchObject({ type: 'liveTaken', unknown: true });
    expect(words()).toEqual([{ kind: 'opened' }]);
  });

  it('lets who may only look do no more, whatever the line says', async () => {
    const { say, words, done } = await device();
    await say({});
    await say({ seq: 2, kind: 'command', text: 'remediate process 1' });
    expect(await done(2)).toMatchObject({ outcome: 'Failed' });
    expect(words()).toContainEqual(
      expect.objectContaining({ stream: 'err', text: expect.stringContaining('right to advanced') }),
    );
  });

  it('keeps what it said until it is stored, says it again at every connection, and waits when that is much', async () => {
    const { consoles, say, sid, said, words, done } = await device();
    await say({});
    await say({ seq: 2, kind: 'command', text: 'findfile * /usr -output json' });
    await say({ seq: 3, kind: 'command', text: 'cd' });
    await done(2);
    const chars = () =>
      words().reduce((sum, word) => sum + (word.kind === 'output' ? word.text.length : 0), 0);
    expect(chars()).toBeGreaterThan(512 * 1024);
    const before = said.filter(({ type }) => type === 'live');
    expect(before).not.toContainEqual(
      expect.objectContaining({ word: expect.objectContaining({ command: 3 }) }),
    );
    said.length = 0;
    consoles.connected();
    expect(said.filter(({ type }) => type === 'live')).toEqual(
      before.map((frame) => ({ ...frame, taken: 3 })),
    );
    const newest = Math.max(...before.map((frame) => (frame.type === 'live' ? frame.seq : 0)));
    consoles.stored(sid, newest);
    await until('it goes on', () => said.some((frame) => frame.type === 'live' && frame.seq > newest));
  });

  it('breaks off a command that is told to, and every one when it is closed', async () => {
    const { say, done, words } = await device();
    await say({});
    await say({ seq: 2, kind: 'command', text: 'findfile nothing-of-this-name /' });
    await say({ seq: 3, kind: 'interrupt', text: '2' });
    expect(await done(2)).toMatchObject({ outcome: 'Interrupted' });
    await say({ seq: 4, kind: 'command', text: 'findfile nothing-of-this-name /' });
    await say({ seq: 5, kind: 'command', text: 'connect' });
    await say({ seq: 6, kind: 'close' });
    expect(await done(5)).toMatchObject({ outcome: 'Interrupted' });
    expect(words().filter(({ kind }) => kind === 'done')).toHaveLength(3);
  });
});
