/** The processes a hunting row tells of. */
import type { ProcessRecord } from './lineage.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Longer command lines are cut; the whole of it stays in the hunting tables. */
const MAX_COMMAND_LINE = 8_192;

export function textOf(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Longs beyond 2^53 travel as text; process and report ids are never that large. */
export function numberOf(row: Row, column: string): number | null {
  const value = row[column];
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}

/** The process a row acts upon or tells the start of: ProcessId and what goes with it. Null where the row has none. */
export function subjectProcess(row: Row): ProcessRecord | null {
  const processId = numberOf(row, 'ProcessId');
  if (processId === null) return null;
  return {
    processId,
    creationTime: textOf(row, 'ProcessCreationTime'),
    fileName: textOf(row, 'FileName'),
    path: textOf(row, 'FolderPath'),
    commandLine: commandLineOf(row, 'ProcessCommandLine'),
    sha1: textOf(row, 'SHA1'),
    sha256: textOf(row, 'SHA256'),
    accountName: textOf(row, 'AccountName'),
    accountDomain: textOf(row, 'AccountDomain'),
    accountSid: textOf(row, 'AccountSid'),
    parent: parentOf(
      row,
      'InitiatingProcessId',
      'InitiatingProcessCreationTime',
      'InitiatingProcessFileName',
    ),
  };
}

/** The process that did it; for the start of a process, its parent. */
export function initiatingProcess(row: Row): ProcessRecord | null {
  const processId = numberOf(row, 'InitiatingProcessId');
  if (processId === null) return null;
  return {
    processId,
    creationTime: textOf(row, 'InitiatingProcessCreationTime'),
    fileName: textOf(row, 'InitiatingProcessFileName'),
    path: textOf(row, 'InitiatingProcessFolderPath'),
    commandLine: commandLineOf(row, 'InitiatingProcessCommandLine'),
    sha1: textOf(row, 'InitiatingProcessSHA1'),
    sha256: textOf(row, 'InitiatingProcessSHA256'),
    accountName: textOf(row, 'InitiatingProcessAccountName'),
    accountDomain: textOf(row, 'InitiatingProcessAccountDomain'),
    accountSid: textOf(row, 'InitiatingProcessAccountSid'),
    parent: parentOf(
      row,
      'InitiatingProcessParentId',
      'InitiatingProcessParentCreationTime',
      'InitiatingProcessParentFileName',
    ),
  };
}

/** By what {@link initiatingProcess} is known. */
export function initiatingReference(row: Row): Pick<ProcessRecord, 'processId' | 'creationTime'> | null {
  const processId = numberOf(row, 'InitiatingProcessId');
  return processId === null
    ? null
    : { processId, creationTime: textOf(row, 'InitiatingProcessCreationTime') };
}

function parentOf(row: Row, id: string, time: string, name: string): ProcessRecord['parent'] {
  const processId = numberOf(row, id);
  return processId === null
    ? null
    : { processId, creationTime: textOf(row, time), fileName: textOf(row, name) };
}

function commandLineOf(row: Row, column: string): string | null {
  const text = textOf(row, column);
  return text !== null && text.length > MAX_COMMAND_LINE
    ? `${whole(text.slice(0, MAX_COMMAND_LINE))}…`
    : text;
}

/** Cutting may leave half of a surrogate pair, which no store takes. */
function whole(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
