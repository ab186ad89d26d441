/** The commands of a live response action: what was asked for, and how far the device says it is. */
import {
  isStorable,
  type LiveResponseCommand,
  type LiveResponseCommandRequest,
  liveResponseCommandStatuses,
  type OrderedCommand,
  type OrderParams,
} from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { MachineActionRow } from './store.ts';

const Time = Type.Union([
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,7})?Z$' }),
  Type.Null(),
]);
/** What the device says of one command, in `progress.commands` while it works and in the receipt's evidence. All of it is a claim. */
const CommandReport = Type.Object({
  index: Type.Integer({ minimum: 0 }),
  startTime: Time,
  endTime: Time,
  commandStatus: Type.Enum([...liveResponseCommandStatuses]),
  errors: Type.Array(Type.String({ maxLength: 2_000 }), { maxItems: 10 }),
});
type CommandReport = Static<typeof CommandReport>;
const reportValidator = Compile(CommandReport);

/** Of `count` commands, one report each at most; null for anything else. */
export function readCommandReports(claimed: unknown, count: number): CommandReport[] | null {
  if (!Array.isArray(claimed) || claimed.length > count) return null;
  const reports: CommandReport[] = [];
  for (const claim of claimed as unknown[]) {
    if (!reportValidator.Check(claim) || !isStorable(claim) || claim.index >= count) return null;
    if ([claim.startTime, claim.endTime].some((time) => time !== null && Number.isNaN(Date.parse(time))))
      return null;
    if (reports.some(({ index }) => index === claim.index)) return null;
    const { index, startTime, endTime, commandStatus, errors } = claim;
    reports.push({ index, startTime, endTime, commandStatus, errors });
  }
  return reports;
}

export function liveResponseCommands(
  row: Pick<MachineActionRow, 'params' | 'progress'>,
): LiveResponseCommand[] {
  const { commands } = row.params as OrderParams<'LiveResponse'>;
  const reports = readCommandReports(row.progress?.commands, commands.length) ?? [];
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
