/**
 * Exports against the client library alone. `node scripts/run-ts.mjs bench/streaming.ts [webhook|kafka|azurite …] [--rows 120000] [--skip-latency]`, after
 * `npm run build`.
 *
 * Sustained: rows that wait in the log are delivered (a setting is turned on after a replay's worth was sent would not do: nothing is kept for one that is
 * off; so the peer is away while rows gather, and the clock runs from its return to the last row). The alternative sends the same bytes through the same
 * kind of destination in a bare loop. Latency: from the answer to a device's batch, at a steady rate, to the row's arrival at a webhook. Ten settings: the
 * same rows to ten webhooks at once, as a ratio of processor time and of time to one.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { destinationKinds, type ExportRecord } from '@merlon/destinations';
import { type DeviceClient, enrolDevice } from '../server/src/demo/device-client.ts';
import { azuritePeer, type ExportPeer, kafkaPeer, webhookPeer } from '../tests/support/export-peers.ts';
import { startServer, type TestServer } from '../tests/support/server.ts';
import { eventually } from '../tests/support/wait.ts';
import { startWebhookReceiver, WEBHOOK_SECRET } from '../tests/support/webhook-receiver.ts';
import { figure, percentile, show } from './figures.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '60000' },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    'skip-latency': { type: 'boolean', default: false },
  },
});
const ROWS = Number(values.rows);
const BATCH = 1_000;
const WAIT = { withinMs: 600_000, everyMs: 20 };
const PEERS: Readonly<Record<string, () => Promise<ExportPeer>>> = {
  webhook: webhookPeer,
  kafka: kafkaPeer,
  azurite: azuritePeer,
};

interface Bench {
  readonly server: TestServer;
  readonly admin: string;
  readonly device: DeviceClient;
}

async function open(): Promise<Bench> {
  const server = await startServer({
    env: { MERLON_CHECK_RESPONSES: 'off', MERLON_STREAMING_MAX_SETTINGS: '20' },
  });
  const { accessToken } = await server.signIn({
    name: server.administrator.name,
    password: server.administrator.oneTimePassword,
    newPassword: 'a quite new password',
  });
  const made = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
  const device = await enrolDevice(JSON.parse(readFileSync(made.files[0], 'utf8')) as OnboardingPackage, {
    computerName: 'bench.example.com',
    osPlatform: 'Linux',
    osVersion: '12',
    osArchitecture: '64-bit',
    osProcessor: 'x64',
    agentVersion: 'bench',
  });
  return { server, admin: accessToken, device };
}

let made = 0;
const rows = (count: number, at = nowIso7(new Date())) =>
  Array.from({ length: count }, () => {
    const n = ++made;
    return {
      Table: 'DeviceProcessEvents',
      Timestamp: at,
      ActionType: 'ProcessCreated',
      FileName: `tool${n % 90}`,
      FolderPath: `/usr/lib/tools/v${n % 13}/tool${n % 90}`,
      ProcessId: 1_000 + (n % 30_000),
      ProcessCommandLine: `/usr/lib/tools/v${n % 13}/tool${n % 90} --job ${n} --input /data/in/${n} --verbose`,
      AccountName: `svc${n % 20}`,
      InitiatingProcessFileName: 'bash',
      InitiatingProcessFolderPath: '/usr/bin/bash',
      InitiatingProcessCommandLine: `bash /opt/jobs/run-${n % 50}.sh`,
    };
  });

async function create({ server, admin }: Bench, name: string, destination: ExportPeer['destination']) {
  const answer = await server.call('/api/merlon/exports', {
    token: admin,
    json: { name, eventTypes: ['DeviceProcessEvents'], destination },
  });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.json().id as string;
}

async function remove({ server, admin }: Bench, id: string) {
  await server.call(`/api/merlon/exports/${id}`, { method: 'DELETE', token: admin });
}

/** Of the server and all below it, in seconds. Linux. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function delivered({ server, admin }: Bench, id: string): Promise<number> {
  return (await server.call(`/api/merlon/exports/${id}`, { token: admin })).json().progress.deliveredRows;
}

/** Rows a second of an export that catches up, and the records it sent. */
async function catchUp(bench: Bench, peer: ExportPeer): Promise<number> {
  const id = await create(bench, peer.name, peer.destination);
  await peer.kill();
  for (let sent = 0; sent < ROWS; sent += BATCH) await bench.device.send(rows(BATCH));
  await peer.restart();
  // From its first acknowledgement: how long it waited before it tried again is not the pump's speed.
  const { value: first } = await eventually('it begins', async () => delivered(bench, id), WAIT);
  const began = performance.now();
  await eventually('it caught up', async () => (await delivered(bench, id)) >= ROWS, WAIT);
  const seconds = (performance.now() - began) / 1_000;
  await remove(bench, id);
  return (ROWS - first) / seconds;
}

/** The same kind of destination in a bare loop, in this process, with nothing else to do. */
async function bareLoop(peer: ExportPeer): Promise<number> {
  const kind = destinationKinds.find(({ name }) => name === peer.destination.kind);
  if (!kind) throw new Error(peer.destination.kind);
  const destination = await kind.open(peer.destination.settings, {
    mayConnect: () => {},
    now: () => Date.now(),
  });
  const records: ExportRecord[] = rows(5_000).map(({ Table, ...row }, n) => {
    const id = `${Table}/bench/${n}/${row.Timestamp}`;
    const padding = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`Column${'x'.repeat(14)}${i}`, null]),
    );
    return {
      id,
      table: Table,
      key: 'bench',
      time: row.Timestamp,
      json: JSON.stringify({
        time: row.Timestamp,
        tenantId: '11111111-1111-4111-8111-111111111111',
        operationName: 'Publish',
        category: `AdvancedHunting-${Table}`,
        _RecordId: id,
        properties: { ...row, ...padding },
      }),
    };
  });
  const { signal } = new AbortController();
  await destination.deliver(records, signal);
  const began = performance.now();
  for (let sent = 0; sent < ROWS; sent += records.length) await destination.deliver(records, signal);
  const seconds = (performance.now() - began) / 1_000;
  await destination.close();
  return ROWS / seconds;
}

async function sustained(bench: Bench, name: string): Promise<void> {
  const peer = await (PEERS[name] ?? webhookPeer)();
  try {
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < 3; round++) {
      bare.push(await bareLoop(peer));
      ours.push(await catchUp(bench, peer));
    }
    const ratio = figure(ours.map((value, i) => value / (bare[i] ?? Number.NaN)));
    console.log(
      `${peer.name}: export ${show(figure(ours), 'rows/s')}, bare loop ${show(figure(bare), 'rows/s')}, ratio ${show(ratio, '', 2)}`,
    );
  } finally {
    await peer.stop();
  }
}

async function latency(bench: Bench): Promise<void> {
  const receiver = await startWebhookReceiver({ keep: false });
  const sentAt = new Map<string, number>();
  const took: number[] = [];
  receiver.answer = ({ records }) => {
    const now = performance.now();
    for (const { properties } of records) {
      const at = sentAt.get(properties.ProcessCommandLine);
      if (at !== undefined) took.push(now - at);
    }
    return null;
  };
  const id = await create(bench, 'latency', webhookTo(receiver.url));
  const rate = Number(values.rate);
  const perSend = Math.max(1, Math.round(rate / 20));
  const began = performance.now();
  const total = rate * Number(values.seconds);
  for (let sent = 0; sent < total; sent += perSend) {
    const due = began + (sent / rate) * 1_000;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const batch = rows(perSend);
    await bench.device.send(batch);
    // The batch is acknowledged now: it may have arrived already.
    const now = performance.now();
    for (const { ProcessCommandLine } of batch) sentAt.set(ProcessCommandLine, now);
  }
  const achieved = total / ((performance.now() - began) / 1_000);
  await eventually('all have arrived', async () => (await delivered(bench, id)) >= total, WAIT);
  const sorted = took.sort((a, b) => a - b);
  console.log(
    `latency at ${achieved.toFixed(0)} rows/s: p50 ${percentile(sorted, 50).toFixed(0)} ms, p99 ${percentile(sorted, 99).toFixed(0)} ms, of ${sorted.length} rows (others came before their batch was answered)`,
  );
  await remove(bench, id);
  await receiver.close();
}

const webhookTo = (url: string) => ({
  kind: 'webhook',
  settings: { url, allowHttp: true, secret: WEBHOOK_SECRET },
});

/** Processor time of the server for the same rows to so many receivers at once. */
async function fanOut(bench: Bench, count: number): Promise<number> {
  const receivers = await Promise.all(
    Array.from({ length: count }, () => startWebhookReceiver({ keep: false })),
  );
  const ids: string[] = [];
  for (const [i, { url }] of receivers.entries()) ids.push(await create(bench, `fan ${i}`, webhookTo(url)));
  const before = processorSeconds(bench.server.pid());
  for (let sent = 0; sent < ROWS; sent += BATCH) await bench.device.send(rows(BATCH));
  for (const id of ids)
    await eventually('all have arrived', async () => (await delivered(bench, id)) >= ROWS, WAIT);
  const spent = processorSeconds(bench.server.pid()) - before;
  for (const id of ids) await remove(bench, id);
  await Promise.all(receivers.map((receiver) => receiver.close()));
  return spent;
}

const bench = await open();
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PEERS)) await sustained(bench, name);
  if (!values['skip-latency']) await latency(bench);
  const none = await fanOut(bench, 0);
  const one = await fanOut(bench, 1);
  const ten = await fanOut(bench, 10);
  console.log(
    `processor time of the server for ${ROWS} rows: ${none.toFixed(1)} s without exports, ${one.toFixed(1)} s with one, ${ten.toFixed(1)} s with ten: ${(ten / one).toFixed(2)} times one`,
  );
} finally {
  bench.device.close();
  await bench.server.dispose();
}
