/** What became of one record that was handed in. Counted by source, event id and reason, so that nothing is lost in silence. */
import type { Row, TableName } from './mapping.ts';

export type Fate =
  /** It made a row, or several. */
  | 'row'
  /** It was understood, and there is nothing to keep of it. */
  | 'left'
  /** It waits for the rest of its event, which other records carry. */
  | 'joined'
  /** Nothing could be made of it. */
  | 'malformed';

export interface Outcome {
  readonly source: string;
  /** Empty when it could not be told. */
  readonly eventId: string;
  readonly fate: Fate;
  /** Of all but rows. */
  readonly reason: string;
}

export interface MappedRow {
  /** As its host calls itself. */
  readonly host: string;
  readonly table: TableName;
  /** Without what only the server says, and without ReportId. */
  readonly row: Row;
  /** Names the event for ever, so that one that comes again is known; null when its source numbers nothing. */
  readonly key: string | null;
  /** Index of the record that made it, counted from 0 since the mapper's last `finish`. */
  readonly record: number;
}

const REASON_CHARS = 120;
const ID_CHARS = 64;

export function outcome(source: string, eventId: string, fate: Fate, reason = ''): Outcome {
  return { source, eventId: clip(eventId, ID_CHARS), fate, reason: clip(reason, REASON_CHARS) };
}

function clip(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
