/**
 * A fleet's worth of open command channels: what one costs the server in memory, what their heartbeats cost in processor time, how fast orders come back among
 * them, and how long all of them take to return when the server was killed.
 *
 * `ulimit -n 65536; node scripts/run-ts.mjs bench/connections.ts [devices]`, after `npm run build`. The devices are simulated in this process: keys, tokens and TLS are
 * real, and they share the machine with the server.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DEVICE_PATHS,
  type DeviceDescription,
  type EnrolResponse,
  type FromDevice,
  nowIso7,
  type OnboardingPackage,
  type OrderClaims,
  RECEIPT_TYPE,
  type ReceiptClaims,
  type ToDevice,
} from '@merlon/contract';
import { CompactSign, decodeJwt } from 'jose';
import { WebSocket } from 'ws';
import {
  type DeviceKey,
  deviceToken,
  newDeviceKey,
  signedRequest,
} from '../server/src/demo/device-request.ts';
import { startServer } from '../tests/support/server.ts';
import { percentile } from './figures.ts';

const DEVICES = Number(process.argv[2] ?? 20_000);
const ENROLLING_AT_ONCE = 32;
const CONNECTING_AT_ONCE = 64;
const WATCHED_MS = 45_000;
const ORDERS = 100;
const BACKOFF = { firstMs: 250, maxMs: 60_000 };
const TARGETS = { kilobytesPerDevice: 12, p50: 150, p99: 1_000, stormSeconds: 60 };
const TICKS_PER_SECOND = 100;

interface Device {
  readonly id: string;
  readonly key: DeviceKey;
  readonly description: DeviceDescription;
  socket: WebSocket | null;
  lastSeq: number;
}

const server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
let over = false;
try {
  const token = await server.token(await server.createApp('Machine.Isolate', 'Machine.Read.All'));
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
  const onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
  const agent = new Agent({ ca: onboarding.caPem, keepAlive: true, maxSockets: ENROLLING_AT_ONCE });

  const enrolled = await timed(() =>
    sideBySide(ENROLLING_AT_ONCE, DEVICES, (i) => enrol(onboarding, agent, i)),
  );
  const fleet = enrolled.value;
  console.log(`${DEVICES} devices enrolled in ${seconds(enrolled.ms)}`);
  agent.destroy();

  await delay(5_000);
  const before = residentKilobytes(server.pid());
  const connected = await timed(() =>
    sideBySide(CONNECTING_AT_ONCE, DEVICES, (i) => connect(fleet[i] as Device, onboarding)),
  );
  console.log(`all connected in ${seconds(connected.ms)}`);
  await delay(20_000);
  const cpuBefore = processorSeconds(server.pid());
  await delay(WATCHED_MS);
  const cpu = (processorSeconds(server.pid()) - cpuBefore) / (WATCHED_MS / 1000);
  const perDevice = (residentKilobytes(server.pid()) - before) / DEVICES;
  const open = fleet.filter(({ socket }) => socket?.readyState === WebSocket.OPEN).length;
  console.log(
    `${open} stay connected: ${(cpu * 100).toFixed(1)} % of a processor for heartbeats and health, ${perDevice.toFixed(1)} kB resident a device (target at most ${TARGETS.kilobytesPerDevice})`,
  );

  const latencies: number[] = [];
  for (let i = 0; i < ORDERS; i++) {
    const device = fleet[Math.floor((i * DEVICES) / ORDERS)] as Device;
    const ordered = await server.call(`/api/machines/${device.id}/isolate`, {
      token,
      json: { Comment: 'bench' },
    });
    if (ordered.status !== 201) throw new Error(ordered.text);
    for (;;) {
      const action = (await server.call(`/api/machineactions/${ordered.json().id}`, { token })).json();
      if (action.status === 'Succeeded') {
        latencies.push(Date.parse(action.lastUpdateDateTimeUtc) - Date.parse(action.creationDateTimeUtc));
        break;
      }
      if (action.status !== 'Pending' && action.status !== 'InProgress')
        throw new Error(JSON.stringify(action));
      await delay(5);
    }
  }
  latencies.sort((a, b) => a - b);
  console.log(
    `order to receipt among them: p50 ${percentile(latencies, 50)} ms, p99 ${percentile(latencies, 99)} ms, most ${latencies.at(-1)} ms over ${ORDERS} (targets ${TARGETS.p50} and ${TARGETS.p99})`,
  );

  await server.kill();
  const storm = await timed(async () => {
    const returning = fleet.map((device) => comeBack(device, onboarding));
    await server.start();
    await Promise.all(returning);
  });
  console.log(
    `after a kill all are back ${seconds(storm.ms)} after the start was begun (target at most ${TARGETS.stormSeconds} s)`,
  );
} finally {
  over = true;
  await server.dispose();
}
// Open sockets of the devices would keep the process.
process.exit(0);

async function enrol(onboarding: OnboardingPackage, agent: Agent, i: number): Promise<Device> {
  const key = newDeviceKey();
  const description: DeviceDescription = {
    computerName: `bench-${i}.example.com`,
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: '0.1.0',
    carriesOut: ['Isolate', 'Unisolate'],
  };
  for (;;) {
    const answer = await signedRequest({
      origin: onboarding.serverUrl,
      agent,
      method: 'POST',
      path: DEVICE_PATHS.enrol,
      sub: key.thumbprint,
      body: Buffer.from(
        JSON.stringify({
          enrolmentToken: onboarding.enrolmentToken,
          publicKey: key.jwk,
          device: description,
        }),
      ),
      headers: { 'content-type': 'application/json' },
      privateKey: key.privateKey,
    });
    if (answer.status === 201 || answer.status === 200) {
      const { deviceId } = JSON.parse(answer.text) as EnrolResponse;
      return { id: deviceId, key, description, socket: null, lastSeq: 0 };
    }
    if (answer.status !== 429 && answer.status !== 503) throw new Error(answer.text);
    await delay(answer.retryAfter * 1000);
  }
}

/** Resolves once the device has said hello. */
async function connect(device: Device, onboarding: OnboardingPackage): Promise<void> {
  const authorization = await deviceToken(
    device.key.privateKey,
    device.id,
    'GET',
    DEVICE_PATHS.channel,
    Buffer.alloc(0),
  );
  const socket = new WebSocket(`${onboarding.serverUrl.replace(/^https/, 'wss')}${DEVICE_PATHS.channel}`, {
    ca: onboarding.caPem,
    headers: { authorization },
    perMessageDeflate: false,
    handshakeTimeout: 30_000,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  device.socket = socket;
  const say = (frame: FromDevice) => socket.send(JSON.stringify(frame));
  let isolation: 'None' | 'Full' = 'None';
  const health = () => ({
    at: nowIso7(new Date()),
    agentVersion: device.description.agentVersion,
    isolation,
    sensors: [{ source: 'process', provider: 'simulated', state: 'Running' as const, events: 0, lost: 0 }],
    spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
  });
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as ToDevice;
    if (frame.type === 'order') void carryOut(frame.order);
  });
  const beat = setInterval(() => say({ type: 'health', health: health() }), 60_000);
  beat.unref();
  socket.once('close', () => clearInterval(beat));
  say({ type: 'hello', device: device.description, lastSeq: device.lastSeq, health: health() });

  async function carryOut(order: string): Promise<void> {
    const claims = decodeJwt(order) as unknown as OrderClaims;
    if (claims.seq <= device.lastSeq) return;
    device.lastSeq = claims.seq;
    say({ type: 'started', orderId: claims.jti });
    isolation = claims.kind === 'Isolate' ? 'Full' : 'None';
    const at = nowIso7(new Date());
    const receipt: ReceiptClaims = {
      orderId: claims.jti,
      sub: device.id,
      seq: claims.seq,
      outcome: 'Succeeded',
      startedAt: at,
      finishedAt: at,
      evidence: { after: { isolation } },
    };
    const signed = await new CompactSign(Buffer.from(JSON.stringify(receipt)))
      .setProtectedHeader({ alg: 'EdDSA', typ: RECEIPT_TYPE })
      .sign(device.key.privateKey);
    say({ type: 'receipt', receipt: signed });
  }
}

/** As the agent does: again and again, at growing intervals that are spread at random. */
async function comeBack(device: Device, onboarding: OnboardingPackage): Promise<void> {
  for (let failures = 0; !over; failures++) {
    const ceiling = Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** failures);
    await delay(ceiling * (0.5 + Math.random() / 2));
    try {
      return await connect(device, onboarding);
    } catch {
      // The server is not up yet, or asks for patience.
    }
  }
}

async function sideBySide<T>(lanes: number, count: number, work: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) {
        const i = next++;
        results[i] = await work(i);
      }
    }),
  );
  return results;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const begun = performance.now();
  return { value: await work(), ms: performance.now() - begun };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function residentKilobytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}

/** User and system time of the process. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
