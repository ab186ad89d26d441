/**
 * An hour of a connector that asks every ten seconds for what arrived since the last it saw, on a real database: events arrive late and out of order, changes
 * overlap the questions. It gets each detection; what comes twice has the very time it asked from. Clocks are set, nothing sleeps.
 */
import type { SiemDetection } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { detectionsStore } from '../alerts/detections.ts';
import type { AlertCandidate, DetectionsAsked } from '../alerts/index.ts';
import { alertsStore } from '../alerts/store.ts';
import { detectionEntity } from './detection-entity.ts';
import { readDetectionsRequest } from './detections-request.ts';

const START = Date.parse('2026-11-25T10:00:00.000Z');
const HOUR_MS = 3_600_000;
const POLL_MS = 10_000;
const DEVICES = 5;

let now = new Date(START);
let state: StateStore;
let alerts: ReturnType<typeof alertsStore>;
let detections: ReturnType<typeof detectionsStore>;

beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
  const clock = { now: () => now };
  alerts = alertsStore(state, clock);
  detections = detectionsStore(state, clock);
});
afterAll(() => state.close());

/** Small, and the same in every run. */
function numbers(seed: number) {
  let last = seed;
  return (below: number) => {
    last = (last * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((last / 2_147_483_648) * below);
  };
}

async function take(tenantId: string, asked: DetectionsAsked): Promise<SiemDetection[]> {
  const found: SiemDetection[] = [];
  for await (const piece of detections.read({ tenantId, deviceGroups: 'all' }, asked))
    found.push(...piece.map((one) => detectionEntity(one, 'https://merlon.example')));
  return found;
}

const ask = (tenantId: string, query: string) =>
  take(tenantId, readDetectionsRequest(`/siem/api/alerts${query}`, now));

function generator(tenantId: string) {
  const random = numbers(7);
  let reportId = 0;
  /** Up to `most` events of one device, from the last half hour, in no order. */
  return (most: number): AlertCandidate => {
    const device = random(DEVICES);
    const events = Array.from({ length: 1 + random(most) }, () => ({
      table: 'DeviceProcessEvents',
      reportId: ++reportId,
      timestamp: `${new Date(now.getTime() - random(1_800_000)).toISOString().slice(0, 23)}0000Z`,
    }));
    const times = events.map(({ timestamp }) => timestamp).sort();
    return {
      tenantId,
      deviceId: String(device).padStart(40, 'a'),
      deviceName: `pc-${device}`,
      dedupKey: `rule ${random(3)} on ${device}`,
      ruleId: 'rule',
      title: 'Title',
      description: '',
      severity: 'Medium',
      category: 'Execution',
      techniques: [],
      recommendedAction: null,
      firstEventTime: times[0] ?? '',
      lastEventTime: times.at(-1) ?? '',
      events,
      evidence: [],
      relatedUser: null,
    };
  };
}

describe('a connector that polls by LastProcessedTimeUtc', () => {
  it('misses nothing and gets nothing twice but at the time it asked from', async () => {
    const tenantId = '22222222-2222-4222-8222-222222222222';
    const make = generator(tenantId);
    const random = numbers(11);
    now = new Date(START);
    const seen = new Map<string, SiemDetection>();
    let raisedEvents = 0;
    let repeated = 0;
    let overlapped = 0;
    let since = new Date(START).toISOString();
    let under: { done: Promise<unknown>; release: () => void } | null = null;
    let names = 0;

    const raise = (alongside?: () => Promise<void>) => {
      const candidate = make(4);
      raisedEvents += candidate.events.length;
      return alerts.raise(candidate, `da${++names}_1`, {
        windowMs: HOUR_MS,
        ...(alongside ? { alongside } : {}),
      });
    };
    const poll = async () => {
      const found = await ask(tenantId, `?sinceTimeUtc=${since}`);
      const times = found.map((one) => one.LastProcessedTimeUtc);
      expect(times).toEqual([...times].sort());
      for (const one of found) {
        if (seen.has(one.FullId)) {
          expect(Date.parse(one.LastProcessedTimeUtc)).toBe(Date.parse(since));
          repeated++;
        }
        seen.set(one.FullId, one);
      }
      since = times.at(-1) ?? since;
    };

    for (let at = START; at <= START + HOUR_MS; at += POLL_MS) {
      now = new Date(at);
      for (let i = random(4); i > 0; i--) await raise();
      if (random(3) === 0) {
        // A change that took its time and is not committed while the connector asks.
        let release = () => {};
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        let arrived = () => {};
        const inside = new Promise<void>((resolve) => {
          arrived = resolve;
        });
        const done = raise(async () => {
          arrived();
          await held;
        });
        await inside;
        under = { done, release };
        overlapped++;
        // The clock goes on, as it does while a change is under way.
        now = new Date(at + 5);
      }
      const polled = poll();
      if (under) {
        await waiting();
        under.release();
        await under.done;
        under = null;
      }
      await polled;
    }
    await poll();

    expect(seen.size).toBe(raisedEvents);
    expect(raisedEvents).toBeGreaterThan(1_000);
    expect(overlapped).toBeGreaterThan(50);
    expect(repeated).toBeGreaterThan(0);
    const late = [...seen.values()].filter(
      (one) => Date.parse(one.LastProcessedTimeUtc) - Date.parse(one.AlertTime) > 600_000,
    );
    expect(late.length).toBeGreaterThan(300);
    // Unmerged: far fewer alerts than detections, whose parts are numbered without a gap.
    const parts = new Map<string, number[]>();
    for (const { AlertId, AlertPart } of seen.values())
      parts.set(AlertId, [...(parts.get(AlertId) ?? []), AlertPart]);
    expect(parts.size).toBeLessThan(raisedEvents / 5);
    for (const numbers of parts.values())
      expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index));
  });

  it('gets a long answer in pieces, each once, and the newest of it by limit', async () => {
    const tenantId = '33333333-3333-4333-8333-333333333333';
    const make = generator(tenantId);
    now = new Date(START);
    let events = 0;
    for (let i = 0; events < 1_300; i++) {
      now = new Date(now.getTime() + 1_000);
      const candidate = make(40);
      events += candidate.events.length;
      await alerts.raise(candidate, `db${i}_1`, { windowMs: HOUR_MS });
    }
    const all = await ask(tenantId, '');
    expect(all).toHaveLength(events);
    expect(new Set(all.map((one) => one.FullId)).size).toBe(events);
    const newest = await ask(tenantId, '?limit=700');
    expect(newest).toEqual(all.slice(-700));
    expect(await ask(tenantId, `?limit=${events + 1}`)).toEqual(all);
    const middle = all[600]?.LastProcessedTimeUtc ?? '';
    expect(await ask(tenantId, `?untilTimeUtc=${middle}`)).toEqual(
      all.filter((one) => one.LastProcessedTimeUtc <= middle),
    );
    expect(await ask(tenantId, '?machinegroups=nowhere')).toEqual([]);
    now = new Date(now.getTime() + 3 * HOUR_MS);
    expect(await ask(tenantId, '')).toEqual([]);
  });

  it('gets no detection past its time', async () => {
    const tenantId = '44444444-4444-4444-8444-444444444444';
    const make = generator(tenantId);
    now = new Date(START);
    await alerts.raise(make(1), 'dc1_1', { windowMs: HOUR_MS });
    now = new Date(START + 100 * 24 * HOUR_MS);
    await alerts.raise(make(1), 'dc2_1', { windowMs: HOUR_MS });
    now = new Date(START + 181 * 24 * HOUR_MS);
    await detections.sweep();
    expect((await ask(tenantId, '?sinceTimeUtc=2026-01-01')).map((one) => one.AlertId)).toEqual(['dc2_1']);
  });
});

/** Until a question stands before a change that is not committed. */
async function waiting(): Promise<void> {
  await vi.waitFor(
    async () => {
      const found = await state.system((db) =>
        sql<{ n: string }>`select count(*) as n from pg_locks where not granted`.execute(db),
      );
      if (Number(found.rows[0]?.n) === 0) throw new Error('nobody waits');
    },
    { interval: 2 },
  );
}
