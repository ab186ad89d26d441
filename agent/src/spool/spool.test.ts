import { randomBytes } from 'node:crypto';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BATCH_LIMITS } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { flushIntervalMs, Spool, type SpoolOptions } from './spool.ts';

const folder = temporaryFolders();
const deviceId = 'a'.repeat(40);
const open = (dir: string, more: Partial<SpoolOptions> = {}) =>
  Spool.open({ dir, deviceId, log: quietLog(), flushMs: 5, ...more });
const row = (n: number, more: object = {}) => ({
  Table: 'DeviceEvents',
  Timestamp: '2026-11-24T12:00:00.0000000Z',
  ActionType: `row ${n}`,
  ...more,
});

interface SentRow {
  ReportId: number;
  ActionType: string;
}

/** Takes everything out, as a server would. */
async function drain(spool: Spool): Promise<{ ids: string[]; rows: SentRow[] }> {
  const ids: string[] = [];
  const rows: SentRow[] = [];
  while (spool.stats().batches > 0) {
    const batch = await spool.next();
    if (!batch) break;
    const lines = gunzipSync(await spool.read(batch))
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(batch.rows);
    ids.push(batch.id);
    rows.push(...lines.map((line) => JSON.parse(line) as SentRow));
    await spool.delivered(batch, 0);
  }
  return { ids, rows };
}

describe('Spool', () => {
  it('gives rows back in order, numbered, in batches that the protocol can name', async () => {
    const spool = await open(await folder());
    for (let n = 0; n < 25_000; n += 1) spool.add(row(n));
    await spool.flush();
    const { ids, rows } = await drain(spool);
    expect(rows.map(({ ActionType }) => ActionType)).toEqual(
      Array.from({ length: 25_000 }, (_, n) => `row ${n}`),
    );
    expect(rows.every(({ ReportId }, i) => i === 0 || ReportId > (rows[i - 1]?.ReportId ?? 0))).toBe(true);
    const [epoch] = (ids[0] ?? '').split('.');
    expect(ids).toEqual(ids.map((_, i) => `${epoch}.${i + 1}`));
    expect(epoch).toMatch(/^[0-9a-f]{16}$/);
    await spool.close();
  });

  it('does not let a row choose its own number', async () => {
    const spool = await open(await folder());
    spool.add(row(1, { ReportId: 777_777_777 }));
    await spool.flush();
    expect((await drain(spool)).rows[0]?.ReportId).toBe(1);
    await spool.close();
  });

  it('keeps unsent batches over restarts, before the new ones, numbers growing and ids never repeating', async () => {
    const dir = await folder();
    const seen: { ids: string[]; rows: SentRow[] } = { ids: [], rows: [] };
    for (let run = 0; run < 3; run += 1) {
      const spool = await open(dir);
      spool.add(row(run));
      await spool.flush();
      await spool.close();
    }
    const last = await open(dir);
    Object.assign(seen, await drain(last));
    await last.close();
    expect(seen.rows.map(({ ActionType }) => ActionType)).toEqual(['row 0', 'row 1', 'row 2']);
    expect(new Set(seen.ids).size).toBe(3);
    expect(seen.rows.map(({ ReportId }) => ReportId)).toEqual(
      seen.rows.map(({ ReportId }) => ReportId).sort((a, b) => a - b),
    );
    const again = await open(dir);
    expect(again.stats().batches).toBe(0);
    await again.close();
  });

  it('writes what waits in memory when it closes', async () => {
    const dir = await folder();
    const spool = await open(dir, { flushMs: 60_000 });
    spool.add(row(1));
    await spool.close();
    const next = await open(dir);
    expect(next.stats().batches).toBe(1);
    await next.close();
  });

  it('puts a damaged batch aside, clears half-written files and goes on', async () => {
    const dir = await folder();
    const spool = await open(dir);
    for (let n = 0; n < 3; n += 1) {
      spool.add(row(n));
      await spool.flush();
    }
    await spool.close();
    const names = (await readdir(dir)).filter((name) => name.endsWith('.gz')).sort();
    await truncate(join(dir, names[1] ?? ''), 5);
    await writeFile(join(dir, `${names[2]}.partial`), 'half');
    await writeFile(join(dir, 'note.txt'), "an administrator's own");

    const next = await open(dir);
    expect(next.stats()).toMatchObject({ batches: 2, rejectedRows: 1 });
    expect((await drain(next)).rows.map(({ ActionType }) => ActionType)).toEqual(['row 0', 'row 2']);
    await next.close();
    expect(await readdir(join(dir, 'rejected'))).toEqual([names[1]]);
    expect((await readdir(dir)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('names a state file that cannot be read, and the device whose spool it is', async () => {
    const dir = await folder();
    await (await open(dir)).close();
    await expect(open(dir, { deviceId: 'b'.repeat(40) })).rejects.toThrow(/events of device aaaa/);
    await writeFile(join(dir, 'report-ids.json'), '{"reservedThrough":');
    await expect(open(dir)).rejects.toThrow(/report-ids.json is not JSON/);
  });

  it('keeps what it has when it is full, drops and counts the new, and takes again when there is room', async () => {
    const dir = await folder();
    const spool = await open(dir, { maxBytes: 3 * 4096 });
    for (let n = 0; n < 5; n += 1) {
      spool.add(row(n));
      await spool.flush();
    }
    expect(spool.stats()).toMatchObject({ batches: 3, droppedRows: 2 });
    expect((await drain(spool)).rows.map(({ ActionType }) => ActionType)).toEqual([
      'row 0',
      'row 1',
      'row 2',
    ]);
    spool.add(row(9));
    await spool.flush();
    expect(spool.stats()).toMatchObject({ batches: 1, droppedRows: 2 });
    await spool.close();
    const next = await open(dir);
    expect(next.stats().droppedRows).toBe(2);
    await next.close();
  });

  it('bounds its memory, and refuses a row longer than the server takes', async () => {
    const spool = await open(await folder(), { maxMemoryBytes: 10_000, flushMs: 60_000 });
    const taken = Array.from({ length: 200 }, (_, n) => spool.add(row(n))).filter(Boolean).length;
    expect(taken).toBeGreaterThan(50);
    expect(spool.stats()).toMatchObject({ pendingRows: taken, droppedRows: 200 - taken });
    await spool.close();

    const wide = await open(await folder());
    expect(wide.add(row(1, { AdditionalFields: 'x'.repeat(BATCH_LIMITS.rowBytes) }))).toBe(false);
    expect(wide.stats()).toMatchObject({ droppedRows: 1, pendingRows: 0 });
    await wide.close();
  });

  it('keeps every batch within the limits of the protocol, also with rows that hardly compress', async () => {
    const spool = await open(await folder());
    const noise = () => randomBytes(90_000).toString('base64');
    for (let n = 0; n < 100; n += 1) spool.add(row(n, { AdditionalFields: noise() }));
    await spool.flush();
    let rows = 0;
    while (spool.stats().batches > 0) {
      const batch = await spool.next();
      if (!batch) break;
      const body = await spool.read(batch);
      expect(body.byteLength).toBeLessThanOrEqual(BATCH_LIMITS.compressedBytes);
      expect(gunzipSync(body).byteLength).toBeLessThanOrEqual(BATCH_LIMITS.plainBytes);
      rows += batch.rows;
      await spool.delivered(batch, 0);
    }
    expect(rows).toBe(100);
    await spool.close();
  });

  it('lets rows gather longer while batches wait', () => {
    expect([0, 7, 8, 63, 64, 10_000].map((n) => flushIntervalMs(n, 250))).toEqual([
      250, 250, 1000, 1000, 5000, 5000,
    ]);
  });

  it('keeps refused batches for inspection, the newest of them, and counts their rows', async () => {
    const dir = await folder();
    const spool = await open(dir);
    for (let n = 0; n < 40; n += 1) {
      spool.add(row(n));
      await spool.flush();
      const batch = await spool.next();
      if (batch) await spool.setAside(batch);
    }
    expect(spool.stats()).toMatchObject({ batches: 0, rejectedRows: 40 });
    const kept = await readdir(join(dir, 'rejected'));
    expect(kept).toHaveLength(32);
    await spool.close();
    const state = JSON.parse(await readFile(join(dir, 'spool.json'), 'utf8')) as { rejectedRows: number };
    expect(state.rejectedRows).toBe(40);
  });

  it('lets a waiting sender go when it closes', async () => {
    const spool = await open(await folder());
    const waiting = spool.next();
    await spool.close();
    expect(await waiting).toBeNull();
  });
});
