/**
 * The investigation API at size: `node scripts/run-ts.mjs bench/api.ts [--devices 100000] [--alerts 1000000] [--users 10000] [--files 500000]
 * [--rate 300] [--seconds 20] [--rounds 5] [--store both|embedded|postgres] [--only NAME] [--home FOLDER]`, after `npm run build`. A folder is kept, and what
 * was written there is measured again; it holds one kind of store.
 *
 * A client on the same machine asks at a steady rate, whatever the answers do; latency counts from the planned send time. Then requests a second of single
 * reads over those of a bare handler that answers a fixed body of equal size, in turns; and what a page of 10,000 costs in memory.
 */
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { ownConnection } from '../packages/event-store/src/testing.ts';
import { startServer, type TestApp, type TestServer } from '../tests/support/server.ts';
import { openStateDatabase } from '../tests/support/state-database.ts';
import { startBareHandler } from './api/bare-handler.ts';
import { closedLoop, openLoop, type Target, Wire } from './api/client.ts';
import { alertIdOf, fillEventStore, fillStateStore, idOf, type Size } from './api/dataset.ts';
import { type PostgresServer, startPostgres } from './api/postgres-server.ts';
import { type ProcessorTime, processorTime, residentBytes } from './api/processor-time.ts';
import { figure, percentile, show } from './figures.ts';

const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '100000' },
    alerts: { type: 'string', default: '1000000' },
    users: { type: 'string', default: '10000' },
    files: { type: 'string', default: '500000' },
    rate: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    store: { type: 'string', default: 'both' },
    only: { type: 'string', default: '' },
    home: { type: 'string' },
  },
});
const SIZE: Size = {
  devices: Number(given.devices),
  alerts: Number(given.alerts),
  users: Number(given.users),
  files: Number(given.files),
};
const RATE = Number(given.rate);
const SECONDS = Number(given.seconds);
const ROUNDS = Number(given.rounds);
const CONNECTIONS = 32;
/** Of a comparison with the bare handler, in one round. */
const REQUESTS = 3_000;
const COMPARED_CONNECTIONS = 16;
const WALKS = 6;
const TARGET = { readMs: 10, pageMs: 40, ratio: 0.5, growthMib: 32 } as const;

/** The same numbers in every run, spread over all there are. */
const spread = (n: number, all: number) => 1 + ((n * 7_919) % all);
const machine = (n: number) => `/api/machines/${idOf('device', spread(n, SIZE.devices))}`;
const alert = (n: number) => `/api/alerts/${alertIdOf(spread(n, SIZE.alerts))}`;
const user = (n: number) => `/api/users/user${spread(n, SIZE.users) - 1}`;
const file = (n: number) => `/api/files/${idOf('file', spread(n, SIZE.files) - 1)}`;

const filtered = (set: string, filter: string, more = '') =>
  `/api/${set}?$filter=${encodeURIComponent(filter)}&$top=100${more}`;
const PAGES: readonly ((n: number) => string)[] = [
  () => filtered('alerts', "status eq 'New' and severity eq 'High'"),
  (n) => filtered('alerts', `machineId eq '${idOf('device', spread(n, SIZE.devices))}'`, '&$expand=evidence'),
  (n) => filtered('alerts', `lastUpdateTime gt ${hoursAgo(1 + (n % 48))}`, '&$orderby=lastUpdateTime'),
  (n) => filtered('alerts', `assignedTo eq 'analyst${n % 20}@example.org' and category eq 'Malware'`),
  (n) => filtered('alerts', `contains(title, 'number ${n % 300}')`),
  () => filtered('machines', "riskScore eq 'High' and healthStatus eq 'Active'"),
  (n) => filtered('machines', `startswith(computerDnsName, 'pc-${1 + (n % 900)}')`),
  (n) => filtered('machines', `machineTags/any(t: t eq 'rack ${(n % 4) * 10}')`),
  (n) => filtered('machines', `rbacGroupName eq 'Site ${1 + (n % 20)}' and osPlatform eq 'Linux'`),
  (n) => filtered('machines', `lastSeen gt ${hoursAgo(1 + (n % 48))}`, '&$orderby=lastSeen%20desc'),
];

function hoursAgo(hours: number): string {
  return new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString();
}

if (given.store !== 'postgres') await measure('embedded stores', null);
if (given.store !== 'embedded') {
  const postgres = await startPostgres();
  try {
    await measure('PostgreSQL beside the server', postgres);
  } finally {
    await postgres.stop();
  }
}

interface Ground {
  readonly server: TestServer;
  readonly postgres: PostgresServer | null;
  readonly target: Target;
}

async function measure(name: string, postgres: PostgresServer | null): Promise<void> {
  const server = await startServer({
    ...(given.home === undefined ? {} : { home: given.home }),
    env: {
      MERLON_CHECK_RESPONSES: 'off',
      MERLON_LOG_LEVEL: 'warn',
      ...(postgres ? { MERLON_DATABASE_URL: postgres.url } : {}),
    },
  });
  try {
    const app = await server.createApp(
      'Machine.Read.All',
      'Alert.Read.All',
      'User.Read.All',
      'File.Read.All',
      'Incident.Read.All',
    );
    if (!(await isFilled(server, postgres))) await fill(server, app, postgres);
    const target: Target = {
      host: 'localhost',
      port: server.port,
      ca: server.caPem,
      headers: { authorization: `Bearer ${await server.token(app)}` },
    };
    const ground = { server, postgres, target };
    console.log(`\n${name}`);
    await paced(ground);
    await compared(ground);
    await walked(ground);
  } finally {
    await server.dispose();
  }
}

async function isFilled({ home }: TestServer, postgres: PostgresServer | null): Promise<boolean> {
  if (given.home === undefined) return false;
  const db: pg.Client = postgres ? await postgres.superuser() : await openStateDatabase(home);
  try {
    return ((await db.query('SELECT 1 FROM alerts LIMIT 1')).rowCount ?? 0) > 0;
  } finally {
    await db.end();
  }
}

async function fill(server: TestServer, app: TestApp, postgres: PostgresServer | null): Promise<void> {
  const began = performance.now();
  const db: pg.Client = postgres ? await postgres.superuser() : await openStateDatabase(server.home);
  try {
    await fillStateStore(db, app.tenantId, SIZE);
  } finally {
    await db.end();
  }
  await fillEventStore(ownConnection(`${server.home}/events`), app.tenantId, SIZE);
  console.log(
    `${SIZE.devices} devices, ${SIZE.alerts} alerts, ${SIZE.users} users, ${SIZE.files} files written in ${((performance.now() - began) / 1_000).toFixed(0)} s`,
  );
}

async function paced({ server, postgres, target }: Ground): Promise<void> {
  const mixed = (paths: readonly ((n: number) => string)[]) => (n: number) =>
    paths[n % paths.length]?.(n) ?? '';
  const loads: readonly (readonly [string, (n: number) => string, number])[] = [
    ['a machine', machine, TARGET.readMs],
    ['an alert', alert, TARGET.readMs],
    ['a user', user, TARGET.readMs],
    ['a file', file, TARGET.readMs],
    [
      'single reads, mixed',
      mixed([machine, alert, machine, alert, machine, alert, user, file]),
      TARGET.readMs,
    ],
    ['pages of 100, mixed', mixed(PAGES), TARGET.pageMs],
    [
      'nine reads to a page',
      (n) => (n % 10 === 9 ? mixed(PAGES)(Math.floor(n / 10)) : mixed([machine, alert])(n)),
      TARGET.pageMs,
    ],
    ...PAGES.map(
      (page, at) => [`page ${at}: ${decodeURIComponent(page(0)).slice(5, 70)}`, page, TARGET.pageMs] as const,
    ),
  ];
  const wires = await opened(target, CONNECTIONS);
  for (const [name, path, most] of loads) {
    if (!name.includes(given.only)) continue;
    // Warms caches and the just-in-time compiler; at the size of the run, so that nothing is asked twice that would not be there.
    await openLoop(wires, path, Math.min(RATE, 100), 3);
    const before = processorTime(server.pid(), postgres?.pid ?? null);
    const { latencies, bytes } = await openLoop(wires, path, RATE, SECONDS);
    const after = processorTime(server.pid(), postgres?.pid ?? null);
    const p99 = percentile(latencies, 99);
    console.log(
      `${name.padEnd(78)} p50 ${percentile(latencies, 50).toFixed(1)}  p99 ${p99.toFixed(1)} ms (target ${most}${p99 > most ? ', MISSED' : ''})  max ${(latencies.at(-1) ?? 0).toFixed(0)}  ${Math.round(bytes / latencies.length)} bytes  ${perRequest(before, after, latencies.length)}`,
    );
  }
  for (const wire of wires) wire.close();
}

function perRequest(before: ProcessorTime, after: ProcessorTime, requests: number): string {
  const ms = (part: keyof ProcessorTime) => ((after[part] - before[part]) / requests).toFixed(2);
  return `CPU a request: server ${ms('server')}, PostgreSQL ${ms('postgres')}, ClickHouse ${ms('clickhouse')} ms`;
}

async function compared({ server, postgres, target }: Ground): Promise<void> {
  for (const [name, path] of [
    ['a machine', machine],
    ['an alert', alert],
  ] as const) {
    if (!name.includes(given.only)) continue;
    const { text } = await server.call(path(1), { headers: target.headers });
    const bare = await startBareHandler(server.home, text);
    const sides = [
      { target, pid: server.pid(), rates: [] as number[], cpu: [] as number[], more: postgres?.pid ?? null },
      {
        target: { ...target, port: bare.port },
        pid: bare.pid,
        rates: [] as number[],
        cpu: [] as number[],
        more: null,
      },
    ];
    try {
      // The first rounds warm both.
      for (let round = -2; round < ROUNDS; round++)
        for (const side of round % 2 ? sides : [...sides].reverse()) {
          const wires = await opened(side.target, COMPARED_CONNECTIONS);
          const before = processorTime(side.pid, side.more);
          const rate = await closedLoop(wires, (n) => path(n + round * REQUESTS + 2 * REQUESTS), REQUESTS);
          const after = processorTime(side.pid, side.more);
          for (const wire of wires) wire.close();
          if (round < 0) continue;
          side.rates.push(rate);
          side.cpu.push((after.server + after.postgres - before.server - before.postgres) / REQUESTS);
        }
    } finally {
      await bare.stop();
    }
    const [own, bareSide] = sides.map(({ rates, cpu }) => ({ rate: figure(rates), cpu: figure(cpu) }));
    if (!own || !bareSide) continue;
    const ratio = own.rate.median / bareSide.rate.median;
    console.log(
      `${name}: ${show(own.rate, 'requests/s')}, bare handler with ${text.length} bytes ${show(bareSide.rate, 'requests/s')}, ratio ${ratio.toFixed(2)} (target ${TARGET.ratio}${ratio < TARGET.ratio ? ', MISSED' : ''}); CPU ${show(own.cpu, 'ms', 2)} against ${show(bareSide.cpu, 'ms', 2)}`,
    );
  }
}

/** What is left over once the pages are gone, and the most there was meanwhile. */
async function walked({ server, target }: Ground): Promise<void> {
  for (const path of ['/api/alerts?$top=10000&$expand=evidence', '/api/machines?$top=10000']) {
    if (!path.includes(given.only)) continue;
    const [wire] = await opened(target, 1);
    if (!wire) return;
    await wire.get(path);
    const before = residentBytes(server.pid());
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, residentBytes(server.pid()));
    }, 20);
    const times: number[] = [];
    let bytes = 0;
    for (let walk = 0; walk < WALKS; walk++) {
      const began = performance.now();
      bytes = (await wire.get(path)).bytes;
      times.push(performance.now() - began);
    }
    clearInterval(watch);
    wire.close();
    const mib = (from: number) => (from / 2 ** 20).toFixed(1);
    const growth = (most - before) / 2 ** 20;
    console.log(
      `${path}: ${mib(bytes)} MiB in ${show(figure(times), 'ms')}; resident memory ${mib(before)} MiB, at most ${mib(most)} (grew ${growth.toFixed(1)}, target ${TARGET.growthMib}${growth > TARGET.growthMib ? ', MISSED' : ''}), after ${WALKS} of them ${mib(residentBytes(server.pid()))}`,
    );
  }
}

function opened(target: Target, count: number): Promise<Wire[]> {
  return Promise.all(Array.from({ length: count }, () => Wire.open(target)));
}
