import { describe, expect, it } from 'vitest';
import { outcomeOf } from './outcome.ts';
import type { RemediationState } from './remediation-state.ts';

describe('what an investigation comes to', () => {
  it.each<[RemediationState[], number, number, string]>([
    [[], 0, 0, 'Benign'],
    [[], 1, 0, 'SuccessfullyRemediated'],
    [[], 0, 1, 'PartiallyInvestigated'],
    [[], 1, 1, 'PartiallyInvestigated'],
    [['Pending', 'Succeeded'], 0, 0, 'PendingApproval'],
    [['Approved', 'Succeeded'], 0, 0, 'PendingResource'],
    [['InProgress', 'Failed'], 0, 0, 'PendingResource'],
    [['Succeeded'], 0, 0, 'SuccessfullyRemediated'],
    [['Succeeded', 'Undone', 'Undoing'], 0, 0, 'SuccessfullyRemediated'],
    [['Succeeded'], 0, 1, 'PartiallyRemediated'],
    [['Succeeded', 'Failed'], 0, 0, 'PartiallyRemediated'],
    [['Succeeded', 'Rejected'], 0, 0, 'PartiallyRemediated'],
    [['Failed', 'Rejected'], 0, 0, 'Failed'],
    [['Rejected', 'Expired'], 0, 0, 'TerminatedByUser'],
    [['Expired'], 0, 0, 'TerminatedBySystem'],
  ])('%o, %i held, %i unanswered: %s', (remediations, held, unanswered, expected) => {
    expect(outcomeOf(remediations, { held, unanswered }).state).toBe(expected);
  });

  it('counts what is left', () => {
    expect(outcomeOf(['Succeeded', 'Failed'], { held: 0, unanswered: 2 }).details).toBe(
      '1 of 2 actions succeeded. 2 threats are left to a person: no action removes them.',
    );
  });
});
