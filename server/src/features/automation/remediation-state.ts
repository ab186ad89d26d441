/**
 * What becomes of one remediation that an investigation proposes.
 *
 *   Pending ──approve──► Approved ──ordered──► InProgress ──done──► Succeeded ──undo──► Undoing ──done──► Undone
 *      │ reject             │ refused             │ failed              ▲                  │ failed
 *      ├──► Rejected        └──────► Failed ◄─────┘                     └──────────────────┘
 *      └──► Expired (nobody decided in 7 days, which counts as rejected: rbac.md)
 *
 *   Failed ──done──► Succeeded          (the device's word came after its time)
 *
 * One that needs no approval begins as Approved.
 */
export const remediationStates = [
  'Pending',
  'Approved',
  'InProgress',
  'Succeeded',
  'Failed',
  'Rejected',
  'Expired',
  'Undoing',
  'Undone',
] as const;
export type RemediationState = (typeof remediationStates)[number];
export type RemediationEvent =
  | 'approve'
  | 'reject'
  | 'expire'
  | 'order'
  | 'refuse'
  | 'succeed'
  | 'fail'
  | 'undo';

/** Null: the event means nothing in this state. */
export function nextRemediationState(
  state: RemediationState,
  event: RemediationEvent,
): RemediationState | null {
  switch (state) {
    case 'Pending':
      return event === 'approve'
        ? 'Approved'
        : event === 'reject'
          ? 'Rejected'
          : event === 'expire'
            ? 'Expired'
            : null;
    case 'Approved':
      return event === 'order' ? 'InProgress' : event === 'refuse' ? 'Failed' : null;
    case 'InProgress':
      return event === 'succeed' ? 'Succeeded' : event === 'fail' ? 'Failed' : null;
    case 'Succeeded':
      return event === 'undo' ? 'Undoing' : null;
    case 'Undoing':
      return event === 'succeed' ? 'Undone' : event === 'fail' ? 'Succeeded' : null;
    case 'Failed':
      return event === 'succeed' ? 'Succeeded' : null;
    case 'Rejected':
    case 'Expired':
    case 'Undone':
      return null;
    default:
      throw new Error(`unknown state ${JSON.stringify(state satisfies never)}`);
  }
}
