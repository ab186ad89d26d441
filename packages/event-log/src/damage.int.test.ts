/** Damage to what was acknowledged: found, named, and repaired only on order. */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CorruptLogError,
  type EventLog,
  LogLockedError,
  openEventLog,
  type RepairReport,
  repairEventLog,
} from './index.ts';
import { ALL, freshFolder } from './test-log.ts';

const RECORDS = 120;
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const text = (position: number) => `record ${position} ${'y'.repeat(position % 60)}`;

describe('a damaged event log', () => {
  const original = freshFolder();
  const work = freshFolder();
  let oldest: number;

  beforeAll(async () => {
    const log = await openEventLog({ dir: original.dir, segmentBytes: 2_000 });
    for (let i = 1; i <= RECORDS; i++) {
      await log.append({ stream: `device-${i % 5}`, epoch: 'e', seq: i, payload: Buffer.from(text(i)) });
      if (i > 60) continue;
      const range = await log.reader('r').next(ALL);
      await range?.commit();
    }
    await log.close();
    const again = await openEventLog({ dir: original.dir, segmentBytes: 2_000 });
    oldest = again.stats().oldest;
    await again.close();
    expect(oldest).toBeGreaterThan(1);
  });
  afterAll(() => {
    original.remove();
    work.remove();
  });

  const restore = () => {
    rmSync(work.dir, { recursive: true, force: true });
    cpSync(original.dir, work.dir, { recursive: true });
  };
  const files = () => readdirSync(original.dir).filter((name) => name !== 'lock');

  /** Everything a new reader sees, or the error that stopped it. Whatever is not damage fails the test. */
  async function readAll(): Promise<{ seen: Map<number, string>; error: CorruptLogError | null }> {
    const seen = new Map<number, string>();
    let log: EventLog | null = null;
    try {
      log = await openEventLog({ dir: work.dir, segmentBytes: 2_000 });
      const reader = log.reader('all');
      const { position: end } = await log.append({
        stream: 'end',
        epoch: 'e',
        seq: 1,
        payload: Buffer.from('end'),
      });
      for (let last = 0; last < end; ) {
        const range = await reader.next({ maxRecords: 7, maxBytes: 1_000 });
        for (const { position, payload } of range?.records ?? []) {
          if (position < end) seen.set(position, payload.toString());
          last = position;
        }
        await range?.commit();
      }
      return { seen, error: null };
    } catch (error) {
      if (!(error instanceof CorruptLogError)) throw error;
      return { seen, error };
    } finally {
      await log?.close();
    }
  }
  const expectTrue = (seen: Map<number, string>) => {
    for (const [position, payload] of seen) expect(payload).toBe(text(position));
  };

  const damage = fc.record({
    file: fc.nat(),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.oneof(
      fc.record({ flip: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ zeros: fc.integer({ min: 1, max: 600 }) }),
      fc.record({ cut: fc.constant(true) }),
      fc.record({ junk: fc.uint8Array({ minLength: 1, maxLength: 100 }) }),
    ),
  });

  function inflict({ file, at, kind }: typeof damage extends fc.Arbitrary<infer T> ? T : never): boolean {
    restore();
    const names = files();
    const path = join(work.dir, names[file % names.length] ?? '');
    const before = readFileSync(path);
    const offset = Math.floor(before.length * at);
    let after = Buffer.from(before);
    if ('flip' in kind) after[offset] = (after[offset] ?? 0) ^ kind.flip;
    else if ('zeros' in kind) after.fill(0, offset, Math.min(after.length, offset + kind.zeros));
    else if ('cut' in kind) after = after.subarray(0, offset);
    else after = Buffer.concat([before.subarray(0, offset), kind.junk, before.subarray(offset)]);
    writeFileSync(path, after);
    return !after.equals(before);
  }

  it('is never read past in silence: all is there, or the damage is named', async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (inflicted) => {
        fc.pre(inflict(inflicted));
        const { seen, error } = await readAll();
        expectTrue(seen);
        if (error) expect(error.message).toMatch(/^the event log is damaged at \S+, byte \d+/);
        else expect(seen.size).toBe(RECORDS - oldest + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('opens after a repair with all that can still be read, and tells what is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async ([first, ...more]) => {
        fc.pre(first !== undefined && inflict(first));
        for (const { file, at } of more) {
          const names = files();
          const path = join(work.dir, names[file % names.length] ?? '');
          const bytes = readFileSync(path);
          const offset = Math.floor(bytes.length * at);
          bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
          writeFileSync(path, bytes);
        }
        let report: RepairReport;
        try {
          report = await repairEventLog(work.dir);
        } catch (error) {
          expect(String(error)).toMatch(/no segment can tell/);
          return;
        }
        const { seen, error } = await readAll();
        expect(error).toBeNull();
        expectTrue(seen);
        const lost = new Set(
          report.lost.flatMap(({ first, last }) =>
            Array.from({ length: last - first + 1 }, (_, i) => first + i),
          ),
        );
        const end = report.endUnknown ? Math.max(0, ...seen.keys()) : RECORDS;
        for (let position = oldest; position <= end; position++)
          expect(seen.has(position) || lost.has(position)).toBe(true);
        if (lost.size > 0) expect(report.setAside.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  it('is left alone by a repair when nothing is wrong with it', async () => {
    restore();
    const before = files().map((name) => sha256(join(work.dir, name)));
    expect(await repairEventLog(work.dir)).toEqual({
      lost: [],
      setAside: [],
      resetReaders: [],
      streamsForgotten: false,
      endUnknown: false,
    });
    expect(files().map((name) => sha256(join(work.dir, name)))).toEqual(before);
  });

  it('is not repaired while it is open', async () => {
    restore();
    const log = await openEventLog({ dir: work.dir });
    await expect(repairEventLog(work.dir)).rejects.toBeInstanceOf(LogLockedError);
    await log.close();
  });

  it('hands an interrupted range out again with what is left of it', async () => {
    restore();
    let log = await openEventLog({ dir: work.dir });
    const taken = await log.reader('r').next({ maxRecords: 5, maxBytes: 10_000 });
    await log.close();
    const position = taken?.records[2]?.position ?? 0;
    const needle = Buffer.from(text(position));
    for (const name of files().filter((file) => file.endsWith('.seg'))) {
      const path = join(work.dir, name);
      const bytes = readFileSync(path);
      const at = bytes.indexOf(needle);
      if (at < 0) continue;
      bytes[at] = 0;
      writeFileSync(path, bytes);
      break;
    }
    expect((await repairEventLog(work.dir)).lost).toEqual([{ first: position, last: position }]);
    log = await openEventLog({ dir: work.dir });
    const again = await log.reader('r').next(ALL);
    expect(again?.id).toBe(taken?.id);
    expect(again?.records.map((r) => r.position)).toEqual(
      taken?.records.map((r) => r.position).filter((p) => p !== position),
    );
    await log.close();
  });
});
