/** What an investigation has come to, by what became of its remediations. Pure. */
import type { InvestigationState } from '@merlon/contract';
import type { RemediationState } from './remediation-state.ts';

export interface Outcome {
  readonly state: Exclude<InvestigationState, 'Queued' | 'Running'>;
  readonly details: string;
}

/**
 * @param remediations the state of each
 * @param unanswered malicious or suspicious entities that no remediation is there for
 */
export function outcomeOf(remediations: readonly RemediationState[], unanswered: number): Outcome {
  const count = (...states: RemediationState[]) =>
    remediations.filter((state) => states.includes(state)).length;
  const pending = count('Pending');
  const active = count('Approved', 'InProgress');
  const done = count('Succeeded', 'Undoing', 'Undone');
  const failed = count('Failed');
  const all = remediations.length;
  const left = unanswered === 0 ? '' : ` ${unanswered} threats are left to a person: no action removes them.`;
  if (pending > 0)
    return { state: 'PendingApproval', details: `${pending} of ${all} actions wait for approval.` };
  if (active > 0)
    return { state: 'PendingResource', details: `${active} of ${all} actions wait for the device.` };
  if (all === 0)
    return unanswered === 0
      ? { state: 'Benign', details: 'No threat was found.' }
      : { state: 'PartiallyInvestigated', details: left.trim() };
  if (done === all && unanswered === 0)
    return { state: 'SuccessfullyRemediated', details: `${all} of ${all} actions succeeded.` };
  if (done > 0)
    return { state: 'PartiallyRemediated', details: `${done} of ${all} actions succeeded.${left}` };
  if (failed > 0) return { state: 'Failed', details: `None of ${all} actions succeeded.${left}` };
  if (count('Rejected') > 0)
    return { state: 'TerminatedByUser', details: `What was proposed was rejected.${left}` };
  return { state: 'TerminatedBySystem', details: `Nobody approved what was proposed in time.${left}` };
}
