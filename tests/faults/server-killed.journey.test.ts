/**
 * The server is killed (SIGKILL) thirty times while devices send at full speed. Every event that was acknowledged is there afterwards, and none twice.
 */
import { readFileSync } from 'node:fs';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const KILLS = 30;
const DEVICES = 4;
const ROWS = 200;

describe('a server that is killed again and again', () => {
  let server: TestServer;
  let token: string;
  const devices: DeviceClient[] = [];

  beforeAll(async () => {
    server = await startServer();
    token = await server.token(await server.createApp('AdvancedQuery.Read.All'));
    const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
    for (let i = 0; i < DEVICES; i++) {
      devices.push(
        await enrolDevice(onboarding, {
          computerName: `fault-${i}.example.com`,
          osPlatform: 'Linux',
          osVersion: '12',
          osArchitecture: '64-bit',
          osProcessor: 'x64',
          agentVersion: '0.0.0-test',
        }),
      );
    }
  });
  afterAll(async () => {
    for (const device of devices) device.close();
    await server?.dispose();
  });

  it('keeps every acknowledged event, once', async () => {
    const acknowledged = new Map(devices.map((device) => [device.deviceId, 0]));
    let sending = true;
    const senders = devices.map(async (device) => {
      while (sending) {
        const at = nowIso7(new Date());
        await device.send(
          Array.from({ length: ROWS }, (_, i) => ({
            Table: 'DeviceProcessEvents',
            Timestamp: at,
            ActionType: 'ProcessCreated',
            FileName: `p${i}`,
            ProcessCommandLine: `p${i} --of ${device.deviceId}`,
          })),
        );
        acknowledged.set(device.deviceId, (acknowledged.get(device.deviceId) ?? 0) + ROWS);
      }
    });
    for (let kill = 1; kill <= KILLS; kill++) {
      // Not at a moment of our choosing, but after some more was taken.
      const before = total(acknowledged);
      await eventually(
        'events are taken',
        async () => total(acknowledged) >= before + ROWS * (1 + (kill % 7)),
        { withinMs: 60_000, everyMs: 1 },
      );
      await server.kill();
      await server.start();
    }
    sending = false;
    await Promise.all(senders);

    const expected = total(acknowledged);
    const count = async () => {
      const answer = await server.call('/api/advancedqueries/run', {
        token,
        json: {
          Query:
            'DeviceProcessEvents | summarize Rows = count(), Events = count_distinct(ReportId) by DeviceId',
        },
      });
      expect(answer.status, answer.text).toBe(200);
      return answer.json().Results as { DeviceId: string; Rows: number; Events: number }[];
    };
    let last: unknown;
    const { value } = await eventually(
      'everything is in the event store',
      async () => {
        const rows = await count();
        last = rows;
        return rows.reduce((sum, row) => sum + Number(row.Rows), 0) >= expected ? rows : null;
      },
      { withinMs: 60_000, everyMs: 250, lastSeen: () => `expected ${expected}, saw ${JSON.stringify(last)}` },
    );
    for (const row of value) {
      expect(Number(row.Rows), row.DeviceId).toBe(acknowledged.get(row.DeviceId));
      expect(Number(row.Events), row.DeviceId).toBe(acknowledged.get(row.DeviceId));
    }
    console.log(`${KILLS} kills: ${expected} acknowledged events, each there once`);
  });
});

function total(acknowledged: ReadonlyMap<string, number>): number {
  return [...acknowledged.values()].reduce((sum, n) => sum + n, 0);
}
