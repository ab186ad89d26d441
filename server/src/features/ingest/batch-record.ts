/**
 * One record of the event log is one batch of one device: a JSON header line, then the stamped rows of each table as NDJSON, one section
 * after another. Readers take a section's bytes as they are (the event store) or parse the rows (detection, devices).
 */

export interface BatchSection {
  readonly table: string;
  readonly rows: number;
  /** NDJSON, every line ending in `\n`. */
  readonly ndjson: Buffer;
}

export interface BatchHeader {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly machineGroup: string;
  /** ISO, seven fraction digits. */
  readonly receivedAt: string;
}

export interface BatchRecord extends BatchHeader {
  readonly sections: readonly BatchSection[];
}

const NEWLINE = 0x0a;

export function encodeBatchRecord(header: BatchHeader, sections: readonly BatchSection[]): Buffer {
  const { tenantId, deviceId, deviceName, machineGroup, receivedAt } = header;
  const head = JSON.stringify({
    tenantId,
    deviceId,
    deviceName,
    machineGroup,
    receivedAt,
    sections: sections.map(({ table, rows, ndjson }) => ({ table, rows, bytes: ndjson.length })),
  });
  return Buffer.concat([Buffer.from(`${head}\n`), ...sections.map((section) => section.ndjson)]);
}

/** The sections are views of `record`, not copies. Throws when the bytes are not a batch record: the log checks integrity, so that is a defect. */
export function decodeBatchRecord(record: Buffer): BatchRecord {
  const end = record.indexOf(NEWLINE);
  if (end < 0) throw new Error('not a batch record: no header line');
  const head = JSON.parse(record.toString('utf8', 0, end)) as BatchHeader & {
    sections: { table: string; rows: number; bytes: number }[];
  };
  let at = end + 1;
  const sections = head.sections.map(({ table, rows, bytes }) => {
    const ndjson = record.subarray(at, at + bytes);
    at += bytes;
    if (ndjson.length !== bytes) throw new Error('not a batch record: a section is cut short');
    return { table, rows, ndjson };
  });
  if (at !== record.length) throw new Error('not a batch record: bytes follow the last section');
  const { tenantId, deviceId, deviceName, machineGroup, receivedAt } = head;
  return { tenantId, deviceId, deviceName, machineGroup, receivedAt, sections };
}

/** Rows of a section, parsed. */
export function parseRows(section: BatchSection): Record<string, unknown>[] {
  if (section.rows === 0) return [];
  const text = section.ndjson.toString('utf8').trimEnd();
  return JSON.parse(`[${text.replaceAll('\n', ',')}]`) as Record<string, unknown>[];
}
