import type { MachineActionStatus, OrderKind } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { contradictions, standingAfter, UNTOUCHED } from './device-truth.ts';

const after = (...actions: [OrderKind, MachineActionStatus, Record<string, unknown>?][]) =>
  actions.reduce(
    (state, [type, status, params = {}]) => standingAfter(state, { type, status, params }),
    UNTOUCHED,
  );
const keys = (
  state: ReturnType<typeof after>,
  isolation: 'None' | 'Full' | 'Selective',
  executionRestricted?: boolean,
) =>
  contradictions(state, {
    isolation,
    ...(executionRestricted === undefined ? {} : { executionRestricted }),
  }).map(({ key }) => key);

describe('what a device reports against what it proved', () => {
  const full = { isolationType: 'Full' };

  it('is untouched before the first order', () => {
    expect(keys(after(), 'None', false)).toEqual([]);
    expect(keys(after(), 'Full', true)).toEqual(['isolation', 'restriction']);
  });

  it('follows the last order that succeeded', () => {
    const isolated = after(['Isolate', 'InProgress', full], ['Isolate', 'Succeeded', full]);
    expect(keys(isolated, 'Full')).toEqual([]);
    expect(keys(isolated, 'None')).toEqual(['isolation']);
    expect(keys(isolated, 'Selective')).toEqual(['isolation']);
    const released = standingAfter(isolated, { type: 'Unisolate', status: 'Succeeded', params: {} });
    expect(keys(released, 'None')).toEqual([]);
    expect(keys(released, 'Full')).toEqual(['isolation']);
    const restricted = after(['RestrictCodeExecution', 'Succeeded']);
    expect(keys(restricted, 'None', true)).toEqual([]);
    expect(keys(restricted, 'None', false)).toEqual(['restriction']);
    expect(keys(restricted, 'None')).toEqual([]);
    expect(
      keys(
        after(['RestrictCodeExecution', 'Succeeded'], ['UnrestrictCodeExecution', 'Succeeded']),
        'None',
        false,
      ),
    ).toEqual([]);
  });

  it('may be either while an order is under way, and is what it was when that failed', () => {
    const under = after(['Isolate', 'InProgress', full]);
    expect(keys(under, 'None')).toEqual([]);
    expect(keys(under, 'Full')).toEqual([]);
    const failed = standingAfter(under, { type: 'Isolate', status: 'Failed', params: full });
    expect(keys(failed, 'None')).toEqual([]);
    expect(keys(failed, 'Full')).toEqual(['isolation']);
  });

  it('is not touched by other orders', () => {
    expect(after(['RunAntiVirusScan', 'Succeeded', {}], ['Offboard', 'InProgress'])).toEqual(UNTOUCHED);
  });
});
