import type { LogRange } from '@merlon/event-log';
import { describe, expect, it } from 'vitest';
import { blockOfRows, encodeBatchRecord } from '../ingest/batch-record.ts';
import { foldDeviceInfo, foldNetworkInfo, type ProfilePatch } from './device-profile.ts';
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

/** Runs the reader over ranges of one record each, or of several; `patchProfile` may throw. */
async function run(
  records: readonly (Buffer | readonly Buffer[])[],
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
          const payloads = records[at++];
          if (!payloads) return null;
          const position = at;
          return {
            id: String(position),
            records: [payloads].flat().map((payload) => ({ position, stream: 'd', payload })),
            commit: async () => void committed.push(position),
          };
        },
      }),
    },
    store: {
      async patchProfiles(tenantId, patches) {
        for (const { deviceId, patch } of patches) await patchProfile(tenantId, deviceId, patch);
      },
    },
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

  it('writes those of a range that are not refused', async () => {
    const written = new Set<string>();
    const devices = ['a', 'bad', 'b', 'c'].map((id) => record(id, 'DeviceInfo', { OSVersion: '1' }));
    const { committed, logged } = await run([devices], async (_, deviceId) => {
      if (deviceId === 'bad') throw refusal();
      written.add(deviceId);
    });
    expect([...written].sort()).toEqual(['a', 'b', 'c']);
    expect(committed).toEqual([1]);
    expect(logged).toEqual([expect.stringMatching(/^error .*refused by the database/)]);
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

describe('what a device says it is', () => {
  const fold = (...rows: Record<string, unknown>[]) => {
    const patch: ProfilePatch = {};
    for (const row of rows) foldDeviceInfo(patch, row);
    return patch;
  };
  const azure = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web';

  it.each([
    ['what it says nothing of stays', {}, {}],
    [
      'the record that took its own over',
      { MergedToDeviceId: 'A'.repeat(40) },
      { mergedInto: 'a'.repeat(40) },
    ],
    ['no record that is none, and none of others', { MergedToDeviceId: 'x', MergedDeviceIds: '["b"]' }, {}],
    ['a known exposure', { ExposureLevel: 'High' }, { exposureLevel: 'High' }],
    ['no unknown exposure', { ExposureLevel: 'Huge' }, {}],
    [
      'an exclusion with its reason',
      { IsExcluded: true, ExclusionReason: 'OutOfScope' },
      { isExcluded: true, exclusionReason: 'OutOfScope' },
    ],
    [
      'who is signed in, by names that can be kept',
      {
        LoggedOnUsers:
          '[{"UserName":"ann","DomainName":"CORP"},{"UserName":"bob"},{"UserName":""},7,{"UserName":"\\u0000"},{"UserName":"c","DomainName":"\\ud800"}]',
      },
      {
        signedIn: [
          { UserName: 'ann', DomainName: 'CORP' },
          { UserName: 'bob', DomainName: '' },
        ],
      },
    ],
    ['nobody where nobody is', { LoggedOnUsers: '[]' }, { signedIn: [] }],
    ['nothing of a list that is none', { LoggedOnUsers: '{"UserName":"x"}' }, {}],
    ['its model and host', { Model: 'VM7', HostDeviceId: 'h' }, { model: 'VM7', hostDeviceId: 'h' }],
    [
      'where it runs in Azure',
      {
        AzureVmId: 'v',
        AzureResourceId: azure,
        AzureVmSubscriptionId: 's',
        CloudPlatforms: '["Azure","Arc"]',
      },
      { virtualMachine: { vmId: 'v', cloudProvider: 'Azure', resourceId: azure, subscriptionId: 's' } },
    ],
    [
      'where it runs in AWS',
      { AwsResourceName: 'arn:aws:ec2:eu-1:7:instance/i-0' },
      {
        virtualMachine: {
          vmId: 'i-0',
          cloudProvider: 'AWS',
          resourceId: 'arn:aws:ec2:eu-1:7:instance/i-0',
          subscriptionId: null,
        },
      },
    ],
    [
      'a cloud alone',
      { CloudPlatforms: '["Azure Arc"]' },
      { virtualMachine: { vmId: null, cloudProvider: 'Azure Arc', resourceId: null, subscriptionId: null } },
    ],
  ])('is taken: %s', (_, row, patch) => {
    expect(fold(row)).toEqual(patch);
  });

  it('ends with an exclusion its reason', () => {
    expect(fold({ IsExcluded: true, ExclusionReason: 'x' }, { IsExcluded: false })).toEqual({
      isExcluded: false,
      exclusionReason: null,
    });
  });
});
