import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CorruptLogError,
  type EventLog,
  LogFullError,
  LogLockedError,
  openEventLog,
  repairEventLog,
} from './index.ts';

const ALL = { maxRecords: 1_000, maxBytes: 1_000_000 };

describe('event log', () => {
  let dir: string;
  let log: EventLog;
  const reopen = async (options: { segmentBytes?: number; retainBytes?: number } = {}) => {
    await log?.close();
    log = await openEventLog({ dir, ...options });
  };
  const append = (stream: string, seq: number, payload = `${stream}.${seq}`, epoch = 'e1') =>
    log.append({ stream, epoch, seq, payload: Buffer.from(payload) });
  const take = async (name: string, options = ALL) => {
    const range = await log.reader(name).next(options);
    return range ? { range, payloads: range.records.map((record) => record.payload.toString()) } : null;
  };
  const logFiles = () =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.log'))
      .sort();

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'merlon-log-'));
    log = await openEventLog({ dir });
  });
  afterEach(async () => {
    await log.close().catch(() => {});
    rmSync(dir, { recursive: true, force: true });
  });

  it('gives back what was appended, in order, to each reader at its own pace', async () => {
    for (let seq = 1; seq <= 5; seq++) await append('a', seq);
    const slow = log.reader('slow');
    const fast = log.reader('fast');
    const first = await slow.next({ maxRecords: 2, maxBytes: 1_000 });
    expect(first?.id).toBe('0-1');
    await first?.commit();
    expect((await fast.next(ALL))?.records.map((r) => r.payload.toString())).toEqual([
      'a.1',
      'a.2',
      'a.3',
      'a.4',
      'a.5',
    ]);
    expect((await slow.next(ALL))?.id).toBe('2-4');
  });

  it('knows a repeated record, also after a restart and while the first is on its way', async () => {
    const [first, second] = await Promise.all([append('a', 1), append('a', 1)]);
    expect([first.duplicate, second.duplicate]).toEqual([false, true]);
    await reopen();
    expect((await append('a', 1)).duplicate).toBe(true);
    expect((await append('a', 1, 'x', 'e2')).duplicate).toBe(false);
    expect((await append('a', 1)).duplicate).toBe(true);
    expect(log.stats().next).toBe(2);
  });

  it('knows repeated records whose segment is long gone', async () => {
    await reopen({ segmentBytes: 200 });
    const reader = log.reader('only');
    for (let seq = 1; seq <= 50; seq++) {
      await append(`device-${seq % 3}`, seq);
      const range = await reader.next(ALL);
      await range?.commit();
    }
    await reopen({ segmentBytes: 200 });
    expect(logFiles().length).toBeLessThan(5);
    for (let seq = 1; seq <= 48; seq++) expect((await append(`device-${seq % 3}`, seq)).duplicate).toBe(true);
  });

  it('hands the same range out again until it is committed', async () => {
    await append('a', 1);
    await append('a', 2);
    const before = await take('r', { maxRecords: 1, maxBytes: 1_000 });
    await append('a', 3);
    await reopen();
    const after = await take('r');
    expect(after?.range.id).toBe(before?.range.id);
    expect(after?.payloads).toEqual(['a.1']);
    await after?.range.commit();
    await reopen();
    expect((await take('r'))?.payloads).toEqual(['a.2', 'a.3']);
  });

  it('waits for records without polling, and lets go when told to', async () => {
    const reader = log.reader('r');
    const waiting = reader.next(ALL);
    await append('a', 1);
    const range = await waiting;
    await range?.commit();
    const stop = new AbortController();
    const idle = reader.next({ ...ALL, signal: stop.signal });
    stop.abort();
    expect(await idle).toBeNull();
    const last = reader.next(ALL);
    await log.close();
    expect(await last).toBeNull();
  });

  it('takes nothing rather than drop what a reader has not taken', async () => {
    await reopen({ segmentBytes: 300, retainBytes: 1_000 });
    const reader = log.reader('r');
    let seq = 0;
    await expect(
      (async () => {
        for (;;) await append('a', ++seq, 'x'.repeat(100));
      })(),
    ).rejects.toBeInstanceOf(LogFullError);
    let seen = 0;
    while (seen < seq - 1) {
      const range = await reader.next(ALL);
      seen += range?.records.length ?? 0;
      await range?.commit();
    }
    await reopen({ segmentBytes: 300, retainBytes: 1_000 });
    log.reader('r');
    expect((await append('a', seq, 'x'.repeat(100))).duplicate).toBe(false);
  });

  it('is one process’s at a time', async () => {
    await expect(openEventLog({ dir })).rejects.toBeInstanceOf(LogLockedError);
    await log.close();
    writeFileSync(join(dir, 'lock'), '999999999 gone\n');
    await reopen();
  });

  it('cuts off a torn end, and nothing that was acknowledged, wherever the tear is', async () => {
    for (let seq = 1; seq <= 3; seq++) await append('a', seq);
    await log.close();
    const path = join(dir, logFiles()[0] ?? '');
    const whole = readFileSync(path);
    const third = Math.round((whole.length / 3) * 2);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: third, max: whole.length - 1 }), async (length) => {
        writeFileSync(path, whole);
        truncateSync(path, length);
        rmSync(join(dir, 'reader-t.checkpoint'), { force: true });
        log = await openEventLog({ dir });
        expect((await take('t'))?.payloads).toEqual(['a.1', 'a.2']);
        expect((await append('a', 2)).duplicate).toBe(true);
        expect((await append('a', 3)).duplicate).toBe(false);
        await log.close();
      }),
      { numRuns: 25 },
    );
  });

  it('names damage in the middle instead of skipping it, and cuts it out only when asked', async () => {
    for (let seq = 1; seq <= 3; seq++) await append('a', seq);
    await log.close();
    const path = join(dir, logFiles()[0] ?? '');
    const bytes = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: Math.floor(bytes.length / 3) - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          writeFileSync(path, damaged);
          await expect(openEventLog({ dir })).rejects.toBeInstanceOf(CorruptLogError);
          expect(statSync(path).size).toBe(bytes.length);
        },
      ),
      { numRuns: 50 },
    );
    expect((await repairEventLog(dir)).cutBytes).toBe(bytes.length);
    await reopen();
  });

  it('behaves as its model through appends, reads, rolls and restarts', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('append' as const),
          stream: fc.integer({ min: 0, max: 2 }),
          size: fc.integer({ min: 0, max: 80 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('read' as const), max: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'crashed-read' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const own = mkdtempSync(join(tmpdir(), 'merlon-log-'));
        let it = await openEventLog({ dir: own, segmentBytes: 256 });
        let reader = it.reader('model');
        const written: string[] = [];
        const seqs = [0, 0, 0];
        let read = 0;
        let out: number | null = null;
        const restart = async () => {
          await it.close();
          it = await openEventLog({ dir: own, segmentBytes: 256 });
          reader = it.reader('model');
        };
        for (const action of steps) {
          if (action.do === 'append') {
            const seq = (seqs[action.stream] ?? 0) + 1;
            seqs[action.stream] = seq;
            const payload = `${action.stream}.${seq}.${'x'.repeat(action.size)}`;
            expect(
              (
                await it.append({
                  stream: String(action.stream),
                  epoch: 'e',
                  seq,
                  payload: Buffer.from(payload),
                })
              ).duplicate,
            ).toBe(false);
            written.push(payload);
          } else if (action.do === 'reopen') {
            await restart();
          } else if (read < written.length) {
            const max = action.do === 'read' ? action.max : 3;
            const range = await reader.next({ maxRecords: max, maxBytes: 1_000 });
            const got = range?.records.map((record) => record.payload.toString()) ?? [];
            expect(got.length).toBeGreaterThan(0);
            expect(got).toEqual(written.slice(read, read + got.length));
            if (out !== null) expect(got.length).toBe(out);
            if (action.do === 'read') {
              await range?.commit();
              read += got.length;
              out = null;
            } else {
              out = got.length;
              await restart();
            }
          }
        }
        await it.close();
        rmSync(own, { recursive: true, force: true });
      }),
      { numRuns: 60 },
    );
  });
});
