/** An event of a Windows log to a row. */
import { isoToMs } from '@merlon/contract';
import { fieldsOfMessage, namesInOrder } from './envelope/positions.ts';
import type { WindowsEvent } from './envelope/windows-event.ts';
import { hostOf } from './host.ts';
import {
  actionOf,
  type EventMapping,
  type Fields,
  type LeftOut,
  rowOf,
  type SourceMapping,
} from './mapping.ts';
import { type MappedRow, type Outcome, outcome } from './outcome.ts';
import type { Processes } from './processes.ts';
import { moment } from './read.ts';
import { sysmon } from './sources/sysmon.ts';
import { windowsSource } from './sources/windows.ts';

export type Emit = (row: Omit<MappedRow, 'record'>) => void;

const tables = new WeakMap<SourceMapping, ReadonlyMap<string, EventMapping | LeftOut>>();

export function mappingOf(source: SourceMapping, eventId: string): EventMapping | LeftOut | null {
  let byId = tables.get(source);
  if (!byId) {
    byId = new Map(source.events.map((event) => [event.id, event]));
    tables.set(source, byId);
  }
  return byId.get(eventId) ?? null;
}

export function mapWindowsEvent(event: WindowsEvent, processes: Processes, emit: Emit): Outcome {
  const source = windowsSource(event.channel, event.provider);
  const eventId = String(event.eventId);
  if (!source)
    return outcome(event.channel.toLowerCase() || 'windows', eventId, 'left', 'no mapping for this log');
  const mapping = mappingOf(source, eventId);
  if (!mapping) return outcome(source.name, eventId, 'left', 'no mapping for this event');
  const host = hostOf(event.computer);
  if (!host) return outcome(source.name, eventId, 'malformed', 'no host name');
  const fields = fieldsOf(event, source);
  if (!fields) return outcome(source.name, eventId, 'malformed', 'no fields, and no names for its values');
  const time = (source === sysmon ? moment(fields.UtcTime) : null) ?? event.time;
  if (time === null) return outcome(source.name, eventId, 'malformed', 'no time');
  const context = { host: host.toLowerCase(), time, timeMs: isoToMs(time), processes };
  if (mapping.table === null) {
    mapping.remember?.(fields, context);
    return outcome(source.name, eventId, 'left', mapping.why);
  }
  const told = mapping.toldBy?.(fields, context);
  if (told) return outcome(source.name, eventId, 'left', told);
  const action = actionOf(mapping.action, fields);
  if (action === null) return outcome(source.name, eventId, 'malformed', 'none of the kinds of this event');
  const row = rowOf(mapping, action, fields, context);
  mapping.remember?.(fields, row, context);
  const key = event.recordId === null ? null : `${event.channel} ${event.recordId} ${time}`;
  emit({ host, table: mapping.table, row, key });
  return outcome(source.name, eventId, 'row');
}

const REGISTRY_EVENTS = new Set([12, 13, 14]);

function fieldsOf({ data, inserts, message, eventId }: WindowsEvent, source: SourceMapping): Fields | null {
  if (inserts !== null) {
    const names = namesInOrder(source.name, eventId);
    if (names !== null) {
      const fields: Record<string, unknown> = { ...data };
      for (let i = 0; i < inserts.length; i++) {
        const name = names[i];
        if (name !== undefined && fields[name] === undefined) fields[name] = inserts[i];
      }
      return fields;
    }
  }
  if (source !== sysmon || message === null) return inserts === null || isNamed(data) ? data : null;
  if (data.UtcTime === undefined) return { ...data, ...fieldsOfMessage(message) };
  // NXLog writes its own EventType over Sysmon's, and takes ProcessId away; the rendered text may still have both.
  const lost = REGISTRY_EVENTS.has(eventId) && !/^(Create|Delete|Rename|Set)/.test(String(data.EventType));
  if (!lost && (data.ProcessId !== undefined || data.ProcessGuid === undefined)) return data;
  const { EventType, ProcessId } = fieldsOfMessage(message);
  return {
    ...data,
    ...(lost && EventType !== undefined ? { EventType } : {}),
    ...(data.ProcessId === undefined && ProcessId !== undefined ? { ProcessId } : {}),
  };
}

function isNamed(data: Fields): boolean {
  for (const name in data) if (!name.startsWith('System.')) return true;
  return false;
}
