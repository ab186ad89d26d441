/**
 * A fleet that a tool onboards at one moment: its devices enrol within seconds of each other, open their command channels as soon as they are enrolled, and stay. How long until all are
 * enrolled and until all are connected, how many were told to come back later, and whether any was lost or counted twice.
 *
 * `ulimit -n 65536; node scripts/run-ts.mjs bench/enrolment.ts [devices]`, after `npm run build`. The devices are simulated in this process, each with keys, tokens and
 * TLS connections of its own, from addresses of loopback, and they share the machine with the server.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DEVICE_PATHS,
  type DeviceDescription,
  type EnrolResponse,
  type FromDevice,
  nowIso7,
  type OnboardingPackage,
} from '@merlon/contract';
import { WebSocket } from 'ws';
import {
  type DeviceKey,
  deviceToken,
  newDeviceKey,
  signedRequest,
} from '../server/src/demo/device-request.ts';
import { startServer } from '../tests/support/server.ts';
import { figure, show } from './figures.ts';

const DEVICES = Number(process.argv[2] ?? 10_000);
/** Offices that the fleet is spread over, each behind one address. */
const ADDRESSES = 100;
const TICKS_PER_SECOND = 100;
/** From the first device's start to the last's: what lies between the machines that a tool reaches at once. */
const SPREAD_MS = 20_000;
const STAY_MS = 20_000;
const TARGET_S = 60;
/** By the server, for good. */
class Refused extends Error {}

const BACKOFF = { firstMs: 250, maxMs: 8_000 };

const server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
try {
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
  const onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
  const token = await server.token(await server.createApp('AccessManagement.Read.All'));
  // Keys are made on the devices, not on the machine that is measured.
  const keys = Array.from({ length: DEVICES }, newDeviceKey);
  const agents = Array.from(
    { length: ADDRESSES },
    (_, i) =>
      new Agent({ ca: onboarding.caPem, keepAlive: false, localAddress: addressOf(i), family: 4 } as object),
  );
  const sockets: WebSocket[] = [];
  let shed = 0;
  let again = 0;
  let enrolledAt = 0;
  const cpuBefore = processorSeconds();
  const begun = performance.now();
  const waits = await Promise.all(
    keys.map(async (key, i) => {
      await delay((i / DEVICES) * SPREAD_MS);
      const device = describe(i);
      const { deviceId, ms } = await enrol(key, device, i);
      enrolledAt = performance.now();
      sockets.push(await persistently(() => connect(deviceId, key, device, i)));
      return { deviceId, ms };
    }),
  );
  const connectedAt = performance.now();
  const cpu = processorSeconds();
  const enrolledS = (enrolledAt - begun) / 1000;
  console.log(
    `${DEVICES} devices enrolled in ${enrolledS.toFixed(1)} s (target at most ${TARGET_S}), all connected after ${((connectedAt - begun) / 1000).toFixed(1)} s`,
  );
  const perDevice = (before: number, after: number) =>
    `${(((after - before) / DEVICES) * 1000).toFixed(1)} ms`;
  console.log(
    `processor time a device: server ${perDevice(cpuBefore.server, cpu.server)}, its engines ${perDevice(cpuBefore.engines, cpu.engines)}, the devices themselves ${perDevice(cpuBefore.devices, cpu.devices)}`,
  );
  console.log(`a device waited ${show(figure(waits.map(({ ms }) => ms / 1000)), 's', 1)} for its enrolment`);
  console.log(
    `${shed} requests were told to come back later (Retry-After); ${again} connections were tried again`,
  );
  await delay(STAY_MS);
  const open = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  const distinct = new Set(waits.map(({ deviceId }) => deviceId)).size;
  const counted = (await server.call(`/api/merlon/onboarding/packages/${made.packageId}`, { token })).json();
  console.log(
    `${distinct} distinct devices, ${counted.devicesEnrolled} counted by the server, ${counted.devicesHeard} heard; ${open} still connected ${STAY_MS / 1000} s later; first signal after ${counted.medianSecondsToFirstSignal?.toFixed(1)} s (median)`,
  );
  const whole = [distinct, counted.devicesEnrolled, counted.devicesHeard, open].every((n) => n === DEVICES);
  const passed = whole && enrolledS <= TARGET_S;
  console.log(passed ? 'passed' : 'FAILED');
  process.exitCode = passed ? 0 : 1;

  async function enrol(key: DeviceKey, device: DeviceDescription, i: number) {
    const { publicKey, enrolmentToken } = { publicKey: key.jwk, enrolmentToken: onboarding.enrolmentToken };
    const body = Buffer.from(JSON.stringify({ enrolmentToken, publicKey, device }));
    const asked = performance.now();
    return persistently(async () => {
      for (;;) {
        const answer = await signedRequest({
          origin: onboarding.serverUrl,
          agent: agents[i % ADDRESSES] as Agent,
          method: 'POST',
          path: DEVICE_PATHS.enrol,
          sub: key.thumbprint,
          body,
          headers: { 'content-type': 'application/json' },
          privateKey: key.privateKey,
        });
        if (answer.status === 201 || answer.status === 200)
          return {
            deviceId: (JSON.parse(answer.text) as EnrolResponse).deviceId,
            ms: performance.now() - asked,
          };
        if (answer.status !== 429 && answer.status !== 503) throw new Refused(answer.text);
        shed += 1;
        await delay(answer.retryAfter * 1000);
      }
    });
  }

  /** Resolves once the device has said hello. */
  async function connect(
    id: string,
    key: DeviceKey,
    device: DeviceDescription,
    i: number,
  ): Promise<WebSocket> {
    const authorization = await deviceToken(key.privateKey, id, 'GET', DEVICE_PATHS.channel, Buffer.alloc(0));
    const socket = new WebSocket(`${onboarding.serverUrl.replace(/^https/, 'wss')}${DEVICE_PATHS.channel}`, {
      ca: onboarding.caPem,
      headers: { authorization },
      perMessageDeflate: false,
      handshakeTimeout: 30_000,
      localAddress: addressOf(i % ADDRESSES),
      family: 4,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => {});
    const hello: FromDevice = {
      type: 'hello',
      device,
      lastSeq: 0,
      health: {
        at: nowIso7(new Date()),
        agentVersion: device.agentVersion,
        isolation: 'None',
        sensors: [{ source: 'process', provider: 'simulated', state: 'Running', events: 0, lost: 0 }],
        spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
      },
    };
    socket.send(JSON.stringify(hello));
    return socket;
  }

  /** As the agent does: again and again, at growing intervals that are spread at random. */
  async function persistently<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Refused) throw error;
        again += 1;
        await delay(Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** failures) * (0.5 + Math.random() / 2));
      }
    }
  }
} finally {
  await server.dispose();
}
// Open sockets of the devices would keep the process.
process.exit();

/** Of the server, of everything below it, and of this process. */
function processorSeconds(): { server: number; engines: number; devices: number } {
  const times = new Map<number, { parent: number; seconds: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // A process that has ended since counts in its parent's time of children.
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
      times.set(Number(name), { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND });
    } catch {
      // It ended while it was looked at.
    }
  }
  const below = (pid: number): number =>
    [...times].reduce(
      (sum, [child, { parent, seconds }]) => (parent === pid ? sum + seconds + below(child) : sum),
      0,
    );
  const of = (pid: number) => times.get(pid)?.seconds ?? 0;
  return { server: of(server.pid()), engines: below(server.pid()), devices: of(process.pid) };
}

function addressOf(i: number): string {
  return `127.0.${1 + Math.floor(i / 200)}.${1 + (i % 200)}`;
}

function describe(i: number): DeviceDescription {
  return {
    computerName: `bench-${i}.example.com`,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.1.0',
    carriesOut: ['Isolate', 'Unisolate'],
    hardwareFingerprint: i.toString(16).padStart(64, '0'),
  };
}
