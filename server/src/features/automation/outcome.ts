/** What an investigation has come to, by what became of its remediations. Pure. */
import type { Settled } from './investigation-state.ts';
import type { RemediationState } from './remediation-state.ts';

export interface Outcome {
  readonly state: Settled;
  readonly details: string;
}

/** Malicious and suspicious entities for which no remediation is there. */
export interface WithoutRemediation {
  /** Kept from doing harm already. */
  readonly held: number;
  readonly unanswered: number;
}

/** @param remediations the state of each */
export function outcomeOf(
  remediations: readonly RemediationState[],
  { held, unanswered }: WithoutRemediation,
): Outcome {
  const count = (...states: RemediationState[]) =>
    remediations.filter((state) => states.includes(state)).length;
  const pending = count('Pending');
  const active = count('Approved', 'InProgress');
  const done = count('Succeeded', 'Undoing', 'Undone');
  const all = remediations.length;
  const left = unanswered === 0 ? '' : ` ${unanswered} threats are left to a person: no action removes them.`;
  if (pending > 0)
    return { state: 'PendingApproval', details: `${pending} of ${all} actions wait for approval.` };
  if (active > 0)
    return { state: 'PendingResource', details: `${active} of ${all} actions wait for the device.` };
  if (all === 0) {
    if (unanswered > 0) return { state: 'PartiallyInvestigated', details: left.trim() };
    return held > 0
      ? { state: 'SuccessfullyRemediated', details: `${held} threats are kept from doing harm already.` }
      : { state: 'Benign', details: 'No threat was found.' };
  }
  if (done === all && unanswered === 0)
    return { state: 'SuccessfullyRemediated', details: `${all} of ${all} actions succeeded.` };
  if (done > 0)
    return { state: 'PartiallyRemediated', details: `${done} of ${all} actions succeeded.${left}` };
  if (count('Failed') > 0) return { state: 'Failed', details: `None of ${all} actions succeeded.${left}` };
  if (count('Rejected') > 0)
    return { state: 'TerminatedByUser', details: `What was proposed was rejected.${left}` };
  return { state: 'TerminatedBySystem', details: `Nobody approved what was proposed in time.${left}` };
}
