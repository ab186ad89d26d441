/** Records of foreign agents, one after another, to rows. Holds what is known of processes between them, and audit events whose records come apart. */
import { fieldsOfEvent, fieldsOfLaurel } from './auditd/audit-fields.ts';
import { type AuditEvent, AuditJoiner } from './auditd/audit-joiner.ts';
import { readAuditLine } from './auditd/audit-record.ts';
import { readCarried } from './envelope/carriers.ts';
import { readEventXml } from './envelope/event-xml.ts';
import type { WindowsEvent } from './envelope/windows-event.ts';
import { isRecord } from './json.ts';
import { type Emit, mapEvent } from './map-event.ts';
import type { Fields } from './mapping.ts';
import { type MappedRow, type Outcome, outcome } from './outcome.ts';
import { Processes } from './processes.ts';
import { moment } from './read.ts';
import { auditd } from './sources/auditd.ts';
import { ecsEvent } from './sources/ecs.ts';
import { falcoEvent } from './sources/falco.ts';
import { type OsqueryResult, osqueryEvent, osqueryResult, osqueryTable } from './sources/osquery.ts';
import { tetragonEvent } from './sources/tetragon.ts';
import { mapWindowsEvent } from './windows-mapper.ts';

export interface TelemetryMapperOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Processes remembered, over all hosts. */
  readonly mostProcesses?: number;
}

export interface RecordOptions {
  /** Host of records that name none: a file of one machine. */
  readonly host?: string | undefined;
}

export class TelemetryMapper {
  readonly processes: Processes;
  readonly #joiner: AuditJoiner;
  #record = 0;

  constructor({ now, mostProcesses }: TelemetryMapperOptions) {
    this.processes = new Processes({ now, ...(mostProcesses === undefined ? {} : { most: mostProcesses }) });
    this.#joiner = new AuditJoiner(now);
  }

  /**
   * What becomes of one parsed JSON value. Rows of audit events that it completes are among `rows` too; each names the record it belongs to.
   */
  mapJson(record: unknown, rows: MappedRow[], options: RecordOptions = {}): Outcome {
    if (!isRecord(record)) return this.#done(outcome('unknown', '', 'malformed', 'not a JSON object'));
    return this.#done(this.#mapRecord(record, this.#emitTo(rows), options));
  }

  /** @param text one line or element of a log that is not JSON: an audit record, or a Windows event as XML */
  mapText(text: string, rows: MappedRow[], options: RecordOptions = {}): Outcome {
    const emit = this.#emitTo(rows);
    const start = text.trimStart();
    if (start.startsWith('<')) {
      const event = readEventXml(start);
      return this.#done(
        event
          ? mapWindowsEvent(event, this.processes, emit)
          : outcome('windows-xml', '', 'malformed', 'not a well-formed event'),
      );
    }
    return this.#done(
      this.#mapAuditLine(text, options.host, emit) ?? outcome('unknown', '', 'malformed', 'no known form'),
    );
  }

  mapWindows(event: WindowsEvent, rows: MappedRow[]): Outcome {
    return this.#done(mapWindowsEvent(event, this.processes, this.#emitTo(rows)));
  }

  /** A record that whoever calls could not even read. */
  unreadable(problem: string): Outcome {
    return this.#done(outcome('unknown', '', 'malformed', problem));
  }

  /** Nothing more comes for now: audit events are mapped as far as they came, each as a record of its own. */
  finish(rows: MappedRow[]): Outcome[] {
    const outcomes = this.#joiner
      .flush()
      .map((event) => this.#done(this.#mapAudit(event, this.#emitTo(rows))));
    this.#record = 0;
    return outcomes;
  }

  #mapRecord(record: Fields, emit: Emit, options: RecordOptions): Outcome {
    const event = readCarried(record);
    if (event) return mapWindowsEvent(named(event, options), this.processes, emit);
    const found = falcoEvent(record) ?? tetragonEvent(record);
    if (found) return mapEvent({ ...found, host: found.host ?? options.host }, this.processes, emit);
    const osquery = osqueryResult(record);
    if (osquery) return this.#mapOsquery(osquery, emit);
    const laurel = this.#mapLaurel(record, emit, options);
    if (laurel) return laurel;
    const carried = this.#mapCarriedText(record, emit, options);
    if (carried) return carried;
    const ecs = ecsEvent(record);
    if (ecs) return mapEvent({ ...ecs, host: ecs.host ?? options.host }, this.processes, emit);
    return outcome('unknown', '', 'malformed', 'no known form');
  }

  #mapOsquery(result: OsqueryResult, emit: Emit): Outcome {
    const table = osqueryTable(result.name);
    if (table === null) return outcome('osquery', '', 'left', 'no mapping for this query');
    if (result.removed) return outcome('osquery', table, 'left', 'a row that went away');
    let last = outcome('osquery', table, 'left', 'no rows');
    for (const fields of result.rows) {
      const one = table.startsWith('windows_event')
        ? this.#mapWindowsRow(result, fields, emit)
        : mapEvent(osqueryEvent(result, table, fields), this.processes, emit);
      // Of several rows the record counts as what is best of them.
      if (last.fate !== 'row') last = one;
    }
    return last;
  }

  /** `windows_events`: channel, event id, and the fields as JSON text. */
  #mapWindowsRow(result: OsqueryResult, row: Fields, emit: Emit): Outcome {
    let data: unknown;
    try {
      data = JSON.parse(String(row.data ?? '{}'));
    } catch {
      return outcome('osquery', 'windows_events', 'malformed', 'data is not JSON');
    }
    const inner = isRecord(data) && isRecord(data.EventData) ? data.EventData : data;
    const event: WindowsEvent = {
      provider: String(row.provider_name ?? ''),
      channel: String(row.source ?? row.channel ?? ''),
      eventId: Number(row.eventid),
      computer: String(row.computer_name ?? result.host ?? ''),
      time: moment(row.datetime) ?? result.time,
      recordId: null,
      data: isRecord(inner) ? inner : {},
      writer: { process: undefined, user: undefined },
      inserts: null,
      message: null,
    };
    return mapWindowsEvent(event, this.processes, emit);
  }

  #mapLaurel(record: Fields, emit: Emit, { host }: RecordOptions): Outcome | null {
    const id = record.ID;
    if (typeof id !== 'string' || !/^\d{1,12}\.\d{1,9}:\d{1,20}$/.test(id)) return null;
    const found = fieldsOfLaurel(record);
    if (!found) return outcome(auditd.name, '', 'malformed', 'no record says what happened');
    const { kind, fields } = found;
    return mapEvent(
      {
        source: auditd,
        eventId: kind,
        host: record.NODE ?? hostBeside(record) ?? host,
        time: timeOf(id),
        fields,
        key: `audit ${id}`,
      },
      this.processes,
      emit,
    );
  }

  /** A line that a shipper has put into a field of its own. */
  #mapCarriedText(record: Fields, emit: Emit, { host }: RecordOptions): Outcome | null {
    for (const name of ['message', 'MESSAGE', 'log', 'msg', 'raw', 'SyslogMessage'] as const) {
      const line = record[name];
      if (typeof line !== 'string') continue;
      const audit = this.#mapAuditLine(line, hostBeside(record) ?? host, emit);
      if (audit) return audit;
      if (!line.startsWith('{')) continue;
      const inner = parsed(line);
      // Once: a record that carries itself must not be followed down.
      if (isRecord(inner) && inner[name] === undefined)
        return this.#mapRecord(inner, emit, { host: hostBeside(record) ?? host });
    }
    return null;
  }

  #mapAuditLine(line: string, host: string | undefined, emit: Emit): Outcome | null {
    const record = readAuditLine(line);
    if (!record) return null;
    const own = record.node === null && host !== undefined ? { ...record, node: host } : record;
    let last: Outcome | null = null;
    for (const event of this.#joiner.add(own)) {
      const of = this.#mapAudit(event, emit);
      if (event.id === record.id) last = of;
    }
    return last ?? outcome(auditd.name, record.type, 'joined', 'waits for the rest of its event');
  }

  #mapAudit(event: AuditEvent, emit: Emit): Outcome {
    const found = fieldsOfEvent(event);
    if (!found)
      return outcome(
        auditd.name,
        event.records[0]?.type ?? '',
        'left',
        'came apart from the rest of its event',
      );
    const { kind, fields } = found;
    return mapEvent(
      {
        source: auditd,
        eventId: kind,
        host: event.node,
        time: timeOf(event.id),
        fields,
        key: `audit ${event.id} ${kind}`,
      },
      this.processes,
      emit,
    );
  }

  #emitTo(rows: MappedRow[]): Emit {
    const record = this.#record;
    return (row) => void rows.push({ ...row, record });
  }

  #done(of: Outcome): Outcome {
    this.#record += 1;
    return of;
  }
}

function timeOf(id: string): string | null {
  return moment(Number(id.split(':', 1)[0]));
}

/** Where shippers put the host of a line. */
function hostBeside(record: Fields): string | undefined {
  const { host } = record;
  const candidates = isRecord(host)
    ? [host.hostname, host.name]
    : [host, record.hostname, record.HostName, record.Computer, record._HOSTNAME];
  return candidates.find((one) => typeof one === 'string' && one !== '') as string | undefined;
}

function named(event: WindowsEvent, { host }: RecordOptions): WindowsEvent {
  return event.computer === '' && host !== undefined ? { ...event, computer: host } : event;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
