import type { LogRange } from '@merlon/event-log';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { AlertCandidate } from '../alerts/index.ts';
import { blockOfRows, encodeBatchRecord } from '../ingest/batch-record.ts';
import { detectionMetrics } from './detection-metrics.ts';
import { type DetectionReaderDeps, runDetectionReader } from './detection-reader.ts';
import type { Detected, DeviceBatch } from './detector.ts';

const header = {
  tenantId: 't',
  deviceId: 'd',
  deviceName: 'n',
  machineGroup: '',
  receivedAt: '2026-11-24T10:00:00.0000000Z',
};
const section = (table: string) => ({ table, rows: 1, block: blockOfRows(table, [{}]) });
const candidate = (dedupKey: string) => ({ dedupKey, severity: 'High' }) as AlertCandidate;
const found = (...keys: string[]): Detected => ({
  rows: 1,
  matches: keys.length,
  unreadable: 0,
  candidates: keys.map(candidate),
});

interface Story {
  readonly ranges: readonly (readonly Buffer[])[];
  readonly detect?: (batches: readonly DeviceBatch[]) => Promise<Detected>;
  readonly raise?: (one: AlertCandidate) => Promise<{ alertId: string; created: boolean }>;
  readonly osOf?: DetectionReaderDeps['osOf'];
}

/** Runs the reader over the ranges until they end. */
async function run({ ranges, detect = async () => found(), raise, osOf = async () => 'Linux' }: Story) {
  const stop = new AbortController();
  const told: string[] = [];
  const logged: string[] = [];
  const metrics = createMetrics();
  let at = 0;
  const log = {
    debug: () => {},
    info: () => {},
    warn: (_: object, message: string) => void logged.push(`warn ${message}`),
    error: (_: object, message: string) => void logged.push(`error ${message}`),
    child: () => log,
  };
  await runDetectionReader({
    eventLog: {
      reader: (name) => ({
        name,
        async next(): Promise<LogRange | null> {
          expect(name).toBe('detection');
          const payloads = ranges[at++];
          if (!payloads) return null;
          const id = String(at);
          return {
            id,
            records: payloads.map((payload, position) => ({
              position,
              stream: 'd',
              epoch: 'e',
              seq: position,
              payload,
            })),
            commit: async () => void told.push(`commit ${id}`),
          };
        },
      }),
    },
    detector: { detect },
    rules: { ready: async (tenantId) => void told.push(`rules ${tenantId}`) },
    alerts: {
      raise: async (one) => {
        const outcome = raise ? await raise(one) : { alertId: 'a', created: true };
        told.push(`alert ${one.dedupKey}`);
        return outcome;
      },
    },
    osOf,
    tables: new Set(['DeviceProcessEvents']),
    metrics: detectionMetrics(metrics, { now: () => new Date('2026-11-24T10:00:02Z') }),
    log,
    signal: stop.signal,
  });
  return { told, logged, metrics: await metrics.text() };
}

const processes = encodeBatchRecord(header, [section('DeviceInfo'), section('DeviceProcessEvents')]);

describe('runDetectionReader', () => {
  it('commits a range once its alerts are stored, with the rules of its tenants', async () => {
    const seen: DeviceBatch[] = [];
    const { told, metrics } = await run({
      ranges: [[processes], [encodeBatchRecord(header, [section('DeviceInfo')])]],
      detect: async (batches) => {
        seen.push(...batches);
        return found('a', 'b');
      },
    });
    expect(told).toEqual(['rules t', 'alert a', 'alert b', 'commit 1', 'commit 2']);
    expect(seen).toMatchObject([
      {
        tenantId: 't',
        deviceId: 'd',
        deviceName: 'n',
        osPlatform: 'Linux',
        sections: [{ table: 'DeviceProcessEvents' }],
      },
    ]);
    expect(metrics).toContain('merlon_detection_alerts_total{outcome="raised",severity="High"} 2');
    expect(metrics).toContain('merlon_detection_lag_seconds 2');
  });

  it('tries again what fails for the moment, and commits nothing before', async () => {
    let left = 1;
    const fail = async () => {
      if (left-- > 0) throw new Error('not now');
    };
    const { told } = await run({
      ranges: [[processes]],
      detect: async () => found('a'),
      raise: async () => {
        await fail();
        return { alertId: 'x', created: false };
      },
    });
    expect(told).toEqual(['rules t', 'alert a', 'commit 1']);
  });

  it('asks the thread again when it ended, and leaves behind only what ends it each time', async () => {
    let ends = 1;
    const healed = await run({
      ranges: [[processes]],
      detect: async () => {
        if (ends-- > 0) throw new Error('ended');
        return found('a');
      },
    });
    expect(healed.told).toContain('alert a');
    expect(healed.metrics).not.toContain('merlon_detection_lost_total{');
  });

  it('does not let an alert the database refuses hold up the others', async () => {
    const { told, logged, metrics } = await run({
      ranges: [[processes]],
      detect: async () => found('bad', 'good'),
      raise: async (one) => {
        if (one.dedupKey === 'bad') throw Object.assign(new Error('invalid text'), { code: '22P05' });
        return { alertId: 'x', created: true };
      },
    });
    expect(told).toEqual(['rules t', 'alert good', 'commit 1']);
    expect(logged).toEqual(['error an alert was refused by the database and is lost']);
    expect(metrics).toContain('merlon_detection_lost_total{what="alert"} 1');
  });

  it('says loudly when a record is no batch, and goes on', async () => {
    const { told, logged, metrics } = await run({
      ranges: [[Buffer.from('{"cut'), processes]],
      detect: async () => found('a'),
    });
    expect(told).toEqual(['rules t', 'alert a', 'commit 1']);
    expect(logged).toEqual(['error a record of the event log is not a batch; no rule saw it']);
    expect(metrics).toContain('merlon_detection_lost_total{what="record"} 1');
  });
});
