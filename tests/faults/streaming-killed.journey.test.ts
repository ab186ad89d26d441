/**
 * The server is killed (SIGKILL) again and again while devices send at full speed and three exports carry every row on: to a webhook, to Apache Kafka and
 * to Azurite. Then these are taken away and brought back. Every acknowledged event is at each of them afterwards; what came twice is counted.
 * MERLON_KILLS says how often (2 without), MERLON_EXPORT_PEERS to which of them (`webhook,azurite`; all without).
 */
import { readFileSync } from 'node:fs';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceClient, enrolDevice } from '../../server/src/demo/device-client.ts';
import { azuritePeer, type ExportPeer, kafkaPeer, webhookPeer } from '../support/export-peers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const MAKERS: Readonly<Record<string, () => Promise<ExportPeer>>> = {
  webhook: webhookPeer,
  kafka: kafkaPeer,
  azurite: azuritePeer,
};
const CHOSEN = (process.env.MERLON_EXPORT_PEERS ?? Object.keys(MAKERS).join()).split(',');
const KILLS = Number(process.env.MERLON_KILLS ?? 2);
const RESTARTS = Math.max(1, Math.round(KILLS * 0.4));
const DEVICES = 3;
const ROWS = 200;
/** Records of the log in one range (setting-pump.ts): what one fault may repeat is part of one. */
const RANGE_BATCHES = 1_000;
const WITHIN = { withinMs: 120_000, everyMs: 20 };

/** What its log says somebody must act on. */
function errorsOf(server: TestServer): string {
  return server
    .output()
    .stderr.split('\n')
    .filter((line) => line.includes('"level":"error"'))
    .slice(-5)
    .join('\n');
}

describe('exports of a server that is killed, to peers that go away', () => {
  let server: TestServer;
  const peers: ExportPeer[] = [];
  const devices: DeviceClient[] = [];
  let admin: string;

  beforeAll(async () => {
    server = await startServer();
    for (const name of CHOSEN) {
      const make = MAKERS[name];
      if (!make)
        throw new Error(`MERLON_EXPORT_PEERS names ${name}, which is none of ${Object.keys(MAKERS).join()}`);
      peers.push(await make());
    }
    const { accessToken } = await server.signIn({
      name: server.administrator.name,
      password: server.administrator.oneTimePassword,
      newPassword: 'a quite new password',
    });
    admin = accessToken;
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
    for (const peer of peers) await peer.stop();
  });

  const exports = async () =>
    (await server.call('/api/merlon/exports', { token: admin })).json().value as {
      name: string;
      progress: {
        state: string;
        deliveredRows: number;
        refusedRows: number;
        droppedRows: number;
        lagBytes: number;
      };
    }[];

  it('are at least once, at most one range twice a fault, and in order', async () => {
    for (const { name, destination } of peers) {
      const answer = await server.call('/api/merlon/exports', {
        token: admin,
        json: { name, eventTypes: ['DeviceProcessEvents'], destination },
      });
      expect(answer.status, answer.text).toBe(201);
    }
    /** Ids of acknowledged rows, a device at a time in the order in which it sent them. */
    const acknowledged = new Map(devices.map((device) => [device.deviceId, [] as string[]]));
    const total = () => [...acknowledged.values()].reduce((sum, ids) => sum + ids.length, 0);
    let sending = true;
    const senders = devices.map(async (device) => {
      const ids = acknowledged.get(device.deviceId) ?? [];
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
        const first = ids.length + 1;
        for (let i = 0; i < ROWS; i++) ids.push(`DeviceProcessEvents/${device.deviceId}/${first + i}/${at}`);
      }
    });
    const moreRows = (count: number) => {
      const before = total();
      return eventually('events are taken', async () => total() >= before + count, WITHIN);
    };
    let seen: Awaited<ReturnType<typeof exports>> = [];
    const delivering = async () => {
      const before = new Map((await exports()).map(({ name, progress }) => [name, progress.deliveredRows]));
      await eventually(
        'each export goes on',
        async () => {
          seen = await exports();
          return seen.every(({ name, progress }) => progress.deliveredRows > (before.get(name) ?? 0));
        },
        { ...WITHIN, everyMs: 100, lastSeen: () => `${JSON.stringify(seen)}\n${errorsOf(server)}` },
      );
    };

    for (let kill = 1; kill <= KILLS; kill++) {
      // Not at a moment of our choosing, but while rows flow in and out.
      await delivering();
      await moreRows(ROWS * (kill % 5));
      await server.kill();
      await server.start();
    }
    for (let round = 0; round < RESTARTS; round++) {
      for (const peer of peers) {
        await peer.kill();
        await moreRows(ROWS);
        await peer.restart();
      }
      await delivering();
    }
    sending = false;
    await Promise.all(senders);

    const expected = total();
    let last: unknown;
    await eventually(
      'everything is delivered',
      async () => {
        last = await exports();
        return (await exports()).every(
          ({ progress }) => progress.deliveredRows >= expected && progress.state === 'Active',
        );
      },
      {
        withinMs: 180_000,
        everyMs: 250,
        lastSeen: () => `expected ${expected}, saw ${JSON.stringify(last)}`,
      },
    );
    // Counted once each, however often it was delivered.
    for (const { name, progress } of await exports())
      expect(progress, name).toMatchObject({ deliveredRows: expected, refusedRows: 0, droppedRows: 0 });

    for (const peer of peers) {
      const found = await peer.ids();
      const there = new Set(found);
      for (const [deviceId, ids] of acknowledged) {
        expect(
          ids.filter((id) => !there.has(id)),
          `missing at ${peer.name} of ${deviceId}`,
        ).toEqual([]);
        // By first arrival, each device's rows are in its order.
        const own = new Set(found.filter((id) => id.includes(deviceId)));
        const reports = [...own].map((id) => Number(id.split('/')[2]));
        expect(
          reports.every((report, i) => i === 0 || report > (reports[i - 1] ?? 0)),
          peer.name,
        ).toBe(true);
      }
      const twice = found.length - there.size;
      expect(there.size, `${peer.name} has nothing else`).toBe(expected);
      expect(twice).toBeLessThanOrEqual((KILLS + RESTARTS) * RANGE_BATCHES * ROWS);
      console.log(
        `${peer.name}: ${expected} acknowledged events, all there after ${KILLS} kills and ${RESTARTS} restarts of it; ${twice} came twice, ${(twice / (KILLS + RESTARTS)).toFixed(0)} a fault`,
      );
    }
  });
});
