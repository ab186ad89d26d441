/** The whole of detection with a real event log, a real database, the real alerts feature and the thread as it is built. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ApiError } from '@merlon/contract';
import { type EventLog, openEventLog } from '@merlon/event-log';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../telemetry/clock.ts';
import { createLogger } from '../../telemetry/log.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { alertsMigrations, createAlerts } from '../alerts/index.ts';
import { devicesMigrations } from '../devices/index.ts';
import { blockOfRows, encodeBatchRecord } from '../ingest/batch-record.ts';
import { createDetection, type Detection, detectionMigrations } from './index.ts';

const workerUrl = pathToFileURL(fileURLToPath(new URL('../../../dist/detection-worker.js', import.meta.url)));
const T = (second: number) =>
  new Date(Date.UTC(2026, 10, 24, 10, 0, second)).toISOString().replace('Z', '0000Z');
const log = createLogger({ level: 'silent', pretty: false });
const change = { by: 'test', record: async () => {} };
const DEVICE = 'd'.repeat(40);

let state: StateStore;
let dir: string;
let tenantId: string;
let server: Server;
let seq = 0;

interface Server {
  readonly detection: Detection;
  readonly eventLog: EventLog;
  readonly metrics: Metrics;
  stop(): Promise<void>;
}

/** As the composition root does it; `raise` may be made to fail. */
async function serve(onRaise: (dedupKey: string) => void = () => {}): Promise<Server> {
  const stopping = new AbortController();
  const metrics = createMetrics();
  const eventLog = await openEventLog({ dir: join(dir, 'log') });
  const platform = { state, eventLog, clock: systemClock, log, metrics, stopping: stopping.signal };
  const alerts = createAlerts(platform, {
    require: async () => Promise.reject(new Error('nobody asks')),
    machines: async () => new Map(),
    setRisk: async () => {},
    lookup: async () => null,
  });
  const detection = createDetection({
    ...platform,
    audit: { record: async () => {} },
    alerts: {
      async raise(candidate) {
        const outcome = await alerts.raise(candidate);
        onRaise(candidate.dedupKey);
        return outcome;
      },
      find: alerts.find,
    },
    events: undefined as never,
    devices: { require: async () => Promise.reject(new Error('nobody asks')) },
    indicators: {
      stamp: async () => 'none',
      watched: async () => [],
      huntingTenants: async () => [],
      hunt: async () => 0,
    },
    groupOf: async () => '',
    osOf: async (_, deviceId) => (deviceId === DEVICE ? 'Linux' : ''),
    tenantOf: async (name) => name ?? tenantId,
    workerUrl,
  });
  await detection.start?.();
  return {
    detection,
    eventLog,
    metrics,
    async stop() {
      stopping.abort();
      await detection.stop?.();
      await eventLog.close();
    },
  };
}

const shell = (pid: number, reportId: number, command = 'sh -c id') => ({
  Timestamp: T(pid),
  ReportId: reportId,
  ActionType: 'ProcessCreated',
  ProcessId: pid,
  ProcessCreationTime: T(pid),
  FileName: 'dash',
  FolderPath: '/usr/bin/dash',
  ProcessCommandLine: command,
  AccountName: 'www-data',
  InitiatingProcessId: 5,
  InitiatingProcessCreationTime: T(5),
  InitiatingProcessFileName: 'nginx',
  InitiatingProcessFolderPath: '/usr/sbin/nginx',
  InitiatingProcessCommandLine: 'nginx: worker process',
  InitiatingProcessParentId: 1,
  InitiatingProcessParentCreationTime: T(1),
  InitiatingProcessParentFileName: 'systemd',
});

async function send(
  rows: readonly object[],
  table = 'DeviceProcessEvents',
  deviceId = DEVICE,
): Promise<void> {
  const header = {
    tenantId,
    deviceId,
    deviceName: 'web1',
    machineGroup: '',
    receivedAt: new Date().toISOString().replace('Z', '0000Z'),
  };
  const payload = encodeBatchRecord(header, [
    { table, rows: rows.length, block: blockOfRows(table, rows as Record<string, unknown>[]) },
  ]);
  await server.eventLog.append({ stream: deviceId, epoch: 'e'.repeat(16), seq: ++seq, payload });
}

async function caughtUp(): Promise<void> {
  await vi.waitFor(
    () => expect(server.eventLog.stats().readers.find((r) => r.name === 'detection')?.lagRecords).toBe(0),
    { timeout: 20_000, interval: 20 },
  );
}

interface Found {
  readonly title: string;
  readonly events: number;
  readonly processes: readonly string[];
}

function alerts(): Promise<Found[]> {
  return state.tenant<never, Found[]>(tenantId, async (db) => {
    const { rows } = await sql<Found>`
      select title,
        (select count(*)::int from alert_events e where e.alert_id = a.id) as events,
        (select coalesce(array_agg(v.entity->>'processCommandLine' order by v.ordinal), '{}') from alert_evidence v
          where v.alert_id = a.id and v.entity->>'entityType' = 'Process') as processes
      from alerts a order by title`.execute(db);
    return rows;
  });
}

beforeAll(async () => {
  state = await openTestStateStore([...devicesMigrations, ...alertsMigrations, ...detectionMigrations]);
});
afterAll(() => state.close());
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-detection-'));
  tenantId = randomUUID();
  server = await serve();
});
afterEach(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('detection', () => {
  it('raises an alert with its process tree, and adds to it what follows', async () => {
    await send([shell(9, 1)]);
    await caughtUp();
    expect(await alerts()).toEqual([
      {
        title: 'Shell started by a web server',
        events: 1,
        processes: ['sh -c id', 'nginx: worker process', null],
      },
    ]);
    await send([
      shell(10, 2, 'sh -c whoami'),
      { ...shell(11, 3), FolderPath: '/usr/bin/ls', FileName: 'ls' },
    ]);
    await caughtUp();
    expect(await alerts()).toEqual([
      {
        title: 'Shell started by a web server',
        events: 2,
        processes: ['sh -c id', 'nginx: worker process', null, 'sh -c whoami'],
      },
    ]);
    expect(await server.metrics.text()).toContain('merlon_detection_rows_total{outcome="seen"} 3');
  });

  it('shows nothing of a device it does not know to the rules', async () => {
    await send([shell(9, 1)], 'DeviceProcessEvents', 'e'.repeat(40));
    await caughtUp();
    expect(await alerts()).toEqual([]);
  });

  it('raises nothing twice when it stops between alert and commit, and loses nothing', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => ({
      ...shell(20 + i, 100 + i),
      InitiatingProcessId: 500 + i,
    }));
    await server.stop();
    for (let round = 0; round < 4; round++) {
      // The database fails right after an alert was stored: as if the process had ended there.
      let left = round;
      server = await serve(() => {
        if (left-- === 0) {
          left = Number.POSITIVE_INFINITY;
          throw new Error('ended here');
        }
      });
      if (round === 0) await send(rows);
      await vi.waitFor(async () => expect((await alerts()).length).toBeGreaterThan(round), {
        timeout: 20_000,
      });
      await server.stop();
    }
    server = await serve();
    await caughtUp();
    expect(await alerts()).toHaveLength(20);
    expect((await alerts()).every((alert) => alert.events === 1)).toBe(true);
  });

  it('runs imported rules from the next events on, and switches rules off', async () => {
    const { rules } = server.detection;
    const text = `title: Names printed
id: 7b0e8a34-6a3f-4a4e-9a55-2f2a8c7f1d10
logsource: { category: process_creation, product: linux }
detection: { s: { Image|endswith: /dash, CommandLine|contains: id }, condition: s }
tags: [attack.discovery, attack.t1033]
level: low
`;
    const imported = await rules.importRules(tenantId, text, 'names.yml', change);
    expect(imported).toMatchObject([
      { id: '7b0e8a34-6a3f-4a4e-9a55-2f2a8c7f1d10', origin: 'own', enabled: true, techniques: ['T1033'] },
    ]);
    const web = (await rules.list(tenantId)).find((rule) => rule.title === 'Shell started by a web server');
    expect(web).toMatchObject({ origin: 'builtin', enabled: true });
    await rules.setEnabled(tenantId, web?.id ?? '', false, change);
    await send([shell(9, 1)]);
    await caughtUp();
    expect((await alerts()).map((alert) => alert.title)).toEqual(['Names printed']);

    await rules.setEnabled(tenantId, web?.id.toUpperCase() ?? '', true, change);
    await rules.remove(tenantId, imported[0]?.id ?? '', change);
    await send([shell(90, 2)]);
    await caughtUp();
    expect(await alerts()).toMatchObject([
      { title: 'Names printed', events: 1 },
      { title: 'Shell started by a web server', events: 1 },
    ]);
    expect((await rules.list(tenantId)).every((rule) => rule.origin === 'builtin' && rule.enabled)).toBe(
      true,
    );
  });

  it('lets a rule of the tenant stand for the builtin one of its id', async () => {
    const { rules } = server.detection;
    const web = (await rules.list(tenantId)).find((rule) => rule.title === 'Shell started by a web server');
    const source = (await rules.find(tenantId, web?.id ?? ''))?.source ?? '';
    await rules.importRules(
      tenantId,
      source.replace('Shell started by a web server', 'Ours instead'),
      null,
      change,
    );
    await send([shell(9, 1)]);
    await caughtUp();
    expect((await alerts()).map((alert) => alert.title)).toEqual(['Ours instead']);
    expect(await rules.find(tenantId, web?.id ?? '')).toMatchObject({
      rule: { origin: 'own', title: 'Ours instead' },
    });
    expect((await rules.list(randomUUID())).some((rule) => rule.title === 'Ours instead')).toBe(false);
  });

  it('refuses by name what is no rule, and what is not there', async () => {
    const { rules } = server.detection;
    const refused = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ApiError);
      return error as ApiError;
    };
    const bad = await refused(
      rules.importRules(
        tenantId,
        'title: x\nlogsource: {category: proxy}\ndetection: {s: {a: b}, condition: s}',
        'x.yml',
        change,
      ),
    );
    expect(bad).toMatchObject({ code: 'InvalidInput' });
    expect(bad.publicMessage).toContain(
      'x.yml: logsource.category: there is no hunting table for the category "proxy"',
    );
    expect(await refused(rules.importRules(tenantId, '', null, change))).toMatchObject({
      code: 'InvalidInput',
    });
    expect(await refused(rules.setEnabled(tenantId, randomUUID(), false, change))).toMatchObject({
      code: 'ResourceNotFound',
    });
    expect(await refused(rules.remove(tenantId, 'no id', change))).toMatchObject({
      code: 'ResourceNotFound',
    });
    expect(await rules.find(tenantId, randomUUID())).toBeNull();
  });
});
