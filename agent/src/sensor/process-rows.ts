/** DeviceProcessEvents rows. Pure. */
import { type ExecRecord, UNSET_ID } from './bpf-records.ts';
import type { ProcessRecord } from './process-table.ts';
import { additionalFields, processUniqueId, type RowContext, setInitiatingProcess } from './rows.ts';
import type { SensorRow } from './sensor.ts';

/** What a row says beyond the process record; the /proc fallback knows little of it. */
export type ExecDetails = Pick<
  ExecRecord,
  'cwd' | 'tty' | 'unlinked' | 'argumentsCut' | 'argumentBytes' | 'pathCut' | 'euid' | 'loginUid'
>;

export function processCreatedRow(
  context: RowContext,
  timestamp: string,
  record: ProcessRecord,
  details: ExecDetails | null,
  container: string,
): SensorRow {
  const row: SensorRow = {
    Table: 'DeviceProcessEvents',
    Timestamp: timestamp,
    ActionType: 'ProcessCreated',
    FileName: record.fileName,
    FolderPath: record.path,
    ProcessId: record.pid,
    ProcessCommandLine: record.commandLine,
    ProcessCreationTime: record.creationTime,
    AccountName: context.accountName(record.uid),
    AccountDomain: context.accountDomain,
    ProcessUniqueId: processUniqueId(context, record),
  };
  if (record.fileSize !== null) row.FileSize = record.fileSize;
  if (record.session !== null) row.LogonId = record.session;
  const { parent } = record;
  if (parent !== null) {
    setInitiatingProcess(row, context, parent);
    if (parent.session !== null) row.InitiatingProcessLogonId = parent.session;
  } else {
    row.InitiatingProcessId = record.parentPid;
    row.InitiatingProcessFileName = record.parentFileName;
  }
  const extra = additionalFields({
    CurrentWorkingDirectory: details?.cwd,
    Terminal: details?.tty,
    ContainerId: container,
    // Who logged in, where that differs from whom it runs as: su and sudo keep it.
    LoginAccountName:
      details && details.loginUid !== UNSET_ID && details.loginUid !== record.uid
        ? context.accountName(details.loginUid)
        : undefined,
    EffectiveAccountName:
      details && details.euid !== record.uid ? context.accountName(details.euid) : undefined,
    FileDeleted: details?.unlinked === true ? true : undefined,
    CommandLineBytes: details?.argumentsCut === true ? details.argumentBytes : undefined,
    FolderPathCut: details?.pathCut === true ? true : undefined,
  });
  if (extra !== undefined) row.AdditionalFields = extra;
  return row;
}
