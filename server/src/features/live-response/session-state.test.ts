import { describe, expect, it } from 'vitest';
import { nextSessionState, type SessionEvent, type SessionState } from './session-state.ts';

const states: readonly SessionState[] = ['AwaitingApproval', 'Connecting', 'Connected', 'Ended'];
const events: readonly SessionEvent[] = ['approved', 'opened', 'ended'];

describe('the life of a console session', () => {
  it('has these arrows and no others', () => {
    const arrows = states.flatMap((state) =>
      events.flatMap((event) => {
        const next = nextSessionState(state, event);
        return next ? [`${state} ${event} ${next}`] : [];
      }),
    );
    expect(arrows).toEqual([
      'AwaitingApproval approved Connecting',
      'AwaitingApproval ended Ended',
      'Connecting opened Connected',
      'Connecting ended Ended',
      'Connected ended Ended',
    ]);
  });
});
