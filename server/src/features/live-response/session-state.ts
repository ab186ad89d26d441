/**
 * The life of a console session.
 *
 *   AwaitingApproval ──approved──▶ Connecting ──opened──▶ Connected ──ended──▶ Ended
 *        └──ended──▶ Ended             └──ended──▶ Ended
 *
 * It begins as AwaitingApproval where a policy asks for a second person's word, else as Connecting. `opened` is the device's word. `ended` is anybody's:
 * whoever closed or rejected it, the device that would not or was started again, or time: a minute for the device to answer, half an hour without a sign of life,
 * seven days without approval. A device that is out of reach for a while does not end it. Ended is final.
 */
export type SessionState = 'AwaitingApproval' | 'Connecting' | 'Connected' | 'Ended';
export type SessionEvent = 'approved' | 'opened' | 'ended';

/** The next state, or null when the event means nothing in this one. */
export function nextSessionState(state: SessionState, event: SessionEvent): SessionState | null {
  switch (state) {
    case 'AwaitingApproval':
      switch (event) {
        case 'approved':
          return 'Connecting';
        case 'ended':
          return 'Ended';
        case 'opened':
          return null;
        default:
          return unreachable(event);
      }
    case 'Connecting':
      switch (event) {
        case 'opened':
          return 'Connected';
        case 'ended':
          return 'Ended';
        case 'approved':
          return null;
        default:
          return unreachable(event);
      }
    case 'Connected':
      switch (event) {
        case 'ended':
          return 'Ended';
        case 'approved':
        case 'opened':
          return null;
        default:
          return unreachable(event);
      }
    case 'Ended':
      return null;
    default:
      return unreachable(state);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown session state or event: ${JSON.stringify(value)}`);
}
