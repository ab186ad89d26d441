/** Blocks on the real engine: the same rows as by JSON, whatever each block leaves out. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { huntingTable } from '@merlon/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EventStore, openEventStore } from './index.ts';
import { RowBlockBuilder } from './row-block.ts';
import { silentLog } from './testing.ts';

const TENANT = '11111111-2222-3333-4444-5555555555af';
const NOW = new Date('2026-11-24T12:00:00Z');
const stamp = {
  TenantId: TENANT,
  IngestionTime: '2026-11-24T10:00:01.0000000Z',
  DeviceId: 'd'.repeat(40),
  DeviceName: 'web-1',
};

let dir: string;
let store: EventStore;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-row-block-'));
  store = await openEventStore({ dir, now: () => NOW, log: silentLog });
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function rows(sql: string): Promise<unknown[][]> {
  const limits = { maxSeconds: 30, maxRows: 1_000, maxBytes: 10_000_000, maxMemoryBytes: 500_000_000 };
  return (await store.query({ sql, parameters: {}, queryId: randomUUID(), ...limits })).rows;
}

function blockOf(table: string, of: readonly Record<string, unknown>[]): Buffer {
  const found = huntingTable(table);
  if (!found) throw new Error(table);
  const builder = new RowBlockBuilder(found);
  for (const row of of) builder.append(row);
  return builder.finish(stamp);
}

const at = (second: number) => ({
  Timestamp: `2026-11-24T10:00:${String(second).padStart(2, '0')}.1234567Z`,
});

it('stores what JSON would store, from blocks with different columns, in one part and once a token', async () => {
  const first = [
    {
      ...at(1),
      ReportId: 1,
      FileName: 'sh',
      ProcessCommandLine: 'x'.repeat(300),
      FileSize: '9223372036854775807',
    },
    { ...at(2), ReportId: 2, FileName: 'naïve 💾', ProcessId: 5, IsInitiatingProcessRemoteSession: true },
    { ...at(3), ReportId: 3, FileSize: null, ProcessCreationTime: '1969-12-31T23:59:59.9999999Z' },
  ];
  const second = [
    { ...at(4), ReportId: -(2 ** 40), AdditionalFields: { a: [1, 'x', null] } },
    { ...at(5), ReportId: 5, IsInitiatingProcessRemoteSession: false, AccountName: 'root' },
  ];
  const blocks = [blockOf('DeviceProcessEvents', first), blockOf('DeviceProcessEvents', second)];
  for (let i = 0; i < 2; i++)
    expect(await store.insertBlocks('DeviceProcessEvents', blocks, 'blocks')).toEqual({ refused: [] });
  const stored = await rows('SELECT * FROM DeviceProcessEvents ORDER BY Timestamp');
  expect(stored).toHaveLength(5);
  expect(await rows('SELECT uniqExact(_part) FROM DeviceProcessEvents')).toEqual([[1]]);

  const lines = [...first, ...second].map((row) => JSON.stringify({ ...stamp, ...row }));
  await store.insert('DeviceProcessEvents', Buffer.from(`${lines.join('\n')}\n`), 'lines');
  const both = await rows('SELECT * FROM DeviceProcessEvents ORDER BY Timestamp');
  expect(both).toEqual(stored.flatMap((row) => [row, row]));
});

it('leaves out a block that the store refuses and keeps the others', async () => {
  const good = (id: number) => blockOf('DeviceInfo', [{ ...at(id), ReportId: id }]);
  const bad = Buffer.from(good(2));
  bad.fill(0xff, bad.length - 12);
  const { refused } = await store.insertBlocks('DeviceInfo', [good(1), bad, good(3)], 'one bad');
  expect(refused.map(({ block }) => block)).toEqual([1]);
  expect(await rows('SELECT ReportId FROM DeviceInfo ORDER BY ReportId')).toEqual([[1], [3]]);
});
