/** The commands of a live response action: what was asked for, and how far the device says it is. */
import type {
  LiveResponseCommand,
  LiveResponseCommandRequest,
  OrderedCommand,
  OrderParams,
} from '@merlon/contract';
import type { MachineActionRow } from './store.ts';

/** What the device says of one command, in `progress.commands` while it works and in the receipt's evidence. All of it is a claim. */
type CommandReport = Pick<
  LiveResponseCommand,
  'index' | 'startTime' | 'endTime' | 'commandStatus' | 'errors'
>;

export function liveResponseCommands(
  row: Pick<MachineActionRow, 'params' | 'progress'>,
): LiveResponseCommand[] {
  const { commands } = row.params as OrderParams<'LiveResponse'>;
  const reports = reportsOf(row.progress);
  return commands.map((command) => {
    const report = reports.find(({ index }) => index === command.index);
    return {
      index: command.index,
      startTime: report?.startTime ?? null,
      endTime: report?.endTime ?? null,
      commandStatus: report?.commandStatus ?? 'Created',
      errors: report?.errors ?? [],
      command: asAsked(command),
    };
  });
}

function reportsOf(progress: MachineActionRow['progress']): CommandReport[] {
  return (progress?.['commands'] as CommandReport[] | undefined) ?? [];
}

function asAsked(command: OrderedCommand): LiveResponseCommandRequest {
  switch (command.type) {
    case 'PutFile':
      return { type: 'PutFile', params: [{ key: 'FileName', value: command.fileName }] };
    case 'RunScript':
      return {
        type: 'RunScript',
        params: [
          { key: 'ScriptName', value: command.fileName },
          { key: 'Args', value: command.args },
        ],
      };
    case 'GetFile':
      return { type: 'GetFile', params: [{ key: 'Path', value: command.path }] };
    default:
      throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
  }
}
