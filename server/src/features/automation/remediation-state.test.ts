import { describe, expect, it } from 'vitest';
import { nextRemediationState, type RemediationEvent, remediationStates } from './remediation-state.ts';

const events: readonly RemediationEvent[] = [
  'approve',
  'reject',
  'expire',
  'order',
  'refuse',
  'succeed',
  'fail',
  'undo',
];
const following: Readonly<Record<string, Partial<Record<RemediationEvent, string>>>> = {
  Pending: { approve: 'Approved', reject: 'Rejected', expire: 'Expired' },
  Approved: { order: 'InProgress', refuse: 'Failed' },
  InProgress: { succeed: 'Succeeded', fail: 'Failed' },
  Succeeded: { undo: 'Undoing' },
  Undoing: { succeed: 'Undone', fail: 'Succeeded' },
  Failed: { succeed: 'Succeeded' },
};

describe('the states of a remediation', () => {
  it.each(remediationStates)('%s', (state) => {
    for (const event of events)
      expect(nextRemediationState(state, event), event).toBe(following[state]?.[event] ?? null);
  });
});
