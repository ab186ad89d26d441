/** Records of foreign agents, one after another, to rows. Holds what is known of processes between them. */
import { readCarried } from './envelope/carriers.ts';
import { readEventXml } from './envelope/event-xml.ts';
import type { WindowsEvent } from './envelope/windows-event.ts';
import { isRecord } from './json.ts';
import { type MappedRow, type Outcome, outcome } from './outcome.ts';
import { Processes } from './processes.ts';
import { type Emit, mapWindowsEvent } from './windows-mapper.ts';

export interface TelemetryMapperOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Processes remembered, over all hosts. */
  readonly mostProcesses?: number;
}

export class TelemetryMapper {
  readonly processes: Processes;
  #record = 0;

  constructor({ now, mostProcesses }: TelemetryMapperOptions) {
    this.processes = new Processes({ now, ...(mostProcesses === undefined ? {} : { most: mostProcesses }) });
  }

  /** @param record one parsed JSON value */
  mapJson(record: unknown, rows: MappedRow[]): Outcome {
    if (!isRecord(record)) return this.#count(outcome('unknown', '', 'malformed', 'not a JSON object'));
    const event = readCarried(record);
    if (event) return this.mapWindows(event, rows);
    return this.#count(outcome('unknown', '', 'malformed', 'no known form'));
  }

  /** @param xml one element `Event` */
  mapXml(xml: string, rows: MappedRow[]): Outcome {
    const event = readEventXml(xml);
    if (!event) return this.#count(outcome('windows-xml', '', 'malformed', 'not a well-formed event'));
    return this.mapWindows(event, rows);
  }

  mapWindows(event: WindowsEvent, rows: MappedRow[]): Outcome {
    return this.#count(mapWindowsEvent(event, this.processes, this.#emitTo(rows)));
  }

  #emitTo(rows: MappedRow[]): Emit {
    const record = this.#record;
    return (row) => void rows.push({ ...row, record });
  }

  #count(of: Outcome): Outcome {
    this.#record += 1;
    return of;
  }
}
