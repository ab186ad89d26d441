/** The timeline of a device as one hunting query a page: the newest events of every chosen table before a given one. Pure. */
import { kqlText } from '../hunting/kql-text.ts';

const initiator = [
  'InitiatingProcessFileName',
  'InitiatingProcessFolderPath',
  'InitiatingProcessId',
  'InitiatingProcessCommandLine',
  'InitiatingProcessAccountName',
] as const;

/** Tables of a device's own events, and what of them a row of the timeline shows. Text columns come first: the text filter looks at those. */
export const timelineTables = {
  DeviceProcessEvents: {
    title: 'Processes',
    text: ['FileName', 'FolderPath', 'ProcessCommandLine', 'AccountName', 'SHA1'],
    more: ['ProcessId', 'AccountDomain'],
  },
  DeviceNetworkEvents: {
    title: 'Network',
    text: ['RemoteIP', 'RemoteUrl', 'LocalIP'],
    more: ['RemotePort', 'LocalPort', 'Protocol'],
  },
  DeviceFileEvents: {
    title: 'Files',
    text: ['FileName', 'FolderPath', 'PreviousFileName', 'SHA1'],
    more: ['FileSize'],
  },
  DeviceRegistryEvents: {
    title: 'Registry',
    text: ['RegistryKey', 'RegistryValueName', 'RegistryValueData'],
    more: [],
  },
  DeviceLogonEvents: {
    title: 'Logons',
    text: ['AccountName', 'RemoteIP', 'RemoteDeviceName', 'LogonType', 'FailureReason'],
    more: ['AccountDomain'],
  },
  DeviceImageLoadEvents: {
    title: 'Images loaded',
    text: ['FileName', 'FolderPath', 'SHA1'],
    more: [],
  },
  DeviceEvents: {
    title: 'Other events',
    text: ['FileName', 'FolderPath', 'ProcessCommandLine', 'RemoteIP', 'RemoteUrl', 'AccountName'],
    more: ['AdditionalFields'],
  },
} as const satisfies Record<string, { title: string; text: readonly string[]; more: readonly string[] }>;

export type TimelineTable = keyof typeof timelineTables;
export const timelineTableNames = Object.keys(timelineTables) as TimelineTable[];

/** Columns one leg of the union hands on, in order. */
export function columnsOf(table: TimelineTable): readonly string[] {
  const { text, more } = timelineTables[table];
  return ['Timestamp', 'ReportId', 'ActionType', ...text, ...more, ...initiator];
}

export interface TimelineRow {
  readonly Table: TimelineTable;
  readonly Timestamp: string;
  readonly ReportId: number | string;
  readonly ActionType: string;
  readonly [column: string]: unknown;
}

/** The last event of a page: the next one begins after it. */
export type Cursor = Pick<TimelineRow, 'Table' | 'Timestamp' | 'ReportId'>;

export interface TimelineQuestion {
  readonly deviceId: string;
  readonly tables: readonly TimelineTable[];
  /** Looked for in the text columns; blank for any. */
  readonly text: string;
  readonly days: number;
  /** Only events at or before this ISO time. */
  readonly until: string | null;
  readonly after: Cursor | null;
  readonly rows: number;
}

/**
 * Each leg takes its own newest rows first, so the store reads no more than it must. Order: time, then report id, both falling, then table
 * name: a total order for one device, so that pages neither repeat nor leave out events of the same instant.
 */
export function timelineQuery(question: TimelineQuestion): string {
  const { rows } = question;
  const legs = question.tables.map((table) => leg(table, question));
  const order = 'sort by Timestamp desc, ReportId desc, Table asc';
  return legs.length === 1
    ? `${legs[0]}\n| take ${rows}`
    : `union\n${legs.map((one) => `  (${one.replaceAll('\n', '\n  ')}\n  | take ${rows})`).join(',\n')}\n| ${order}\n| take ${rows}`;
}

function leg(table: TimelineTable, { deviceId, text, days, until, after }: TimelineQuestion): string {
  const wanted = text.trim();
  const where = [
    `DeviceId == ${kqlText(deviceId)}`,
    `Timestamp > ago(${days}d)`,
    ...(until === null ? [] : [`Timestamp <= datetime(${until})`]),
    ...(after === null ? [] : [afterCursor(table, after)]),
    ...(wanted === '' ? [] : [matches(table, wanted)]),
  ];
  return [
    table,
    ...where.map((condition) => `| where ${condition}`),
    `| project ${columnsOf(table).join(', ')}`,
    `| extend Table = ${kqlText(table)}`,
    '| sort by Timestamp desc, ReportId desc',
  ].join('\n');
}

function afterCursor(table: TimelineTable, { Table, Timestamp, ReportId }: Cursor): string {
  const time = `datetime(${Timestamp})`;
  // Of the cursor's own instant and report id, the tables that come later in the alphabet are still to come.
  const report = table > Table ? `ReportId <= ${ReportId}` : `ReportId < ${ReportId}`;
  return `Timestamp < ${time} or (Timestamp == ${time} and ${report})`;
}

function matches(table: TimelineTable, text: string): string {
  const columns = [
    'ActionType',
    ...timelineTables[table].text,
    'InitiatingProcessFileName',
    'InitiatingProcessCommandLine',
  ];
  return columns.map((column) => `${column} contains ${kqlText(text)}`).join(' or ');
}

/** The whole event behind a row of the timeline. */
export function eventQuery(deviceId: string, { Table, Timestamp, ReportId }: Cursor): string {
  return [
    Table,
    `| where DeviceId == ${kqlText(deviceId)}`,
    `| where Timestamp == datetime(${Timestamp}) and ReportId == ${ReportId}`,
    '| take 1',
  ].join('\n');
}
