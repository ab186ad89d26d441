import { describe, expect, it } from 'vitest';
import { nextOrderState, type OrderEvent, type OrderState } from './order-state.ts';

const states: OrderState[] = ['Taken', 'Begun', 'Finished', 'Stored', 'Cancelled'];
const events: OrderEvent[] = ['begin', 'done', 'stored', 'cancel'];
const arrows: Record<string, OrderState> = {
  'Taken begin': 'Begun',
  'Taken done': 'Finished',
  'Taken cancel': 'Cancelled',
  'Begun begin': 'Begun',
  'Begun done': 'Finished',
  'Finished stored': 'Stored',
};

describe('nextOrderState', () => {
  it.each(states.flatMap((state) => events.map((event) => [state, event] as const)))(
    '%s, %s',
    (state, event) => {
      expect(nextOrderState(state, event)).toBe(arrows[`${state} ${event}`] ?? null);
    },
  );
});
