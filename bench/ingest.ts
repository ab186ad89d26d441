/**
 * The front door against the engine: rows per second from signed, compressed batches of devices into the event store, as a ratio to the engine's own
 * bulk insert of the same rows. `node scripts/run-ts.mjs bench/ingest.ts [rounds] [native|sysmon]`, after `npm run build`.
 *
 * `native`: batches of agents. `sysmon`: what Winlogbeat makes of Sysmon's event 1, by the bulk protocol of Elasticsearch, from four collectors.
 *
 * Ours ends when every row can be queried. The alternative sends the same rows, as the server would store them, in 10,000-row inserts over two
 * connections to an engine of its own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BATCH_HEADER, DEVICE_PATHS, nowIso7, type OnboardingPackage } from '@merlon/contract';
import { openEventStore } from '@merlon/event-store';
import { type MappedRow, TelemetryMapper } from '@merlon/telemetry';
import { type DeviceKey, newDeviceKey, signedRequest } from '../server/src/demo/device-request.ts';
import { startServer, type TestServer } from '../tests/support/server.ts';
import { figure, show } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const WAY = process.argv[3] === 'sysmon' ? 'sysmon' : 'native';
const DEVICES = 4;
const BATCHES_PER_DEVICE = 40;
const ROWS_PER_BATCH = 2_000;
/** A document of Winlogbeat is ten times a row: fewer of them tell as much. */
const SYSMON_BATCHES = 20;
const SYSMON_BATCH = 1_000;
const TOTAL =
  WAY === 'native' ? DEVICES * BATCHES_PER_DEVICE * ROWS_PER_BATCH : DEVICES * SYSMON_BATCHES * SYSMON_BATCH;
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
    if (side === 'ours')
      ours.push(await (WAY === 'native' ? throughTheFrontDoor() : throughTheElasticDoor()));
    else engine.push(await bulkInsert());
  }
  console.log(
    `round ${round}: ours ${ours.at(-1)?.toFixed(0)} rows/s, engine ${engine.at(-1)?.toFixed(0)} rows/s`,
  );
}
const ratio = figure(ours.map((value, i) => value / (engine[i] ?? Number.NaN)));
console.log(
  `through the ${WAY === 'native' ? 'front' : 'Elasticsearch'} door: ${show(figure(ours), 'rows/s')}`,
);
console.log(`engine's bulk insert:   ${show(figure(engine), 'rows/s')}`);
console.log(`ratio:                  ${show(ratio, '', 2)} over ${ROUNDS} rounds of ${TOTAL} rows`);
console.log(`on disk:                ${bytesPerEvent.toFixed(0)} bytes per event`);

/** As Winlogbeat 8 ships it, the rendered message included. */
function sysmonDocument(index: number, at: string): Record<string, unknown> {
  const sha = createHash('sha256')
    .update(String(index % 700))
    .digest('hex');
  const upper = sha.toUpperCase();
  const data = {
    RuleName: '-',
    UtcTime: at.slice(0, 23).replace('T', ' '),
    ProcessGuid: `{a158f72c-623c-5de8-${String(index % 10_000).padStart(4, '0')}-0010${(index % 0xffffffff).toString(16).padStart(8, '0')}}`,
    ProcessId: String(1_000 + (index % 30_000)),
    Image: `C:\\Program Files\\Tools\\v${index % 13}\\tool${index % 90}.exe`,
    FileVersion: '10.0.17763.1 (WinBuild.160101.0800)',
    Description: `Tool ${index % 90}`,
    Product: 'Tools',
    Company: 'Example Corporation',
    OriginalFileName: `tool${index % 90}.exe`,
    CommandLine: `"C:\\Program Files\\Tools\\v${index % 13}\\tool${index % 90}.exe" --job ${index} --input C:\\data\\${sha.slice(0, 12)} --verbose`,
    CurrentDirectory: 'C:\\Windows\\system32\\',
    User: `SHIRE\\svc${index % 20}`,
    LogonGuid: '{a158f72c-0000-5de8-0000-0020e7030000}',
    LogonId: `0x${(index % 4_000).toString(16)}`,
    TerminalSessionId: '0',
    IntegrityLevel: 'System',
    Hashes: `SHA1=${upper.slice(0, 40)},MD5=${upper.slice(0, 32)},SHA256=${upper},IMPHASH=${upper.slice(8, 40)}`,
    ParentProcessGuid: '{a158f72c-6200-5de8-0000-001099990000}',
    ParentProcessId: '900',
    ParentImage: 'C:\\Windows\\System32\\services.exe',
    ParentCommandLine: 'C:\\Windows\\system32\\services.exe',
  };
  return {
    '@timestamp': at,
    ecs: { version: '8.0.0' },
    agent: {
      type: 'winlogbeat',
      version: '8.17.0',
      name: 'collector',
      id: 'b7a3a1a8-5f0e-4d6f-9d52-f8e4f7f3f0aa',
      ephemeral_id: '0f9c2f1e-7b60-4f65-9a1e-3f1e5b9f1b7d',
    },
    host: { name: `ws-${index % DEVICES}.shire.com` },
    event: { code: '1', kind: 'event', provider: 'Microsoft-Windows-Sysmon', created: at },
    log: { level: 'information' },
    winlog: {
      channel: 'Microsoft-Windows-Sysmon/Operational',
      provider_name: 'Microsoft-Windows-Sysmon',
      provider_guid: '{5770385f-c22a-43e0-bf4c-06f5698ffbd9}',
      event_id: '1',
      version: 5,
      task: 'Process Create (rule: ProcessCreate)',
      opcode: 'Info',
      record_id: index + 1,
      computer_name: `ws-${index % DEVICES}.shire.com`,
      process: { pid: 3_500, thread: { id: 4_168 } },
      user: { identifier: 'S-1-5-18', name: 'SYSTEM', domain: 'NT AUTHORITY', type: 'User' },
      event_data: data,
    },
    message: `Process Create:\n${Object.entries(data)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n')}`,
  };
}

async function throughTheElasticDoor(): Promise<number> {
  const server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
  const agent = new Agent({ ca: server.caPem, keepAlive: true, maxSockets: DEVICES });
  try {
    const token = await server.token(await server.createApp('AdvancedQuery.Read.All'));
    const collectors = await collectorsOnEachThread(server);
    const at = nowIso7(new Date());
    const batches = collectors.map((apiKey, c) =>
      Array.from({ length: SYSMON_BATCHES }, (_, b) => {
        const lines = Array.from({ length: SYSMON_BATCH }, (_, r) => {
          const document = sysmonDocument((c * SYSMON_BATCHES + b) * SYSMON_BATCH + r, at);
          return `{"create":{"_index":"winlogbeat-8.17.0"}}\n${JSON.stringify(document)}\n`;
        });
        return { apiKey, body: gzipSync(lines.join('')) };
      }),
    );
    const before = cpuSeconds(server.pid());
    const began = performance.now();
    await Promise.all(
      batches.map(async (own) => {
        for (const { apiKey, body } of own) await postBulk(server, agent, apiKey, body);
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
    console.log(`  acknowledged at ${(TOTAL / ((acknowledged - began) / 1000)).toFixed(0)} events/s`);
    showCpu(before, cpuSeconds(server.pid()));
    return TOTAL / seconds;
  } finally {
    agent.destroy();
    await server.dispose();
  }
}

/** A collector stays with one thread, which its id tells: as many on each, as many collectors would be. */
async function collectorsOnEachThread(server: TestServer): Promise<string[]> {
  const threads: string[][] = [[], []];
  while (threads.some((keys) => keys.length < DEVICES / 2)) {
    const made = await server.cli('collector', 'create', '--name', 'bench');
    threads[Number.parseInt(made.id.slice(0, 8), 16) % 2]?.push(made.apiKey);
  }
  return threads.flatMap((keys) => keys.slice(0, DEVICES / 2));
}

function postBulk(server: TestServer, agent: Agent, apiKey: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${server.url}/collect/v1/elastic/_bulk`,
      {
        method: 'POST',
        agent,
        headers: {
          authorization: `ApiKey ${Buffer.from(apiKey).toString('base64')}`,
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-length': body.length,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200 && text.includes('"errors":false')) resolve();
          else reject(new Error(text.slice(0, 500)));
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** The rows that come of it, as the server would store them. */
function sysmonRows(first: number, at: string): Record<string, unknown>[] {
  const mapper = new TelemetryMapper({ now: Date.now });
  const rows: MappedRow[] = [];
  for (let r = 0; r < INSERT_ROWS; r++) mapper.mapJson(sysmonDocument(first + r, at), rows);
  return rows.map(({ host, row }, r) => ({ ...row, DeviceName: host, ReportId: first + r + 1 }));
}

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
      const rows = WAY === 'sysmon' ? sysmonRows(first, now) : null;
      const lines = Array.from({ length: INSERT_ROWS }, (_, r) => {
        const row = rows?.[r] ?? { ...leanRow(first + r + 1, now), Table: undefined };
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
