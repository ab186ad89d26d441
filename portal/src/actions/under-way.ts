import type { MachineActionStatus } from '@merlon/contract';

/** Whether an action of that status has yet to end. */
export function underWay(status: MachineActionStatus): boolean {
  return status === 'Pending' || status === 'InProgress';
}
