import type { MachineAction, MachineActionStatus, MachineActionType } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { isolationOf } from './isolation.ts';

const action = (type: MachineActionType, status: MachineActionStatus) => ({ type, status }) as MachineAction;

describe('isolationOf', () => {
  it.each<[string, MachineAction[], boolean, number | null]>([
    ['never touched', [], false, null],
    ['isolated', [action('Isolate', 'Succeeded')], true, null],
    ['released', [action('Unisolate', 'Succeeded'), action('Isolate', 'Succeeded')], false, null],
    ['release failed', [action('Unisolate', 'Failed'), action('Isolate', 'Succeeded')], true, null],
    ['release under way', [action('Unisolate', 'InProgress'), action('Isolate', 'Succeeded')], true, 0],
    ['isolation waits', [action('RunAntiVirusScan', 'Pending'), action('Isolate', 'Pending')], false, 1],
    ['isolation cancelled', [action('Isolate', 'Cancelled')], false, null],
  ])('%s', (_, actions, isolated, pending) => {
    expect(isolationOf(actions)).toEqual({ isolated, pending: pending === null ? null : actions[pending] });
  });
});
