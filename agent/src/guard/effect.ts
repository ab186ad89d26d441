/** What an indicator's action comes to on a device. Pure. */
import { type IndicatorItem, isBlocking } from '@merlon/contract';

export type Effect = 'allow' | 'observe' | 'deny';

export function effectOf(action: IndicatorItem['action']): Effect {
  if (isBlocking(action)) return 'deny';
  return action === 'Allowed' ? 'allow' : 'observe';
}
