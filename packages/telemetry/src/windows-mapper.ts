/** An event of a Windows log to a row. */
import { fieldsOfMessage, namesInOrder } from './envelope/positions.ts';
import type { WindowsEvent } from './envelope/windows-event.ts';
import { type Emit, mapEvent, mappingOf } from './map-event.ts';
import type { Fields, SourceMapping } from './mapping.ts';
import { type Outcome, outcome } from './outcome.ts';
import type { Processes } from './processes.ts';
import { moment } from './read.ts';
import { sysmon } from './sources/sysmon.ts';
import { windowsSource } from './sources/windows.ts';
import { windowsSecurity } from './sources/windows-security.ts';

export function mapWindowsEvent(event: WindowsEvent, processes: Processes, emit: Emit): Outcome {
  const source = windowsSource(event.channel, event.provider);
  const eventId = String(event.eventId);
  if (!source)
    return outcome(event.channel.toLowerCase() || 'windows', eventId, 'left', 'no mapping for this log');
  if (!mappingOf(source, eventId)) return outcome(source.name, eventId, 'left', 'no mapping for this event');
  const named = fieldsOf(event, source);
  if (!named) return outcome(source.name, eventId, 'malformed', 'no fields, and no names for its values');
  const { writer } = event;
  // Events of the larger logs name processes and users themselves.
  const fields =
    source === sysmon || source === windowsSecurity
      ? named
      : { ...named, 'System.Execution.ProcessID': writer.process, 'System.Security.UserID': writer.user };
  const time = (source === sysmon ? moment(fields.UtcTime) : null) ?? event.time;
  const key = event.recordId === null ? null : `${event.channel} ${event.recordId} ${time}`;
  return mapEvent({ source, eventId, host: event.computer, time, fields, key }, processes, emit);
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
  for (const _ in data) return true;
  return false;
}
