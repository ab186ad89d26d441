import { describe, expect, it } from 'vitest';
import type { AlertCandidate } from '../alerts/index.ts';
import { AlertBudget } from './alert-budget.ts';

const HOUR = 3_600_000;
const now = Date.parse('2026-11-24T12:00:00Z');
let reportId = 0;
const candidate = (more: Partial<AlertCandidate> = {}): AlertCandidate => ({
  tenantId: 't',
  deviceId: 'd',
  deviceName: 'd.example',
  dedupKey: 'k',
  ruleId: 'r',
  title: 'A rule',
  description: 'What it is about.',
  severity: 'Medium',
  category: 'Execution',
  techniques: [],
  recommendedAction: null,
  firstEventTime: '2026-11-24T11:00:00.0000000Z',
  lastEventTime: '2026-11-24T11:00:00.0000000Z',
  events: [{ table: 'DeviceProcessEvents', reportId: ++reportId, timestamp: '2026-11-24T11:00:00.0000000Z' }],
  evidence: [],
  relatedUser: null,
  ...more,
});
const flood = (count: number, more: Partial<AlertCandidate> = {}, from = 0) =>
  Array.from({ length: count }, (_, i) =>
    candidate({ dedupKey: `${more.ruleId ?? 'r'} ${from + i}`, ...more }),
  );

describe('the alerts one device may open', () => {
  it('are left alone within the bound, and so is what adds to them', () => {
    const budget = new AlertBudget(3);
    const few = flood(3);
    expect(budget.fit(few, now)).toEqual({ candidates: few, exceeded: [] });
    expect(budget.fit(few, now + 1)).toEqual({ candidates: few, exceeded: [] });
  });

  it('become one for each rule past the bound, with the events in it, and are told of once', () => {
    const budget = new AlertBudget(3);
    const { candidates, exceeded } = budget.fit([...flood(10), ...flood(1, { ruleId: 'quiet' })], now);
    expect(candidates.map(({ ruleId, events }) => [ruleId, events.length])).toEqual([
      ['r', 1],
      ['r', 1],
      ['r', 1],
      ['r', 7],
      ['quiet', 1],
    ]);
    expect(candidates[3]?.description).toMatch(/What it is about\.[\s\S]*are together here/);
    expect(exceeded).toEqual(['d']);
    const again = budget.fit(flood(5, {}, 100), now + 1);
    expect(again.exceeded).toEqual([]);
    expect(again.candidates.map(({ dedupKey }) => dedupKey)).toEqual([candidates[3]?.dedupKey]);
  });

  it('hold no more events than one alert takes at once, and span their times', () => {
    const { candidates } = new AlertBudget(0).fit(
      [...flood(500), candidate({ dedupKey: 'x', firstEventTime: '2026-11-24T10:00:00.0000000Z' })].reverse(),
      now,
    );
    expect(candidates).toHaveLength(1);
    expect(candidates[0]?.events).toHaveLength(200);
    expect(candidates[0]?.firstEventTime).toBe('2026-11-24T10:00:00.0000000Z');
  });

  it('are counted for each device by itself, and anew after an hour', () => {
    const budget = new AlertBudget(2);
    budget.fit(flood(5), now);
    expect(budget.fit(flood(2, { deviceId: 'other' }), now).candidates).toHaveLength(2);
    const later = budget.fit(flood(2, {}, 200), now + HOUR);
    expect(later.candidates.map(({ dedupKey }) => dedupKey)).toEqual(['r 200', 'r 201']);
  });
});
