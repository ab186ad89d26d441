/** What of a device's word on an action in progress is kept. The device is a stranger: only what has the form of its kind, and no more than fits. */
import { isStorable, type OrderParams } from '@merlon/contract';
import { readCommandReports } from './live-response-commands.ts';
import type { MachineActionRow } from './store.ts';

const MAX_CHARACTERS = 8_192;

/** Null: nothing of it is worth keeping. */
export function progressToKeep(
  { type, params }: Pick<MachineActionRow, 'type' | 'params'>,
  claimed: Record<string, unknown>,
): Record<string, unknown> | null {
  if (type === 'LiveResponse') {
    const { commands } = params as OrderParams<'LiveResponse'>;
    const reports = readCommandReports(claimed.commands, commands.length);
    return reports && { commands: reports };
  }
  return isStorable(claimed) && JSON.stringify(claimed).length <= MAX_CHARACTERS ? claimed : null;
}
