/** What binds a device, as its machine actions tell. Pure. */
import type { MachineAction, MachineActionType } from '@merlon/contract';
import { underWay } from '../actions/under-way.ts';

export interface Containment {
  /** By the last isolation or release that succeeded. */
  readonly isolated: boolean;
  /** The same of the restriction of what may start. */
  readonly restricted: boolean;
  /** Kinds of which an order has not ended yet. */
  readonly pending: ReadonlyMap<MachineActionType, MachineAction>;
}

/** @param actions of one device, newest first, as the service lists them. */
export function containmentOf(actions: readonly MachineAction[]): Containment {
  const last = (on: MachineActionType, off: MachineActionType) =>
    actions.find(({ type, status }) => (type === on || type === off) && status === 'Succeeded')?.type === on;
  return {
    isolated: last('Isolate', 'Unisolate'),
    restricted: last('RestrictCodeExecution', 'UnrestrictCodeExecution'),
    // The newest of a kind is the one that counts.
    pending: new Map(
      actions
        .filter(({ status }) => underWay(status))
        .toReversed()
        .map((action) => [action.type, action]),
    ),
  };
}
