/** What a mapping is: data that says which field of a foreign event goes to which column, and how its text is read on the way. */
import type { DEVICE_TABLES } from '@merlon/contract';
import type { Processes } from './processes.ts';

export type TableName = (typeof DEVICE_TABLES)[number];
export type Row = Record<string, unknown>;
/** Fields of one event under the names its source gives them. */
export type Fields = Readonly<Record<string, unknown>>;

/** What is known of an event besides its fields. */
export interface EventContext {
  /** Host name in lower case. */
  readonly host: string;
  /** When it happened: ISO 8601 with `Z`; null when the source did not say. */
  readonly time: string | null;
  /** The same in milliseconds since 1970; 0 when it did not say. */
  readonly timeMs: number;
  readonly processes: Processes;
}

export interface Rule {
  /** Fields it reads. */
  readonly from: readonly string[];
  /** Columns it may fill. */
  readonly to: readonly string[];
  /** How the text becomes the value, for people; empty: as it is. */
  readonly how: string;
  apply(fields: Fields, row: Row, context: EventContext): void;
}

/** Which ActionType an event has: one for all, or by what a field says. */
export type Action =
  | string
  | {
      readonly from: readonly string[];
      readonly cases: Readonly<Record<string, string>>;
      /** Null: an event that fits no case is malformed. */
      readonly otherwise: string | null;
    };

export interface EventMapping {
  /** Tells the event apart within its source: `1`, `4624`, `execve`. */
  readonly id: string;
  readonly title: string;
  readonly table: TableName;
  readonly action: Action;
  readonly rules: readonly Rule[];
  /** Fields that are kept in AdditionalFields, under their own name or another one. */
  readonly additional: readonly (string | readonly [field: string, key: string])[];
  /** What the event tells of processes, to be remembered for later ones. */
  readonly remember?: (fields: Fields, row: Row, context: EventContext) => void;
  /** Another event's row tells the same already, and which. */
  readonly toldBy?: (fields: Fields, context: EventContext) => string | null;
}

/** An event that is known and makes no row. */
export interface LeftOut {
  readonly id: string;
  readonly title: string;
  readonly table: null;
  readonly why: string;
  readonly remember?: (fields: Fields, context: EventContext) => void;
}

export interface SourceMapping {
  /** `sysmon`; names it in counters. */
  readonly name: string;
  readonly title: string;
  /** How its events are recognised and which fields its rules read, for people. */
  readonly about: string;
  readonly events: readonly (EventMapping | LeftOut)[];
}

export function actionOf(action: Action, fields: Fields): string | null {
  if (typeof action === 'string') return action;
  for (const field of action.from) {
    const value = fields[field];
    const found = value === undefined || value === null ? undefined : action.cases[String(value)];
    if (found !== undefined) return found;
  }
  return action.otherwise;
}

/** The caller has made sure that the event has a time. */
export function rowOf(mapping: EventMapping, action: string, fields: Fields, context: EventContext): Row {
  const row: Row = { Timestamp: context.time, ActionType: action };
  for (const rule of mapping.rules) rule.apply(fields, row, context);
  if (mapping.additional.length === 0) return row;
  const more = (row.AdditionalFields ?? {}) as Record<string, unknown>;
  let some = row.AdditionalFields !== undefined;
  for (const entry of mapping.additional) {
    const field = typeof entry === 'string' ? entry : entry[0];
    const value = fields[field];
    if (value === undefined || value === null || value === '' || value === '-') continue;
    more[typeof entry === 'string' ? entry : entry[1]] = value;
    some = true;
  }
  if (some) row.AdditionalFields = more;
  return row;
}
