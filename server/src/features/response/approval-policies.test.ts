import { describe, expect, it } from 'vitest';
import { type ApprovalPolicy, policyFor } from './approval-policies.ts';

const policy = (more: Partial<ApprovalPolicy>): ApprovalPolicy => ({
  id: 'p',
  name: 'p',
  actionTypes: [],
  deviceGroups: [],
  enabled: true,
  ...more,
});

describe('the policy that asks for approval', () => {
  it.each([
    ['none is made', [], null],
    ['one for everything', [policy({})], 'p'],
    ['one that is off', [policy({ enabled: false })], null],
    ['one for another action', [policy({ actionTypes: ['Offboard'] })], null],
    ['one for another group', [policy({ deviceGroups: [2] })], null],
    [
      'the first that applies',
      [policy({ deviceGroups: [2] }), policy({ id: 'q', actionTypes: ['Isolate'], deviceGroups: [1, 2] })],
      'q',
    ],
  ] as const)('%s', (_, policies, id) => {
    expect(policyFor(policies, 'Isolate', 1)?.id ?? null).toBe(id);
  });
});
