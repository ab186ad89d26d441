import { readdirSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CorruptLogError,
  type EventLog,
  type EventLogOptions,
  InvalidRecordError,
  LogClosedError,
  LogFullError,
  LogLockedError,
  openEventLog,
} from './index.ts';
import { ALL, crashCopy, freshFolder, segmentsIn } from './test-log.ts';

describe('event log', () => {
  let folder: ReturnType<typeof freshFolder>;
  let dir: string;
  let log: EventLog;
  const reopen = async (options: Omit<EventLogOptions, 'dir'> = {}) => {
    await log.close();
    log = await openEventLog({ dir, ...options });
  };
  const append = (stream: string, seq: number, payload = `${stream}.${seq}`, epoch = 'e1') =>
    log.append({ stream, epoch, seq, payload: Buffer.from(payload) });
  const take = async (name: string, limits: { maxRecords: number; maxBytes: number } = ALL) => {
    const range = await log.reader(name).next(limits);
    if (!range) throw new Error('the log is closed');
    return { range, payloads: range.records.map((record) => record.payload.toString()) };
  };
  const takeAndCommit = async (name: string, limits?: typeof ALL) => {
    const { range, payloads } = await take(name, limits);
    await range.commit();
    return payloads;
  };

  beforeEach(async () => {
    folder = freshFolder();
    dir = folder.dir;
    log = await openEventLog({ dir });
  });
  afterEach(async () => {
    await log.close();
    folder.remove();
  });

  describe('appending', () => {
    it('counts positions from 1 and keeps them across openings', async () => {
      expect(await append('a', 1)).toEqual({ duplicate: false, position: 1 });
      expect(await Promise.all([append('b', 1), append('a', 2)])).toEqual([
        { duplicate: false, position: 2 },
        { duplicate: false, position: 3 },
      ]);
      await reopen();
      expect((await append('a', 3)).position).toBe(4);
      expect(log.stats()).toMatchObject({ oldest: 1, newest: 4, streams: 2 });
    });

    it('knows a repeat: under way, on disk, after a restart, of the epoch before', async () => {
      const [first, second] = await Promise.all([append('a', 1), append('a', 1)]);
      expect([first, second]).toEqual([
        { duplicate: false, position: 1 },
        { duplicate: true, position: 1 },
      ]);
      await reopen();
      expect((await append('a', 1)).duplicate).toBe(true);
      expect((await append('a', 1, 'x', 'e2')).duplicate).toBe(false);
      expect((await append('a', 1)).duplicate).toBe(true);
      expect(log.stats().newest).toBe(2);
    });

    it('takes a record that was overtaken by its successor', async () => {
      await append('a', 1);
      await append('a', 3);
      expect((await append('a', 2)).duplicate).toBe(false);
      expect((await append('a', 2)).duplicate).toBe(true);
      await reopen();
      expect((await append('a', 2)).duplicate).toBe(true);
    });

    it('knows repeats whose segments are long gone', async () => {
      await reopen({ segmentBytes: 300 });
      for (let seq = 1; seq <= 50; seq++) {
        await append(`device-${seq % 3}`, seq);
        await takeAndCommit('only');
      }
      await reopen({ segmentBytes: 300 });
      expect(segmentsIn(dir).length).toBeLessThan(12);
      expect(log.stats().oldest).toBeGreaterThan(20);
      for (let seq = 3; seq <= 50; seq++)
        expect((await append(`device-${seq % 3}`, seq)).duplicate).toBe(true);
    });

    it('keeps its memory of skipped sequences and old epochs in snapshots', async () => {
      await reopen({ segmentBytes: 300 });
      await append('späht', 1, '', 'old');
      await append('späht', 1, '', 'new');
      await append('späht', 4, '', 'new');
      for (let seq = 1; seq <= 40; seq++) {
        await append('b', seq);
        await takeAndCommit('only');
      }
      await reopen();
      expect(log.stats().oldest).toBeGreaterThan(3);
      expect((await append('späht', 1, '', 'old')).duplicate).toBe(true);
      expect((await append('späht', 4, '', 'new')).duplicate).toBe(true);
      expect((await append('späht', 3, '', 'new')).duplicate).toBe(false);
    });

    it('forgets the longest silent streams when there are too many, and says so', async () => {
      await reopen({ segmentBytes: 300, maxStreams: 10 });
      for (let i = 1; i <= 40; i++) {
        await append(`s${i}`, 1);
        await takeAndCommit('only');
      }
      // The house is kept beside the writing.
      await vi.waitFor(() => expect(log.stats().streams).toBeLessThanOrEqual(20), 10_000);
      await reopen({ segmentBytes: 300, maxStreams: 10 });
      expect(log.stats().streams).toBeLessThanOrEqual(20);
    });

    it('refuses by name what no record can be', async () => {
      const payload = Buffer.from('x');
      for (const bad of [
        { stream: '', epoch: 'e', seq: 1, payload },
        { stream: 'a', epoch: 'e'.repeat(256), seq: 1, payload },
        { stream: 'a\ud800', epoch: 'e', seq: 1, payload },
        { stream: 'a', epoch: 'e', seq: 0.5, payload },
        { stream: 'a', epoch: 'e', seq: -1, payload },
        { stream: 'a', epoch: 'e', seq: 1, payload: Buffer.alloc(32 * 1024 * 1024 + 1) },
      ]) {
        await expect(log.append(bad)).rejects.toBeInstanceOf(InvalidRecordError);
      }
      await log.close();
      await expect(append('a', 1)).rejects.toBeInstanceOf(LogClosedError);
    });

    it('gives a record larger than a segment one of its own', async () => {
      await reopen({ segmentBytes: 1_000 });
      const sizes = [10, 5_000, 2_000_000, 10];
      for (const [i, size] of sizes.entries()) await append('a', i + 1, 'x'.repeat(size));
      const { payloads } = await take('r', { maxRecords: 3, maxBytes: 1 });
      expect(payloads.map((p) => p.length)).toEqual([10]);
      await (await take('r')).range.commit();
      const { payloads: rest } = await take('r');
      expect(rest.map((p) => p.length)).toEqual(sizes.slice(1));
    });
  });

  describe('reading', () => {
    it('gives each reader everything, in order, at its own pace', async () => {
      for (let seq = 1; seq <= 5; seq++) await append('a', seq);
      const slow = log.reader('slow');
      const first = await slow.next({ maxRecords: 2, maxBytes: 1_000 });
      expect(first?.id).toMatch(/^[0-9a-f]{16}\.1-2$/);
      expect(first?.records[1]).toEqual({ position: 2, stream: 'a', payload: Buffer.from('a.2') });
      await first?.commit();
      expect((await take('fast')).payloads).toEqual(['a.1', 'a.2', 'a.3', 'a.4', 'a.5']);
      expect((await slow.next(ALL))?.id).toMatch(/\.3-5$/);
    });

    it('keeps a range within its bytes, but gives at least one record', async () => {
      for (let seq = 1; seq <= 4; seq++) await append('a', seq, 'x'.repeat(100));
      const limits = { maxRecords: 100, maxBytes: 300 };
      expect((await takeAndCommit('r', limits)).length).toBe(2);
      expect((await takeAndCommit('r', { ...limits, maxBytes: 1 })).length).toBe(1);
      await expect(log.reader('r').next({ maxRecords: 0, maxBytes: 1 })).rejects.toThrow(RangeError);
    });

    it('hands the same range out until it is committed, also after a crash', async () => {
      await append('a', 1);
      await append('a', 2);
      const before = await take('r', { maxRecords: 1, maxBytes: 1_000 });
      await append('a', 3);
      expect((await take('r')).range.id).toBe(before.range.id);
      const crashed = crashCopy(dir);
      await log.close();
      const again = await openEventLog({ dir: crashed.dir });
      const after = await again.reader('r').next(ALL);
      expect(after?.id).toBe(before.range.id);
      expect(after?.records.map(({ payload }) => payload.toString())).toEqual(['a.1']);
      await after?.commit();
      await after?.commit();
      await again.close();
      log = await openEventLog({ dir: crashed.dir });
      expect((await take('r')).payloads).toEqual(['a.2', 'a.3']);
      await log.close();
      crashed.remove();
    });

    it('waits for records, and lets go when told to', async () => {
      const reader = log.reader('r');
      const waiting = reader.next(ALL);
      await expect(reader.next(ALL)).rejects.toThrow(/already waiting/);
      await append('a', 1);
      const range = await waiting;
      await range?.commit();
      const stop = new AbortController();
      const idle = reader.next({ ...ALL, signal: stop.signal });
      stop.abort();
      expect(await idle).toBeNull();
      expect(await reader.next({ ...ALL, signal: AbortSignal.abort() })).toBeNull();
      const last = reader.next(ALL);
      await log.close();
      expect(await last).toBeNull();
      expect(await reader.next(ALL)).toBeNull();
    });

    it('refuses to commit into a closed log: the range comes again', async () => {
      await append('a', 1);
      const { range } = await take('r');
      await log.close();
      await expect(range.commit()).rejects.toBeInstanceOf(LogClosedError);
      log = await openEventLog({ dir });
      expect((await take('r')).range.id).toBe(range.id);
    });

    it('lets a new reader begin at either end', async () => {
      await append('a', 1);
      const late = log.reader('late', { from: 'newest' });
      const waiting = late.next(ALL);
      await append('a', 2);
      expect((await waiting)?.records.map(({ position }) => position)).toEqual([2]);
      expect((await take('early', ALL)).payloads).toEqual(['a.1', 'a.2']);
      expect(() => log.reader('../x')).toThrow(RangeError);
    });

    it('reads across segments, in one range', async () => {
      await reopen({ segmentBytes: 200 });
      for (let seq = 1; seq <= 20; seq++) await append('a', seq);
      expect(segmentsIn(dir).length).toBeGreaterThan(5);
      expect((await take('r')).payloads).toEqual(Array.from({ length: 20 }, (_, i) => `a.${i + 1}`));
    });
  });

  describe('retention', () => {
    it('deletes segments when every reader is done with them, a forgotten reader not counted', async () => {
      await reopen({ segmentBytes: 300 });
      log.reader('slow');
      for (let seq = 1; seq <= 30; seq++) {
        await append('a', seq);
        await takeAndCommit('fast');
      }
      expect(log.stats().oldest).toBe(1);
      await log.dropReader('slow');
      await reopen({ segmentBytes: 300 });
      expect(log.stats().oldest).toBeGreaterThan(10);
      expect(log.stats().readers.map(({ name }) => name)).toEqual(['fast']);
    });

    it('keeps everything while there is no reader', async () => {
      await reopen({ segmentBytes: 300 });
      for (let seq = 1; seq <= 30; seq++) await append('a', seq);
      await reopen();
      expect((await take('late')).payloads.length).toBe(30);
    });

    it('takes nothing more rather than drop what is unread, and goes on when it is read', async () => {
      await reopen({ segmentBytes: 300, retainBytes: 1_000 });
      let seq = 0;
      const fill = async () => {
        for (;;) await append('a', ++seq, 'x'.repeat(100));
      };
      await expect(fill()).rejects.toMatchObject({ name: 'LogFullError', reason: 'unread' });
      expect(seq).toBe(8);
      await expect(append('a', 8, 'x'.repeat(100))).rejects.toBeInstanceOf(LogFullError);
      expect((await append('a', 7)).duplicate).toBe(true);
      expect((await takeAndCommit('r')).length).toBe(7);
      expect((await append('a', 8, 'x'.repeat(100))).duplicate).toBe(false);
      expect((await append('a', 9, 'x'.repeat(5_000)).catch((e) => e)).reason).toBe('unread');
    });

    it('tells how far each reader lags', async () => {
      await append('a', 1);
      await append('a', 2);
      await takeAndCommit('done');
      log.reader('idle');
      const frame = 36 + 1 + 2 + 3;
      expect(log.stats().readers).toEqual([
        { name: 'done', lagRecords: 0, lagBytes: 0 },
        { name: 'idle', lagRecords: 2, lagBytes: 2 * frame },
      ]);
    });
  });

  describe('opening', () => {
    it('is one opener’s at a time', async () => {
      await expect(openEventLog({ dir })).rejects.toBeInstanceOf(LogLockedError);
      await log.close();
      writeFileSync(join(dir, 'lock'), 'left behind');
      await reopen();
    });

    it('removes what was half made: a file under another name, a segment without its header', async () => {
      await append('a', 1);
      await log.close();
      writeFileSync(join(dir, '0000000000000002.streams.tmp'), 'half');
      writeFileSync(join(dir, '0000000000000002.seg'), 'MRLN');
      await reopen();
      expect(readdirSync(dir).sort()).toEqual(['0000000000000001.seg', 'end.json', 'lock']);
      expect((await append('a', 2)).position).toBe(2);
    });

    it('misses a segment that is gone', async () => {
      await reopen({ segmentBytes: 200 });
      for (let seq = 1; seq <= 20; seq++) await append('a', seq);
      await log.close();
      const segments = segmentsIn(dir);
      const middle = segments[3] ?? '';
      const bytes = readFileSync(middle);
      unlinkSync(middle);
      const opened = await openEventLog({ dir }).catch((error: unknown) => error);
      if (opened instanceof Error) expect(opened).toBeInstanceOf(CorruptLogError);
      else {
        const gapped = opened as EventLog;
        await expect(gapped.reader('r').next(ALL)).rejects.toBeInstanceOf(CorruptLogError);
        await gapped.close();
      }
      writeFileSync(middle, bytes);
      for (const path of segments) unlinkSync(path);
      await expect(openEventLog({ dir })).rejects.toThrow(/acknowledged, but there is no segment/);
    });

    it('tells damage from an interrupted write by what was written after it', async () => {
      for (let seq = 1; seq <= 3; seq++) await append('a', seq);
      for (const [text, position] of [
        ['a.2', 2],
        ['a.3', null],
      ] as const) {
        const crashed = crashCopy(dir);
        const [path = ''] = segmentsIn(crashed.dir);
        const bytes = readFileSync(path);
        bytes[bytes.lastIndexOf(text)] = 0;
        writeFileSync(path, bytes);
        if (position !== null) {
          await expect(openEventLog({ dir: crashed.dir })).rejects.toMatchObject({
            name: 'CorruptLogError',
            position,
          });
        } else {
          const opened = await openEventLog({ dir: crashed.dir });
          expect(opened.stats()).toMatchObject({ newest: 2, tornBytes: 36 + 1 + 2 + 3 });
          await opened.close();
        }
        crashed.remove();
      }
    });

    it('misses the end of a log that was closed in order', async () => {
      await append('a', 1);
      await append('a', 2);
      await log.close();
      const [path = ''] = segmentsIn(dir);
      truncateSync(path, statSync(path).size - 1);
      await expect(openEventLog({ dir })).rejects.toMatchObject({ name: 'CorruptLogError', position: 2 });
    });
  });
});
