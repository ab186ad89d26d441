/**
 * How far an automated investigation is.
 *
 *                       alertJoined (from every open state)
 *            ┌───────────────────────────────────────────────┐
 *            ▼     begun                     settled          │
 *   start → Queued ──────► Running ──────────────────┬──► PendingApproval    a person has to decide
 *            ▲               │  │                    ├──► PendingResource    a device has to carry out what was decided
 *            └───────────────┘  │ gaveUp             └──► one of the ends
 *              postponed        ▼
 *                          InnerFailure
 *
 * The ends: SuccessfullyRemediated (every threat was put away), PartiallyRemediated (some were), Benign (there was none), PartiallyInvestigated (there are threats
 * that no action here removes), Failed (no action succeeded), TerminatedByUser (all were rejected), TerminatedBySystem (nobody decided in time), InnerFailure (the
 * events could not be read), UnsupportedOs (nothing is known of such devices). From an end nothing leads on: what comes later begins another.
 */
import type { InvestigationState } from '@merlon/contract';

export const OPEN_STATES = ['Queued', 'Running', 'PendingApproval', 'PendingResource'] as const;
type Settled = Exclude<InvestigationState, 'Queued' | 'Running'>;

export type InvestigationEvent =
  | { readonly kind: 'begun' }
  | { readonly kind: 'alertJoined' }
  | { readonly kind: 'postponed' }
  | { readonly kind: 'gaveUp' }
  | { readonly kind: 'settled'; readonly state: Settled };

/** Null: the event means nothing in this state. */
export function nextInvestigationState(
  state: InvestigationState,
  event: InvestigationEvent,
): InvestigationState | null {
  const open = OPEN_STATES.some((one) => one === state);
  switch (event.kind) {
    case 'begun':
      // Running: whoever ran it is gone.
      return state === 'Queued' || state === 'Running' ? 'Running' : null;
    case 'alertJoined':
      return open ? 'Queued' : null;
    case 'postponed':
      return state === 'Running' ? 'Queued' : null;
    case 'gaveUp':
      return state === 'Running' ? 'InnerFailure' : null;
    case 'settled':
      // What waits to be looked at is not over.
      return open && state !== 'Queued' && state !== event.state ? event.state : null;
    default:
      throw new Error(`unknown event ${JSON.stringify(event satisfies never)}`);
  }
}
