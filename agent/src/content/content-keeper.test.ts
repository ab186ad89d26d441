import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CONTENT_TYPE, type DeviceContent, type IndicatorItem } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { ServerClock } from '../identity/server-clock.ts';
import { TestCommandKey } from '../testing/command-key.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { until } from '../testing/until.ts';
import { ContentKeeper } from './content-keeper.ts';
import { ContentVerifier } from './content-verifier.ts';

const folder = temporaryFolders();
const deviceId = 'a'.repeat(40);
const server = new TestCommandKey();
const startMs = Date.parse('2026-11-25T12:00:00Z');

const item = (id: string, more: Partial<IndicatorItem> = {}): IndicatorItem => ({
  id,
  type: 'FileSha256',
  value: id.repeat(64).slice(0, 64),
  action: 'Block',
  title: `indicator ${id}`,
  severity: 'High',
  ...more,
});

const content = (version: number, base: number, more: Partial<DeviceContent> = {}): DeviceContent => ({
  sub: deviceId,
  topic: 'indicators',
  version,
  base,
  scope: '0',
  upserts: [],
  removes: [],
  iat: startMs / 1_000,
  ...more,
});

interface Setup {
  readonly dir?: string;
  readonly nowMs?: () => number;
  readonly apply?: (items: readonly IndicatorItem[]) => void;
}

async function keeper({ dir, nowMs = () => startMs, apply }: Setup = {}) {
  const applied: { ids: string[]; version: number }[] = [];
  const asked: string[] = [];
  const answers: (DeviceContent | string | Error | null)[] = [];
  let changes = 0;
  const log = quietLog();
  const home = dir ?? (await folder());
  const made = new ContentKeeper({
    folder: home,
    deviceId,
    verifier: new ContentVerifier(server.publicJwk),
    clock: new ServerClock(nowMs),
    log,
    changed: () => {
      changes += 1;
    },
    enforcers: {
      yaraRules: [],
      indicators: [
        {
          apply(items, version) {
            apply?.(items);
            applied.push({ ids: items.map(({ id }) => id), version });
          },
        },
      ],
    },
    link: {
      async request({ path }) {
        asked.push(path);
        const answer = answers.shift() ?? null;
        if (answer instanceof Error) throw answer;
        if (answer === null) return { status: 204, headers: {}, body: Buffer.alloc(0) };
        const jws = typeof answer === 'string' ? answer : await server.sign(CONTENT_TYPE, answer);
        return { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(jws) };
      },
    },
  });
  await made.start();
  /** The server tells of a version, and answers what it is then asked. */
  const tell = async (version: number, ...given: (DeviceContent | string | Error)[]) => {
    answers.push(...given);
    made.announced('indicators', version);
    await until('the answers are taken', () => answers.length === 0);
    await made.idle();
  };
  return { made, applied, asked, tell, log, home, changes: () => changes };
}

const refusals = (log: ReturnType<typeof quietLog>) =>
  log.lines.filter(({ message }) => message === 'content was refused').map(({ fields }) => fields.reason);

describe('what a device is to enforce', () => {
  it('comes whole, then as what changed', async () => {
    const { applied, asked, tell, made, changes } = await keeper();
    await tell(3, content(3, 0, { upserts: [item('1'), item('2')] }));
    await tell(5, content(5, 3, { upserts: [item('4')], removes: ['1', 'unknown'] }));
    expect(applied).toEqual([
      { ids: ['1', '2'], version: 3 },
      { ids: ['2', '4'], version: 5 },
    ]);
    expect(asked).toEqual([
      '/device/v1/content/indicators?from=0&scope=',
      '/device/v1/content/indicators?from=3&scope=0',
    ]);
    expect(made.health()).toEqual({ content: { indicators: 5 }, contentScopes: { indicators: '0' } });
    expect(changes()).toBe(2);
  });

  it('is in force again after a restart, before anything is asked', async () => {
    const first = await keeper();
    await first.tell(1, content(1, 0, { upserts: [item('1')] }));
    await first.made.stop();
    const second = await keeper({ dir: first.home });
    expect(second.applied).toEqual([{ ids: ['1'], version: 1 }]);
    expect(second.asked).toEqual([]);
  });

  it('is taken from nobody but the server, for this device, about this topic, and only when it is newer', async () => {
    const { applied, tell, log } = await keeper();
    await tell(2, content(2, 0, { upserts: [item('1')] }));
    const stranger = new TestCommandKey();
    await tell(2, await stranger.sign(CONTENT_TYPE, content(3, 0)));
    await tell(2, await server.sign('merlon-order+jwt', content(3, 0)));
    await tell(2, content(3, 0, { sub: 'b'.repeat(40) }));
    await tell(2, content(3, 0, { topic: 'yara' }));
    await tell(2, content(2, 0));
    await tell(2, content(1, 0));
    await tell(2, 'not.a.jws');
    await tell(2, await server.sign(CONTENT_TYPE, { version: 9 }));
    expect(applied).toHaveLength(1);
    expect(refusals(log)).toEqual([
      expect.stringContaining('not signed'),
      expect.stringContaining('typ'),
      expect.stringContaining('another device'),
      expect.stringContaining('another topic'),
      expect.stringContaining('not newer'),
      expect.stringContaining('not newer'),
      expect.stringContaining('not signed'),
      expect.stringContaining('malformed'),
    ]);
  });

  it('is asked for whole when a delta is to something else', async () => {
    const { applied, asked, tell } = await keeper();
    await tell(2, content(2, 0, { upserts: [item('1')] }));
    await tell(
      4,
      content(4, 3, { upserts: [item('2')] }),
      content(5, 0, { scope: '7', upserts: [item('3')] }),
    );
    expect(applied.at(-1)).toEqual({ ids: ['3'], version: 5 });
    expect(asked.at(-1)).toBe('/device/v1/content/indicators?from=2&scope=');
  });

  it('ceases by the clock of the device', async () => {
    let now = startMs;
    const first = await keeper({ nowMs: () => now });
    await first.tell(
      1,
      content(1, 0, { upserts: [item('1', { expiresAt: startMs / 1_000 + 60 }), item('2')] }),
    );
    expect(first.applied).toEqual([{ ids: ['1', '2'], version: 1 }]);
    await first.made.stop();
    now += 61_000;
    const second = await keeper({ dir: first.home, nowMs: () => now });
    expect(second.applied).toEqual([{ ids: ['2'], version: 1 }]);
    await second.made.stop();
  });

  it('is dropped when its time comes, without a word of the server', async () => {
    const { applied, tell, made } = await keeper({ nowMs: Date.now });
    await tell(1, content(1, 0, { upserts: [item('1', { expiresAt: Math.ceil(Date.now() / 1_000) + 1 })] }));
    await until('it is dropped', () => applied.at(-1)?.ids.length === 0);
    expect(applied).toEqual([
      { ids: ['1'], version: 1 },
      { ids: [], version: 1 },
    ]);
    await made.stop();
  });

  it('leaves out what this agent cannot read, and keeps it for one that can', async () => {
    const first = await keeper();
    const strange = { ...item('9'), type: 'Imphash' } as unknown as IndicatorItem;
    await first.tell(1, content(1, 0, { upserts: [item('1'), strange] }));
    expect(first.applied).toEqual([{ ids: ['1'], version: 1 }]);
    expect(first.log.lines.find(({ message }) => message === 'content is in force')?.fields).toMatchObject({
      unreadable: 1,
    });
  });

  it('is not said to be in force while an enforcer fails, and is tried again when the server tells again', async () => {
    let fails = true;
    const { tell, made, applied } = await keeper({
      apply() {
        if (fails) throw new Error('no room');
      },
    });
    await tell(1, content(1, 0, { upserts: [item('1')] }));
    expect(made.health()).toEqual({});
    fails = false;
    await tell(1);
    expect(applied).toEqual([{ ids: ['1'], version: 1 }]);
    expect(made.health()).toMatchObject({ content: { indicators: 1 } });
    await made.stop();
  });

  it('begins anew when what is on the disk cannot be read', async () => {
    const dir = await folder();
    await writeFile(join(dir, 'indicators.json'), '{"version":');
    const { tell, applied, asked } = await keeper({ dir });
    await tell(4, content(4, 0, { upserts: [item('1')] }));
    expect(asked[0]).toContain('from=0');
    expect(applied).toEqual([{ ids: ['1'], version: 4 }]);
  });

  it('is asked for again when the way to the server fails, or a server that does not know of it yet answers', async () => {
    const { tell, applied, asked } = await keeper();
    await tell(2, new Error('socket hang up'), content(1, 0), content(2, 1, { upserts: [item('1')] }));
    expect(asked).toHaveLength(3);
    expect(applied.at(-1)).toEqual({ ids: ['1'], version: 2 });
  });

  it('ignores topics it does not know', async () => {
    const { made, asked } = await keeper();
    made.announced('weather', 4);
    await made.idle();
    expect(asked).toEqual([]);
  });
});
