/**
 * The life of an order on the device, from the moment it was found genuine and new.
 *
 *   Taken ──begin──▶ Begun ──done──▶ Finished ──stored──▶ Stored
 *     │ │              └─begin─▶ Begun          (the agent was stopped in the middle: executors may be run again)
 *     │ └──cancel──▶ Cancelled                  (never begun, never will be)
 *     └────done───▶ Finished                    (not begun before it expired: Finished with a receipt that says Failed)
 *
 * A Begun order that was cancelled stays Begun until its executor has let go of it, and is Finished with a receipt that says Cancelled; that it was cancelled is kept beside the states.
 *
 * Every arrow is on disk before its effect can be seen. Taken counts as used: its sequence is spent whatever follows. The receipt of a Finished
 * order is sent at every connection until the server has stored it. Stored and Cancelled are final and remembered for a while, so
 * that a repeated order is recognised and not refused as a replay.
 */
export type OrderState = 'Taken' | 'Begun' | 'Finished' | 'Stored' | 'Cancelled';
export type OrderEvent = 'begin' | 'done' | 'stored' | 'cancel';

/** The next state, or null when the event means nothing in this one. */
export function nextOrderState(state: OrderState, event: OrderEvent): OrderState | null {
  switch (state) {
    case 'Taken':
      switch (event) {
        case 'begin':
          return 'Begun';
        case 'done':
          return 'Finished';
        case 'cancel':
          return 'Cancelled';
        case 'stored':
          return null;
        default:
          return unreachable(event);
      }
    case 'Begun':
      switch (event) {
        case 'begin':
          return 'Begun';
        case 'done':
          return 'Finished';
        case 'cancel':
        case 'stored':
          return null;
        default:
          return unreachable(event);
      }
    case 'Finished':
      switch (event) {
        case 'stored':
          return 'Stored';
        case 'begin':
        case 'done':
        case 'cancel':
          return null;
        default:
          return unreachable(event);
      }
    case 'Stored':
    case 'Cancelled':
      return null;
    default:
      return unreachable(state);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown order state or event: ${JSON.stringify(value)}`);
}
