import type { LogRange } from '@merlon/event-log';
import { describe, expect, it } from 'vitest';
import { blockOfRows, encodeBatchRecord } from '../ingest/batch-record.ts';
import { foldNetworkInfo, type ProfilePatch } from './device-profile.ts';
import { runProfileReader } from './profile-reader.ts';

const record = (deviceId: string, table: string, row: object) =>
  encodeBatchRecord(
    {
      tenantId: 't',
      deviceId,
      deviceName: 'n',
      machineGroup: '',
      receivedAt: '2026-11-24T10:00:00.0000000Z',
    },
    [{ table, rows: 1, block: blockOfRows(table, [row as Record<string, unknown>]) }],
  );
const network = (IPAddresses: string) => ({ Timestamp: '2026-11-24T10:00:00Z', IPAddresses });
const refusal = () => Object.assign(new Error('invalid byte sequence'), { code: '22021' });

/** Runs the reader over ranges of one record each; `patchProfile` may throw. */
async function run(
  records: readonly Buffer[],
  patchProfile: (tenantId: string, deviceId: string, patch: ProfilePatch) => Promise<void>,
) {
  const stop = new AbortController();
  const committed: number[] = [];
  const logged: string[] = [];
  let at = 0;
  await runProfileReader({
    eventLog: {
      reader: (name) => ({
        name,
        async next(): Promise<LogRange | null> {
          const payload = records[at++];
          if (!payload) return null;
          const position = at;
          return {
            id: String(position),
            records: [{ position, stream: 'd', payload }],
            commit: async () => void committed.push(position),
          };
        },
      }),
    },
    store: { patchProfile },
    log: {
      warn: (_: object, message: string) => void logged.push(`warn ${message}`),
      error: (_: object, message: string) => void logged.push(`error ${message}`),
    },
    signal: stop.signal,
  });
  return { committed, logged };
}

describe('the reader of device profiles', () => {
  it('goes on behind a profile that the database refuses, and behind a record that is none', async () => {
    const written: string[] = [];
    const { committed, logged } = await run(
      [
        record('bad', 'DeviceInfo', { OSVersion: '1' }),
        Buffer.from('no record'),
        record('good', 'DeviceNetworkInfo', network('["10.0.0.1"]')),
      ],
      async (_, deviceId) => {
        if (deviceId === 'bad') throw refusal();
        written.push(deviceId);
      },
    );
    expect(written).toEqual(['good']);
    expect(committed).toEqual([1, 2, 3]);
    expect(logged).toEqual([
      expect.stringMatching(/^error .*refused by the database/),
      expect.stringMatching(/^error .*not a batch/),
    ]);
  });

  it('tries again while the database is away', async () => {
    let attempts = 0;
    const { committed, logged } = await run([record('d', 'DeviceInfo', { OSVersion: '1' })], async () => {
      if (++attempts === 1) throw Object.assign(new Error('gone'), { code: '57P01' });
    });
    expect([attempts, committed]).toEqual([2, [1]]);
    expect(logged).toEqual([expect.stringMatching(/^warn .*tried again/)]);
  });
});

describe('addresses of a device', () => {
  it('are taken only where they are addresses', () => {
    const patch: ProfilePatch = {};
    foldNetworkInfo(patch, [
      network('["10.0.0.1\\u0000","\\ud800","<script>",7,{"IPAddress":"fe80::1"},"10.0.0.2"]'),
    ]);
    expect(patch.addresses?.map(({ ipAddress }) => ipAddress)).toEqual(['fe80::1', '10.0.0.2']);
    expect(patch.lastIp).toBe('10.0.0.2');
  });
});
