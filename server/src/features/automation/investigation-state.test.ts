import { investigationStates } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { type InvestigationEvent, isOpen, nextInvestigationState } from './investigation-state.ts';

const events: readonly InvestigationEvent[] = [
  { kind: 'begun' },
  { kind: 'alertJoined' },
  { kind: 'postponed' },
  { kind: 'gaveUp' },
  { kind: 'settled', state: 'Benign' },
  { kind: 'remediated', state: 'Failed' },
];
const following: Readonly<Record<string, readonly (string | null)[]>> = {
  Queued: ['Running', 'Queued', null, null, null, null],
  Running: ['Running', 'Queued', 'Queued', 'InnerFailure', 'Benign', null],
  PendingApproval: [null, 'Queued', null, null, null, 'Failed'],
  PendingResource: [null, 'Queued', null, null, null, 'Failed'],
};

describe('the states of an investigation', () => {
  it.each(investigationStates)('%s', (state) => {
    expect(events.map((event) => nextInvestigationState(state, event))).toEqual(
      following[state] ?? events.map(() => null),
    );
    expect(isOpen(state)).toBe(state in following);
  });
});
