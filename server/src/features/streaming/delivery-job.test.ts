import { DeliveryError, type ExportRecord } from '@merlon/destinations';
import { describe, expect, it } from 'vitest';
import { deliverAll, REFUSALS_THAT_STOP } from './delivery-job.ts';

const record = (n: number): ExportRecord => ({
  id: `id${n}`,
  table: n % 2 ? 'DeviceEvents' : 'DeviceInfo',
  key: 'd',
  time: `2026-11-25T1${n % 3}:00:00.0000000Z`,
  json: `{"n":${n}}`,
});

async function* first(count: number): AsyncGenerator<ExportRecord> {
  for (let n = 0; n < count; n++) yield record(n);
}

/** Takes what `takes` says, and fails as told. */
function peer(fails: (records: readonly ExportRecord[], call: number) => DeliveryError | null = () => null) {
  const taken: string[] = [];
  let calls = 0;
  let atOnce = 0;
  return {
    taken,
    most: () => atOnce,
    async deliver(records: readonly ExportRecord[]) {
      calls += 1;
      atOnce = Math.max(atOnce, records.length);
      const error = fails(records, calls);
      await Promise.resolve();
      if (error) throw error;
      taken.push(...records.map(({ id }) => id));
      return { bytes: records.length };
    },
  };
}

const job = (destination: ReturnType<typeof peer>, count: number, refusedBefore = 0, rows = 4) =>
  deliverAll({
    records: first(count),
    destination,
    limits: { rows, bytes: 1_000 },
    refusedBefore,
    signal: new AbortController().signal,
  });

describe('a delivery job', () => {
  it('takes records along in order and in parts, and counts them by table and hour', async () => {
    const to = peer();
    const outcome = await job(to, 10);
    expect(to.taken).toEqual(Array.from({ length: 10 }, (_, n) => `id${n}`));
    expect(to.most()).toBe(4);
    expect(outcome).toMatchObject({
      settled: 10,
      bytes: 10,
      failure: null,
      newest: '2026-11-25T12:00:00.0000000Z',
    });
    expect(outcome.counts.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(10);
    expect(
      outcome.counts.find(({ table, hour }) => table === 'DeviceInfo' && hour === '2026-11-25T10'),
    ).toMatchObject({
      delivered: 2,
    });
  });

  it('cuts parts by bytes, and sends a record alone that is longer', async () => {
    const to = peer();
    await deliverAll({
      records: first(5),
      destination: to,
      limits: { rows: 100, bytes: 3 },
      refusedBefore: 0,
      signal: new AbortController().signal,
    });
    expect(to.most()).toBe(1);
    expect(to.taken).toHaveLength(5);
  });

  it('stops at a failure, and tells how far it came', async () => {
    const error = new DeliveryError('unreachable', 'away');
    const to = peer((_, call) => (call === 3 ? error : null));
    const outcome = await job(to, 20);
    expect(outcome).toMatchObject({ settled: 8, failure: { error } });
    expect(to.taken).toHaveLength(8);
  });

  it('finds the record that is refused, and keeps the order of the others', async () => {
    const to = peer((records) =>
      records.some(({ id }) => id === 'id5') ? new DeliveryError('refused', 'not this one') : null,
    );
    const outcome = await job(to, 12);
    expect(to.taken).toEqual(Array.from({ length: 12 }, (_, n) => `id${n}`).filter((id) => id !== 'id5'));
    expect(outcome).toMatchObject({ settled: 12, failure: null });
    expect(outcome.refused.map(({ reason, record: { id } }) => [reason, id])).toEqual([
      ['not this one', 'id5'],
    ]);
  });

  it('takes it for a matter of the destination when everything is refused', async () => {
    const to = peer(() => new DeliveryError('refused', 'nothing'));
    const outcome = await job(to, 500, 0, 500);
    expect(outcome.settled).toBe(REFUSALS_THAT_STOP - 1);
    expect(outcome.failure).not.toBeNull();
    // Also when it comes over time.
    expect((await job(to, 3, REFUSALS_THAT_STOP - 1)).settled).toBe(0);
  });
});
