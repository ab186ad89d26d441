/** One event of a known source to a row. */
import { isoToMs } from '@merlon/contract';
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

export type Emit = (row: Omit<MappedRow, 'record'>) => void;

export interface SourceEvent {
  readonly source: SourceMapping;
  readonly eventId: string;
  readonly host: unknown;
  /** ISO with `Z`. */
  readonly time: string | null;
  readonly fields: Fields;
  /** Names the event within its host. */
  readonly key: string | null;
}

const tables = new WeakMap<SourceMapping, ReadonlyMap<string, EventMapping | LeftOut>>();

export function mappingOf(source: SourceMapping, eventId: string): EventMapping | LeftOut | null {
  let byId = tables.get(source);
  if (!byId) {
    byId = new Map(source.events.map((event) => [event.id, event]));
    tables.set(source, byId);
  }
  return byId.get(eventId) ?? null;
}

export function mapEvent(event: SourceEvent, processes: Processes, emit: Emit): Outcome {
  const { source, eventId, fields, time } = event;
  const mapping = mappingOf(source, eventId);
  if (!mapping) return outcome(source.name, eventId, 'left', 'no mapping for this event');
  const host = hostOf(event.host);
  if (!host) return outcome(source.name, eventId, 'malformed', 'no host name');
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
  emit({ host, table: mapping.table, row, key: event.key });
  return outcome(source.name, eventId, 'row');
}
