/**
 * How far an automated investigation is.
 *
 *                alertJoined (from every open state)
 *            ┌──────────────────────────────────────────┐
 *            ▼    begun                  settled        │
 *   start → Queued ──────► Running ──────────────┬──► PendingApproval    a person has to decide      ┐ remediated
 *            ▲               │  │                ├──► PendingResource    a device has to do it       ┴──► each other, or an end
 *            └───────────────┘  │ gaveUp         └──► one of the ends
 *              postponed        ▼
 *                          InnerFailure
 *
 * The ends: SuccessfullyRemediated (every threat was put away), PartiallyRemediated (some were), Benign (there was none), PartiallyInvestigated (there are threats
 * that no action here removes), Failed (no action succeeded), TerminatedByUser (all were rejected), TerminatedBySystem (nobody decided in time), InnerFailure (the
 * events could not be read), UnsupportedOs (nothing is known of such devices). From an end nothing leads on: what comes later begins another.
 */
import type { InvestigationState } from '@merlon/contract';

export const OPEN_STATES = ['Queued', 'Running', 'PendingApproval', 'PendingResource'] as const;
export type Settled = Exclude<InvestigationState, 'Queued' | 'Running'>;

export type InvestigationEvent =
  | { readonly kind: 'begun' }
  | { readonly kind: 'alertJoined' }
  | { readonly kind: 'postponed' }
  | { readonly kind: 'gaveUp' }
  /** Its entities were judged. */
  | { readonly kind: 'settled'; readonly state: Settled }
  /** Something became of what it proposed. */
  | { readonly kind: 'remediated'; readonly state: Settled };

/** Null: the event means nothing in this state. */
export function nextInvestigationState(
  state: InvestigationState,
  event: InvestigationEvent,
): InvestigationState | null {
  switch (event.kind) {
    case 'begun':
      // Running: whoever ran it is gone.
      return state === 'Queued' || state === 'Running' ? 'Running' : null;
    case 'alertJoined':
      return isOpen(state) ? 'Queued' : null;
    case 'postponed':
      return state === 'Running' ? 'Queued' : null;
    case 'gaveUp':
      return state === 'Running' ? 'InnerFailure' : null;
    case 'settled':
      // Not of one that was queued again meanwhile: what joined it was not looked at.
      return state === 'Running' ? event.state : null;
    case 'remediated':
      // While it is run, the run itself says what it comes to.
      return state === 'PendingApproval' || state === 'PendingResource' ? event.state : null;
    default:
      throw new Error(`unknown event ${JSON.stringify(event satisfies never)}`);
  }
}

export function isOpen(state: InvestigationState): boolean {
  return OPEN_STATES.some((open) => open === state);
}
