/** The rules mappings are made of. */
import type { EventContext, Fields, Row, Rule } from './mapping.ts';
import * as read from './read.ts';

type Read = (fields: Fields, name: string) => unknown;

function one(from: string, to: string, how: string, value: Read): Rule {
  return {
    from: [from],
    to: [to],
    how,
    apply(fields, row) {
      const found = value(fields, from);
      if (found !== undefined) row[to] = found;
    },
  };
}

export const text = (from: string, to: string) => one(from, to, '', read.text);
export const whole = (from: string, to: string) => one(from, to, 'decimal, or hex after `0x`', read.whole);
export const pid = (from: string, to: string) => one(from, to, 'decimal, or hex after `0x`', read.pid);
export const port = (from: string, to: string) => one(from, to, '', read.port);
export const time = (from: string, to: string) =>
  one(from, to, 'UTC', (fields, name) => read.moment(fields[name]) ?? undefined);
export const guid = (from: string, to: string) => one(from, to, 'lower case, without braces', read.guid);

/** By a table of what the source says. What is not in it stays as it is, or is left out. */
export function choice(
  from: string,
  to: string,
  cases: Readonly<Record<string, string>>,
  otherwise: 'as it is' | 'none',
): Rule {
  const how = `${Object.entries(cases)
    .map(([said, means]) => `${said}: ${means}`)
    .join(', ')}; otherwise ${otherwise}`;
  return one(from, to, how, (fields, name) => {
    const said = read.text(fields, name);
    if (said === undefined) return undefined;
    return cases[said] ?? (otherwise === 'none' ? undefined : said);
  });
}

const INITIATING = 'InitiatingProcess';

/** The service has paths of initiating processes in lower case; those of files as they are. */
export function path(from: string, prefix = ''): Rule {
  const initiating = prefix === INITIATING;
  const [folder, file] = [`${prefix}FolderPath`, `${prefix}FileName`];
  return {
    from: [from],
    to: [folder, file],
    how: initiating ? 'the whole path and the file name, lower case' : 'the whole path, and the file name',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said === undefined) return;
      const whole = initiating && said.includes('\\') ? said.toLowerCase() : said;
      row[folder] = whole;
      row[file] = read.fileNameOf(whole);
    },
  };
}

/** @param prefix `Account` or `InitiatingProcessAccount` */
export function account(from: string, prefix: string): Rule {
  return {
    from: [from],
    to: [`${prefix}Domain`, `${prefix}Name`],
    how: '`DOMAIN\\name`, lower case',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said === undefined) return;
      const { domain, name } = read.accountOf(said);
      if (domain !== undefined) row[`${prefix}Domain`] = domain;
      row[`${prefix}Name`] = name;
    },
  };
}

/** An account whose parts stand in fields of their own: `SubjectUserName`, `SubjectDomainName`, `SubjectUserSid`. */
export function accountParts(
  names: { readonly name: string; readonly domain: string; readonly sid: string },
  prefix: string,
): Rule {
  return {
    from: [names.name, names.domain, names.sid],
    to: [`${prefix}Name`, `${prefix}Domain`, `${prefix}Sid`],
    how: 'name and domain lower case; no one: none',
    apply(fields, row) {
      const name = read.text(fields, names.name);
      const domain = read.text(fields, names.domain);
      const sid = read.text(fields, names.sid);
      if (name !== undefined) row[`${prefix}Name`] = name.toLowerCase();
      if (domain !== undefined) row[`${prefix}Domain`] = domain.toLowerCase();
      // S-1-0-0 is nobody.
      if (sid?.startsWith('S-1-') && sid !== 'S-1-0-0') row[`${prefix}Sid`] = sid;
    },
  };
}

/** @param importHash whether the table has AdditionalFields, where IMPHASH goes */
export function hashes(from: string, importHash = false): Rule {
  return {
    from: [from],
    to: ['SHA1', 'SHA256', 'MD5', ...(importHash ? ['AdditionalFields'] : [])],
    how: importHash ? 'by name, IMPHASH too' : 'by name',
    apply(fields, row) {
      const said = read.text(fields, from);
      if (said === undefined) return;
      const { SHA1, SHA256, MD5, IMPHASH } = read.hashesOf(said);
      if (SHA1 !== undefined) row.SHA1 = SHA1;
      if (SHA256 !== undefined) row.SHA256 = SHA256;
      if (MD5 !== undefined) row.MD5 = MD5;
      if (!importHash || IMPHASH === undefined) return;
      const more = (row.AdditionalFields ?? {}) as Record<string, unknown>;
      more.IMPHASH = IMPHASH;
      row.AdditionalFields = more;
    },
  };
}

/** `InitiatingProcess…` columns that a remembered process may bring, beyond what the event itself says. */
const REMEMBERED = [
  'SHA1',
  'SHA256',
  'MD5',
  'FileName',
  'FolderPath',
  'CommandLine',
  'CreationTime',
  'Id',
  'ParentId',
  'ParentFileName',
  'ParentCreationTime',
  'AccountDomain',
  'AccountName',
  'AccountSid',
  'VersionInfoCompanyName',
  'VersionInfoProductName',
  'VersionInfoProductVersion',
  'VersionInfoOriginalFileName',
  'VersionInfoFileDescription',
  'SessionId',
  'UniqueId',
].map((name) => INITIATING + name);
/** Those that DeviceEvents has no column for. */
const REMEMBERED_ELSEWHERE = [`${INITIATING}IntegrityLevel`, `${INITIATING}TokenElevation`];

/**
 * Who did it. The event names the process; what an earlier event told of its start fills the rest.
 * @param names.guid field with Sysmon's process GUID, when there is one
 */
export function initiator(
  names: { readonly guid?: string; readonly pid: string; readonly image?: string },
  table: 'DeviceEvents' | 'other' = 'other',
): Rule {
  const { guid: guidField, pid: pidField, image } = names;
  const from = [guidField, pidField, image].filter((name) => name !== undefined);
  return {
    from,
    to: table === 'DeviceEvents' ? REMEMBERED : [...REMEMBERED, ...REMEMBERED_ELSEWHERE],
    how: 'the process itself, and what the event of its start told of it',
    apply(fields, row, context) {
      const found = guidField === undefined ? undefined : read.guid(fields, guidField);
      const id = read.pid(fields, pidField);
      const facts = processOf(context, found, id);
      if (facts !== null) {
        for (const name in facts) row[name] = facts[name];
        if (table === 'DeviceEvents') for (const name of REMEMBERED_ELSEWHERE) row[name] = undefined;
      }
      if (id !== undefined) row.InitiatingProcessId = id;
      if (found !== undefined) {
        row.InitiatingProcessUniqueId = found;
        if (row.InitiatingProcessCreationTime === undefined)
          setStart(row, 'InitiatingProcessCreationTime', found);
      }
      const said = image === undefined ? undefined : read.text(fields, image);
      if (said === undefined) return;
      const whole = said.includes('\\') ? said.toLowerCase() : said;
      row.InitiatingProcessFolderPath = whole;
      row.InitiatingProcessFileName = read.fileNameOf(whole);
    },
  };
}

/** The process acted on: its id, file, and what is remembered of it. */
export function target(names: { readonly guid: string; readonly pid: string; readonly image: string }): Rule {
  return {
    from: [names.guid, names.pid, names.image],
    to: ['ProcessId', 'FolderPath', 'FileName', 'ProcessCommandLine', 'ProcessCreationTime'],
    how: 'the process acted on, and what the event of its start told of it',
    apply(fields, row, context) {
      const found = read.guid(fields, names.guid);
      const id = read.pid(fields, names.pid);
      const facts = processOf(context, found, id);
      if (id !== undefined) row.ProcessId = id;
      const said = read.text(fields, names.image);
      if (said !== undefined) {
        row.FolderPath = said;
        row.FileName = read.fileNameOf(said);
      }
      if (facts !== null) {
        row.ProcessCommandLine = facts.InitiatingProcessCommandLine;
        row.ProcessCreationTime = facts.InitiatingProcessCreationTime;
      } else if (found !== undefined) setStart(row, 'ProcessCreationTime', found);
    },
  };
}

function processOf(context: EventContext, guid: string | undefined, id: number | undefined) {
  const { processes, host, timeMs } = context;
  if (guid !== undefined) return processes.byGuid(host, guid);
  return id === undefined ? null : processes.byPid(host, id, timeMs);
}

function setStart(row: Row, column: string, guid: string): void {
  const start = read.startOfGuid(guid);
  if (start !== null) row[column] = start;
}

const DRIVE_C = ['windows', 'program files', 'program files (x86)', 'programdata', 'users'];

/** `\device\harddiskvolume2\windows\…`: the kernel's name of a file. Which letter a volume has is not said; folders that only the system's has are on `C:`. */
export function devicePath(from: string, prefix: string): Rule {
  const [folder, file] = [`${prefix}FolderPath`, `${prefix}FileName`];
  return {
    from: [from],
    to: [folder, file],
    how: 'lower case; a volume with a folder of the system stands for `c:`',
    apply(fields, row) {
      const said = read.text(fields, from)?.toLowerCase();
      if (said === undefined) return;
      const rest = /^\\device\\harddiskvolume\d+\\(.+)$/.exec(said)?.[1];
      const first = rest?.split('\\', 1)[0] ?? '';
      const whole = rest !== undefined && DRIVE_C.includes(first) ? `c:\\${rest}` : said;
      row[folder] = whole;
      row[file] = read.fileNameOf(whole);
    },
  };
}
