/**
 * The front door against the engine: rows per second from signed, compressed batches of devices into the event store, as a ratio to the engine's own
 * bulk insert of the same rows. `node scripts/run-ts.mjs bench/ingest.ts [rounds]`, after `npm run build`.
 *
 * Ours ends when every row can be queried. The alternative sends the same rows, as the server would store them, in 10,000-row inserts over two
 * connections to an engine of its own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BATCH_HEADER, DEVICE_PATHS, nowIso7, type OnboardingPackage } from '@merlon/contract';
import { openEventStore } from '@merlon/event-store';
import { type DeviceKey, newDeviceKey, signedRequest } from '../server/src/demo/device-request.ts';
import { startServer, type TestServer } from '../tests/support/server.ts';
import { figure, show } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const DEVICES = 4;
const BATCHES_PER_DEVICE = 40;
const ROWS_PER_BATCH = 2_000;
const TOTAL = DEVICES * BATCHES_PER_DEVICE * ROWS_PER_BATCH;
const INSERT_ROWS = 10_000;
const TICKS_A_SECOND = 100;

/** 27 columns, as a Linux sensor fills them. */
function leanRow(reportId: number, at: string): Record<string, unknown> {
  const sha = createHash('sha256')
    .update(String(reportId % 700))
    .digest('hex');
  return {
    Table: 'DeviceProcessEvents',
    Timestamp: at,
    ActionType: 'ProcessCreated',
    FileName: `tool${reportId % 90}`,
    FolderPath: `/usr/lib/tools/v${reportId % 13}/tool${reportId % 90}`,
    SHA1: sha.slice(0, 40),
    SHA256: sha,
    MD5: sha.slice(0, 32),
    FileSize: 10_000 + (reportId % 5_000),
    ProcessId: 1_000 + (reportId % 30_000),
    ProcessCommandLine: `/usr/lib/tools/v${reportId % 13}/tool${reportId % 90} --job ${reportId} --input /data/in/${sha.slice(0, 12)} --verbose`,
    ProcessCreationTime: at,
    AccountDomain: 'web-1',
    AccountName: `svc${reportId % 20}`,
    LogonId: reportId % 400,
    InitiatingProcessAccountDomain: 'web-1',
    InitiatingProcessAccountName: `svc${reportId % 20}`,
    InitiatingProcessSHA1: sha.slice(8, 48),
    InitiatingProcessSHA256: [...sha].reverse().join(''),
    InitiatingProcessFileName: 'bash',
    InitiatingProcessFolderPath: '/usr/bin/bash',
    InitiatingProcessId: 900 + (reportId % 100),
    InitiatingProcessCommandLine: `bash /opt/jobs/run-${reportId % 50}.sh`,
    InitiatingProcessCreationTime: at,
    InitiatingProcessParentId: 1,
    InitiatingProcessParentFileName: 'systemd',
    ReportId: reportId,
  };
}

interface BenchDevice {
  readonly deviceId: string;
  readonly key: DeviceKey;
}

const ours: number[] = [];
const engine: number[] = [];
let bytesPerEvent = Number.NaN;
for (let round = 1; round <= ROUNDS; round++) {
  // Which goes first changes, so that neither always meets the warmer machine.
  for (const side of round % 2 ? ['ours', 'engine'] : ['engine', 'ours']) {
    if (side === 'ours') ours.push(await throughTheFrontDoor());
    else engine.push(await bulkInsert());
  }
  console.log(
    `round ${round}: ours ${ours.at(-1)?.toFixed(0)} rows/s, engine ${engine.at(-1)?.toFixed(0)} rows/s`,
  );
}
const ratio = figure(ours.map((value, i) => value / (engine[i] ?? Number.NaN)));
console.log(`through the front door: ${show(figure(ours), 'rows/s')}`);
console.log(`engine's bulk insert:   ${show(figure(engine), 'rows/s')}`);
console.log(`ratio:                  ${show(ratio, '', 2)} over ${ROUNDS} rounds of ${TOTAL} rows`);
console.log(`on disk:                ${bytesPerEvent.toFixed(0)} bytes per event`);

async function throughTheFrontDoor(): Promise<number> {
  const server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
  const agent = new Agent({ ca: server.caPem, keepAlive: true, maxSockets: DEVICES });
  try {
    const token = await server.token(await server.createApp('AdvancedQuery.Read.All'));
    const devices = await enrolAll(server, agent);
    const at = nowIso7(new Date());
    // Made before the clock starts: compressing is the device's work, not the server's.
    const batches = devices.map((device, d) =>
      Array.from({ length: BATCHES_PER_DEVICE }, (_, b) => {
        const rows = Array.from({ length: ROWS_PER_BATCH }, (_, r) =>
          JSON.stringify(leanRow((d * BATCHES_PER_DEVICE + b) * ROWS_PER_BATCH + r + 1, at)),
        );
        return { device, seq: b + 1, body: gzipSync(`${rows.join('\n')}\n`) };
      }),
    );
    const epoch = randomBytes(8).toString('hex');
    const before = cpuSeconds(server.pid());
    const began = performance.now();
    await Promise.all(
      batches.map(async (own) => {
        for (const { device, seq, body } of own) {
          const answer = await post(server, agent, DEVICE_PATHS.events, device.key, device.deviceId, body, {
            'content-encoding': 'gzip',
            [BATCH_HEADER]: `${epoch}.${seq}`,
          });
          if (answer.status !== 200) throw new Error(answer.text);
        }
      }),
    );
    const acknowledged = performance.now();
    for (;;) {
      const answer = await server.call('/api/advancedqueries/run', {
        token,
        json: { Query: 'DeviceProcessEvents | count' },
      });
      if (Number(answer.json().Results?.[0]?.Count) >= TOTAL) break;
    }
    const seconds = (performance.now() - began) / 1000;
    console.log(`  acknowledged at ${(TOTAL / ((acknowledged - began) / 1000)).toFixed(0)} rows/s`);
    showCpu(before, cpuSeconds(server.pid()));
    return TOTAL / seconds;
  } finally {
    agent.destroy();
    await server.dispose();
  }
}

async function bulkInsert(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-bench-'));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openEventStore({ dir, log });
  try {
    const now = nowIso7(new Date());
    const stamp = {
      TenantId: '0d0e9f8a-1111-4222-8333-444455556666',
      IngestionTime: now,
      DeviceName: 'web-1.example.com',
    };
    const inserts: Buffer[] = [];
    for (let first = 0; first < TOTAL; first += INSERT_ROWS) {
      const lines = Array.from({ length: INSERT_ROWS }, (_, r) => {
        const row = { ...leanRow(first + r + 1, now), Table: undefined };
        return JSON.stringify({
          ...stamp,
          DeviceId: createHash('sha1')
            .update(String(Math.floor((first + r) / (TOTAL / DEVICES))))
            .digest('hex'),
          ...row,
        });
      });
      inserts.push(Buffer.from(`${lines.join('\n')}\n`));
    }
    const before = cpuSeconds(process.pid);
    const began = performance.now();
    let next = 0;
    const connection = async () => {
      while (next < inserts.length) {
        const i = next++;
        await store.insert('DeviceProcessEvents', inserts[i] as Buffer, `bench-${i}`);
      }
    };
    await Promise.all([connection(), connection()]);
    const seconds = (performance.now() - began) / 1000;
    showCpu(before, cpuSeconds(process.pid));
    const size = (await store.sizes()).find((entry) => entry.table === 'DeviceProcessEvents');
    if (size) bytesPerEvent = size.bytes / size.rows;
    return TOTAL / seconds;
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Seconds of processor time so far, by who spent it: this process, and each process and kind of thread below `root`. */
function cpuSeconds(root: number): Map<string, number> {
  const used = new Map<string, number>();
  const add = (who: string, seconds: number) => used.set(who, (used.get(who) ?? 0) + seconds);
  const visit = (pid: number) => {
    for (const tid of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const thread = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const main = Number(tid) === pid;
      const who =
        pid === process.pid ? 'load generator' : `${thread}${main ? ', main thread' : ''} of ${pid}`;
      add(who, (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND);
      for (const child of readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').split(' '))
        if (child.trim() !== '') visit(Number(child));
    }
  };
  visit(root);
  if (root !== process.pid) {
    const { user, system } = process.cpuUsage();
    add('load generator', (user + system) / 1e6);
  }
  return used;
}

/** What one row cost, by who did it; the rest of the machine has no part in it. Linux only. */
function showCpu(before: Map<string, number>, after: Map<string, number>): void {
  const perRow = [...after].map(
    ([who, seconds]) => [who, ((seconds - (before.get(who) ?? 0)) / TOTAL) * 1e6] as const,
  );
  const total = perRow.reduce((sum, [, micros]) => sum + micros, 0);
  const parts = perRow.filter(([, micros]) => micros >= 0.2).sort((a, b) => b[1] - a[1]);
  console.log(
    `  ${total.toFixed(1)} µs of processor a row: ${parts.map(([who, micros]) => `${micros.toFixed(1)} ${who}`).join('; ')}`,
  );
}

async function enrolAll(server: TestServer, agent: Agent): Promise<BenchDevice[]> {
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
  const onboarding = JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage;
  const devices: BenchDevice[] = [];
  for (let i = 0; i < DEVICES; i++) {
    const key = newDeviceKey();
    const body = Buffer.from(
      JSON.stringify({
        enrolmentToken: onboarding.enrolmentToken,
        publicKey: key.jwk,
        device: {
          computerName: `bench-${i}`,
          osPlatform: 'Linux',
          osVersion: '12',
          osArchitecture: '64-bit',
          osProcessor: 'x64',
          agentVersion: 'bench',
        },
      }),
    );
    const answer = await post(server, agent, DEVICE_PATHS.enrol, key, key.thumbprint, body, {
      'content-type': 'application/json',
    });
    devices.push({ deviceId: JSON.parse(answer.text).deviceId, key });
  }
  return devices;
}

function post(
  server: TestServer,
  agent: Agent,
  path: string,
  { privateKey }: DeviceKey,
  sub: string,
  body: Buffer,
  headers: Record<string, string>,
) {
  return signedRequest({ origin: server.url, agent, method: 'POST', path, sub, body, headers, privateKey });
}
