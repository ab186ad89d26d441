/** Whether a device is cut off, as its machine actions tell. Pure. */
import type { MachineAction } from '@merlon/contract';
import { underWay } from '../actions/under-way.ts';

export interface Isolation {
  /** By the last isolation or release that succeeded. */
  readonly isolated: boolean;
  /** An isolation or release that has not ended. */
  readonly pending: MachineAction | null;
}

/** @param actions of one device, newest first, as the service lists them. */
export function isolationOf(actions: readonly MachineAction[]): Isolation {
  const own = actions.filter(({ type }) => type === 'Isolate' || type === 'Unisolate');
  return {
    isolated: own.find(({ status }) => status === 'Succeeded')?.type === 'Isolate',
    pending: own.find(({ status }) => underWay(status)) ?? null,
  };
}
