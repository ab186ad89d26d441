/**
 * How programs that ship Windows events write one as JSON. Each reader knows its own form by keys only that form has, and gives null for anything else.
 */
import { isRecord, textOf } from '../json.ts';
import type { Fields } from '../mapping.ts';
import { moment } from '../read.ts';
import { readEventData, readEventXml } from './event-xml.ts';
import type { WindowsEvent } from './windows-event.ts';

type Json = Readonly<Record<string, unknown>>;

const NO_DATA: Fields = {};

function eventIdOf(value: unknown): number | null {
  const id =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{1,5}$/.test(value)
        ? Number(value)
        : null;
  return id !== null && Number.isInteger(id) && id >= 0 && id <= 65_535 ? id : null;
}

function idText(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? String(value) : null;
  return typeof value === 'string' && /^[1-9]\d{0,19}$/.test(value) ? value : null;
}

/** Winlogbeat 7 and 8, Elastic Agent: everything of Windows under `winlog`. */
function winlogbeat(record: Json): WindowsEvent | null {
  const { winlog } = record;
  if (!isRecord(winlog)) return null;
  const eventId = eventIdOf(winlog.event_id);
  if (eventId === null) return null;
  const user = isRecord(winlog.user) ? winlog.user : null;
  const process = isRecord(winlog.process) ? winlog.process : null;
  const own = isRecord(winlog.event_data)
    ? winlog.event_data
    : isRecord(winlog.user_data)
      ? winlog.user_data
      : NO_DATA;
  const host = isRecord(record.host) ? record.host : null;
  return {
    provider: textOf(winlog.provider_name),
    channel: textOf(winlog.channel),
    eventId,
    computer: textOf(winlog.computer_name) || textOf(host?.name),
    time: moment(record['@timestamp']),
    recordId: idText(winlog.record_id),
    data: own,
    writer: { process: process?.pid, user: user?.identifier },
    inserts: null,
    message: typeof record.message === 'string' ? record.message : null,
  };
}

/** Winlogbeat 6 and before. */
function winlogbeat6(record: Json): WindowsEvent | null {
  const eventId = eventIdOf(record.event_id);
  if (eventId === null || typeof record.log_name !== 'string') return null;
  const user = isRecord(record.user) ? record.user : null;
  return {
    provider: textOf(record.source_name),
    channel: record.log_name,
    eventId,
    computer: textOf(record.computer_name),
    time: moment(record['@timestamp']),
    recordId: idText(record.record_number),
    data: isRecord(record.event_data)
      ? record.event_data
      : isRecord(record.user_data)
        ? record.user_data
        : NO_DATA,
    writer: { process: record.process_id, user: user?.identifier },
    inserts: null,
    message: typeof record.message === 'string' ? record.message : null,
  };
}

/** `{"Event":{"System":…}}`: XML turned into JSON, with attributes under `#attributes` (evtx_dump) or `@…` (others). */
function evtxJson(record: Json): WindowsEvent | null {
  const event = record.Event;
  if (!isRecord(event) || !isRecord(event.System)) return null;
  const system = event.System;
  const eventId = eventIdOf(contentOf(system.EventID));
  if (eventId === null) return null;
  const { named, inserts } = jsonData(event);
  return {
    provider: textOf(attributeOf(system.Provider, 'Name')),
    channel: textOf(contentOf(system.Channel)),
    eventId,
    computer: textOf(contentOf(system.Computer)),
    time: moment(attributeOf(system.TimeCreated, 'SystemTime')),
    recordId: idText(contentOf(system.EventRecordID)),
    data: named,
    writer: {
      process: attributeOf(system.Execution, 'ProcessID'),
      user: attributeOf(system.Security, 'UserID'),
    },
    inserts,
    message: null,
  };
}

function contentOf(value: unknown): unknown {
  return isRecord(value) ? (value['#text'] ?? value._ ?? value.Value) : value;
}

function attributeOf(value: unknown, name: string): unknown {
  if (!isRecord(value)) return undefined;
  const attributes = value['#attributes'] ?? value.$ ?? value;
  return isRecord(attributes) ? (attributes[name] ?? value[`@${name}`]) : undefined;
}

function jsonData(event: Json): { named: Fields; inserts: readonly unknown[] | null } {
  const holder = isRecord(event.EventData)
    ? event.EventData
    : isRecord(event.UserData)
      ? innerOf(event.UserData)
      : NO_DATA;
  const data = holder.Data;
  if (Array.isArray(data)) {
    const named: Record<string, unknown> = {};
    const inserts: unknown[] = [];
    for (const one of data) {
      const name = attributeOf(one, 'Name');
      if (typeof name === 'string') named[name] = contentOf(one);
      else inserts.push(contentOf(one));
    }
    return { named, inserts: inserts.length > 0 ? inserts : null };
  }
  const unnamed = isRecord(data) ? data['#text'] : undefined;
  return { named: holder, inserts: Array.isArray(unnamed) ? unnamed : null };
}

/** UserData holds one element of the writer's own. */
function innerOf(userData: Json): Json {
  for (const name in userData) {
    const inner = userData[name];
    if (name !== '#attributes' && isRecord(inner)) return inner;
  }
  return userData;
}

/** Fluent Bit's `winevtlog`: the head flat, the values in order without their names. */
function winevtlog(record: Json): WindowsEvent | null {
  if (typeof record.ProviderName !== 'string' || !Array.isArray(record.StringInserts)) return null;
  const eventId = eventIdOf(record.EventID);
  if (eventId === null) return null;
  return {
    provider: record.ProviderName,
    channel: textOf(record.Channel),
    eventId,
    computer: textOf(record.Computer),
    time: moment(record.TimeCreated),
    recordId: idText(record.EventRecordID),
    data: NO_DATA,
    writer: { process: record.ProcessID, user: record.UserID },
    inserts: record.StringInserts,
    message: typeof record.Message === 'string' ? record.Message : null,
  };
}

/** Vector's `windows_event_log`. */
function vector(record: Json): WindowsEvent | null {
  const eventId = eventIdOf(record.event_id);
  if (eventId === null || typeof record.provider_name !== 'string' || typeof record.channel !== 'string')
    return null;
  return {
    provider: record.provider_name,
    channel: record.channel,
    eventId,
    computer: textOf(record.computer) || textOf(record.host),
    time: moment(record.timestamp),
    recordId: idText(record.record_id),
    data: isRecord(record.event_data) ? record.event_data : NO_DATA,
    writer: { process: record.process_id, user: record.user_id },
    inserts: Array.isArray(record.string_inserts) ? record.string_inserts : null,
    message: typeof record.message === 'string' ? record.message : null,
  };
}

/**
 * Everything in one flat object: NXLog's `to_json`, PowerShell's Get-WinEvent, Log Analytics. Of NXLog's times only `EventTime` is the host's, and it may
 * lack its offset; whoever received it in between wrote `@timestamp`.
 */
function flat(record: Json): WindowsEvent | null {
  const eventId = eventIdOf(record.EventID ?? record.EventId ?? record.Id);
  const channel = record.Channel ?? record.LogName;
  if (eventId === null || typeof channel !== 'string') return null;
  const data = flatData(record);
  return {
    provider: textOf(record.SourceName ?? record.ProviderName ?? record.Provider ?? record.EventSourceName),
    channel,
    eventId,
    computer: textOf(record.Hostname) || textOf(record.Computer) || textOf(record.MachineName),
    time: firstMoment(record.TimeCreated, record['@timestamp'], record.EventTime, record.TimeGenerated),
    recordId: idText(record.RecordNumber ?? record.EventRecordID ?? record.RecordId),
    data: data,
    writer: { process: record.ExecutionProcessID, user: record.UserID },
    inserts: null,
    message: typeof record.Message === 'string' ? record.Message : null,
  };
}

/** Log Analytics has the fields as JSON or XML text in `EventData`. */
function flatData(record: Json): Fields {
  const inner = record.EventData;
  if (isRecord(inner)) return inner;
  if (typeof inner !== 'string') return record;
  const start = inner.trimStart();
  if (start.startsWith('{')) {
    try {
      const parsed: unknown = JSON.parse(start);
      if (isRecord(parsed)) return parsed;
    } catch {
      return record;
    }
  }
  return start.startsWith('<') ? (readEventData(start) ?? record) : record;
}

function firstMoment(...values: readonly unknown[]): string | null {
  for (const value of values) {
    const found = value === undefined ? null : moment(value);
    if (found !== null) return found;
  }
  return null;
}

/** Sysmon for Linux goes to syslog, whose shippers have the XML as a message; collectors of Windows events may ship XML likewise. */
function xmlInText(record: Json): WindowsEvent | null {
  for (const name of ['SyslogMessage', 'message', 'MESSAGE', 'Message', 'log', 'msg', 'raw'] as const) {
    const value = record[name];
    if (typeof value !== 'string') continue;
    const at = value.indexOf('<Event');
    if (at < 0) continue;
    return readEventXml(value.slice(at));
  }
  return null;
}

const CARRIERS = [winlogbeat, winlogbeat6, evtxJson, winevtlog, vector, flat, xmlInText] as const;

export function readCarried(record: Json): WindowsEvent | null {
  for (const read of CARRIERS) {
    const event = read(record);
    if (event !== null) return event;
  }
  return null;
}
