/**
 * The life of a machine action.
 *
 *   Pending ──started──▶ InProgress ──receipt──▶ Succeeded | Failed | Cancelled
 *      │ │                  │  └─cancel asked─▶ InProgress            (a long action: its device is asked to break it off, and its receipt says whether it did)
 *      │ ├──receipt──────────────────────────▶ Succeeded | Failed | Cancelled   (the "started" frame was lost)
 *      │ ├──refused──▶ Failed ◀──refused──┤
 *      │ ├──expired──▶ TimeOut ◀─expired──┤
 *      │ └──cancelled─▶ Cancelled
 *      └ (waits for a second person's approval where a policy asks for it: rejecting cancels; then for its device, and is sent again at every
 *         connection until the device takes it)
 *
 *   Cancelled ──receipt(Succeeded)──▶ Succeeded          (the device had begun before the cancellation reached it)
 *   TimeOut   ──receipt──▶ Succeeded | Failed | Cancelled   (the device was out of reach, not idle)
 *
 * Succeeded and Failed are final; so are TimeOut and Cancelled unless the device's signed word comes late. A short action in
 * progress cannot be cancelled: isolating takes milliseconds, and its receipt says what became of it; the way back is the opposite action.
 */
import type { MachineActionStatus } from '@merlon/contract';

export type MachineActionEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'receipt'; readonly outcome: 'Succeeded' | 'Failed' | 'Cancelled' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'cancelled' }
  /** Somebody wants a long action broken off. */
  | { readonly kind: 'cancelAsked' };

/** The next status, or null when the event means nothing in this one. */
export function nextStatus(
  status: MachineActionStatus,
  event: MachineActionEvent,
): MachineActionStatus | null {
  switch (status) {
    case 'Pending':
      switch (event.kind) {
        case 'started':
          return 'InProgress';
        case 'receipt':
          return event.outcome;
        case 'refused':
          return 'Failed';
        case 'expired':
          return 'TimeOut';
        case 'cancelled':
        case 'cancelAsked':
          return 'Cancelled';
        default:
          return unreachable(event);
      }
    case 'InProgress':
      switch (event.kind) {
        case 'started':
        case 'cancelled':
          return null;
        case 'cancelAsked':
          return 'InProgress';
        case 'receipt':
          return event.outcome;
        case 'refused':
          return 'Failed';
        case 'expired':
          return 'TimeOut';
        default:
          return unreachable(event);
      }
    case 'Cancelled':
      return event.kind === 'receipt' && event.outcome === 'Succeeded' ? 'Succeeded' : null;
    case 'TimeOut':
      return event.kind === 'receipt' ? event.outcome : null;
    case 'Succeeded':
    case 'Failed':
      return null;
    default:
      return unreachable(status);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown machine action state or event: ${JSON.stringify(value)}`);
}
