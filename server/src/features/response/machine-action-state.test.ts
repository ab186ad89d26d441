import { type MachineActionStatus, machineActionStatuses } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { type MachineActionEvent, nextStatus } from './machine-action-state.ts';

const started: MachineActionEvent = { kind: 'started' };
const succeeded: MachineActionEvent = { kind: 'receipt', outcome: 'Succeeded' };
const failed: MachineActionEvent = { kind: 'receipt', outcome: 'Failed' };
const refused: MachineActionEvent = { kind: 'refused' };
const expired: MachineActionEvent = { kind: 'expired' };
const cancelled: MachineActionEvent = { kind: 'cancelled' };

describe('a machine action', () => {
  it.each([
    [
      'Pending',
      [started, 'InProgress'],
      [succeeded, 'Succeeded'],
      [failed, 'Failed'],
      [refused, 'Failed'],
      [expired, 'TimeOut'],
      [cancelled, 'Cancelled'],
    ],
    [
      'InProgress',
      [started, null],
      [succeeded, 'Succeeded'],
      [failed, 'Failed'],
      [refused, 'Failed'],
      [expired, 'TimeOut'],
      [cancelled, null],
    ],
    [
      'Cancelled',
      [started, null],
      [succeeded, 'Succeeded'],
      [failed, null],
      [refused, null],
      [expired, null],
      [cancelled, null],
    ],
    [
      'TimeOut',
      [started, null],
      [succeeded, 'Succeeded'],
      [failed, 'Failed'],
      [refused, null],
      [expired, null],
      [cancelled, null],
    ],
    [
      'Succeeded',
      [started, null],
      [succeeded, null],
      [failed, null],
      [refused, null],
      [expired, null],
      [cancelled, null],
    ],
    [
      'Failed',
      [started, null],
      [succeeded, null],
      [failed, null],
      [refused, null],
      [expired, null],
      [cancelled, null],
    ],
  ] as [MachineActionStatus, ...[MachineActionEvent, MachineActionStatus | null][]][])(
    'that is %s goes where it is drawn to go',
    (status, ...moves) => {
      for (const [event, next] of moves) expect(nextStatus(status, event)).toBe(next);
    },
  );

  it('has a row above for every status', () => {
    expect([...machineActionStatuses].sort()).toEqual([
      'Cancelled',
      'Failed',
      'InProgress',
      'Pending',
      'Succeeded',
      'TimeOut',
    ]);
  });
});
