import { DEVICE_TABLES, huntingTable, validateRow } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { planFleet } from './fleet.ts';
import { stories } from './stories/index.ts';

const end = new Date('2026-11-24T12:00:00Z');
const plan = { devices: 5, days: 2, seed: 'test', end };

describe('the simulated fleet', () => {
  it('is the same for the same plan, and another for another seed', () => {
    expect(planFleet(plan)).toEqual(planFleet(plan));
    expect(planFleet({ ...plan, seed: 'other' })).not.toEqual(planFleet(plan));
  });

  it('tells every story once, on a device of its system', () => {
    const told = planFleet(plan).flatMap(({ story, host }) => (story ? [{ story, os: host.os }] : []));
    expect(told.map(({ story }) => story.name).sort()).toEqual(stories.map(({ name }) => name).sort());
    for (const { story, os } of told) expect(os).toBe(story.os);
  });

  it('sends only rows that the server takes', () => {
    for (const { rows, host } of planFleet(plan)) {
      expect(rows.length, host.name).toBeGreaterThan(100);
      for (const { Table, ...columns } of rows) {
        expect(DEVICE_TABLES as readonly string[]).toContain(Table);
        const table = huntingTable(Table);
        expect(
          table && validateRow(table, { ...columns, ReportId: 1 }, end),
          JSON.stringify(columns),
        ).toBeNull();
      }
    }
  });

  it('sends rows in the order of time, none from the future', () => {
    for (const { rows } of planFleet(plan)) {
      const times = rows.map((row) => row.Timestamp);
      expect(times).toEqual([...times].sort());
      expect(new Date(times.at(-1) ?? '').getTime()).toBeLessThanOrEqual(end.getTime());
    }
  });
});
