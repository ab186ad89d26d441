/**
 * One request of a collector, in two steps, because between them the server has to decide which of its hosts the collector may speak for: first records become
 * rows, host by host; then the rows of the hosts that it may speak for become records of the event log. Synchronous; runs in a worker.
 */
import { createHash } from 'node:crypto';
import { BATCH_LIMITS } from '@merlon/contract';
import {
  type EvtxFile,
  type MappedRow,
  type Outcome,
  readEvtx,
  type TelemetryMapper,
} from '@merlon/telemetry';
import { type BatchHeader, encodeBatchRecord, shapeRows } from '../ingest/index.ts';
import {
  type BodyFormat,
  type BodyRefusal,
  type BulkAction,
  bodyRecords,
  COLLECT_LIMITS,
  plainBody,
  TOO_MANY,
} from './read-body.ts';
import { type RecentReports, reportIdOf } from './recent-reports.ts';

export interface CollectRequest {
  readonly body: Uint8Array;
  readonly encoding: 'gzip' | 'identity';
  readonly format: BodyFormat;
  /** Host of records that name none. */
  readonly host: string | null;
}

export interface HostSeen {
  /** As it calls itself. */
  readonly name: string;
  readonly osPlatform: string;
}

/** Null stamp: the collector may not speak for it, and why. */
export interface HostDecision {
  readonly name: string;
  readonly stamp: BatchHeader | null;
  readonly reason: string;
  /** It is new: a row of DeviceInfo tells so, and by whom it was found. */
  readonly introducedBy: string | null;
}

export interface LogRecord {
  readonly deviceId: string;
  readonly epoch: string;
  readonly seq: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export type ItemFate = 'row' | 'left' | 'joined' | 'malformed' | 'quarantined';

export interface CountedOutcome {
  readonly source: string;
  readonly eventId: string;
  readonly fate: ItemFate;
  readonly reason: string;
  readonly events: number;
  readonly lastHost: string | null;
}

export interface Collected {
  readonly records: readonly LogRecord[];
  readonly counted: readonly CountedOutcome[];
  /** Of the bulk protocol: the items of the answer, in order. */
  readonly items: readonly BulkItem[];
  readonly summary: { readonly accepted: number; readonly left: number; readonly rejected: number };
}

export interface BulkItem {
  readonly action: BulkAction;
  readonly fate: ItemFate;
  readonly reason: string;
}

interface Item {
  source: string;
  eventId: string;
  fate: ItemFate;
  reason: string;
  host: string | null;
  readonly action: BulkAction | null;
}

const TOLD_BEFORE = 'told before';
const LINUX = new Set(['auditd', 'falco', 'tetragon']);

export class CollectBatch {
  readonly #items: Item[] = [];
  /** By host in lower case: its rows, and which record each is of. */
  readonly #hosts = new Map<
    string,
    { name: string; osPlatform: string; rows: MappedRow[]; reportIds: number[] }
  >();
  readonly #recent: RecentReports;
  #taken: { host: string; reportIds: readonly number[] }[] = [];

  private constructor(recent: RecentReports) {
    this.#recent = recent;
  }

  static map(
    request: CollectRequest,
    mapper: TelemetryMapper,
    recent: RecentReports,
  ): CollectBatch | BodyRefusal {
    const plain = plainBody(request.body, request.encoding);
    if ('code' in plain) return plain;
    if (plain.length > COLLECT_LIMITS.plainBytes)
      return {
        code: 'PayloadTooLarge',
        message: `The body is larger than ${COLLECT_LIMITS.plainBytes} bytes.`,
      };
    const batch = new CollectBatch(recent);
    const evtx = readEvtx(plain);
    const fits = evtx ? batch.#mapFile(evtx, mapper) : batch.#mapRecords(plain, request, mapper);
    // What the mapper still holds of this request goes with it.
    batch.#finish(mapper);
    return fits ? batch : TOO_MANY;
  }

  get hosts(): readonly HostSeen[] {
    return [...this.#hosts.values()].map(({ name, osPlatform }) => ({ name, osPlatform }));
  }

  /** False: there are more than one request may hold. */
  #mapRecords(
    plain: Buffer,
    { format, host: defaultHost }: CollectRequest,
    mapper: TelemetryMapper,
  ): boolean {
    for (const { value, text, action, host } of bodyRecords(plain, format)) {
      if (this.#items.length >= COLLECT_LIMITS.records) return false;
      const rows: MappedRow[] = [];
      const options = { host: host ?? defaultHost ?? undefined };
      const of: Outcome =
        'problem' in value
          ? mapper.unreadable(value.problem)
          : 'json' in value
            ? mapper.mapJson(value.json, rows, options)
            : mapper.mapText(value.text, rows, options);
      this.#take(of, rows, action ?? null, action?.id ?? text);
    }
    return true;
  }

  #mapFile(file: EvtxFile, mapper: TelemetryMapper): boolean {
    for (const event of file.events()) {
      if (this.#items.length >= COLLECT_LIMITS.fileRecords) return false;
      const rows: MappedRow[] = [];
      const of = typeof event === 'string' ? mapper.unreadable(event) : mapper.mapWindows(event, rows);
      this.#take(of, rows, null, '');
    }
    return true;
  }

  /** Events whose last record did not come are of no item of their own; they are counted all the same. */
  #finish(mapper: TelemetryMapper): void {
    const rows: MappedRow[] = [];
    for (const of of mapper.finish(rows)) this.#take(of, [], null, '');
    for (const row of rows) this.#place(row, '');
  }

  #take(of: Outcome, rows: readonly MappedRow[], action: BulkAction | null, text: string): void {
    const { source, eventId, fate, reason } = of;
    this.#items.push({ source, eventId, fate, reason, host: null, action });
    for (const row of rows) this.#place(row, text);
  }

  /** @param text what the record was sent as, or the id the client gave it */
  #place(row: MappedRow, text: string): void {
    const key = row.host.toLowerCase();
    let host = this.#hosts.get(key);
    const item = this.#items[row.record];
    if (!host) {
      const source = item?.source ?? '';
      const osPlatform =
        LINUX.has(source) || String(row.row.FolderPath ?? '').startsWith('/') ? 'Linux' : 'Windows';
      host = { name: row.host, osPlatform, rows: [], reportIds: [] };
      this.#hosts.set(key, host);
    }
    if (item) item.host = row.host;
    // What its source numbers has the same id whenever it comes; of other events the text and the place in this request make one.
    const reportId = reportIdOf(row.key ?? `${text}\n${host.rows.length}`);
    if (
      row.key !== null &&
      (this.#recent.has(key, reportId) || host.reportIds.includes(reportId, host.reportIds.length - NEAR))
    ) {
      if (item) [item.fate, item.reason] = ['left', TOLD_BEFORE];
      return;
    }
    host.rows.push(row);
    host.reportIds.push(reportId);
  }

  /** @param decisions one for each of `hosts` */
  shape(decisions: readonly HostDecision[], retentionDays: number): Collected {
    const records: LogRecord[] = [];
    for (const decision of decisions) {
      const host = this.#hosts.get(decision.name.toLowerCase());
      if (!host) continue;
      if (decision.stamp === null)
        for (const { record } of host.rows) this.#fail(record, 'quarantined', decision.reason);
      else records.push(...this.#hostRecords(host, decision, decision.stamp, retentionDays));
    }
    const counted = new Map<string, CountedOutcome>();
    const summary = { accepted: 0, left: 0, rejected: 0 };
    for (const { source, eventId, fate, reason, host } of this.#items) {
      const key = `${source}\n${eventId}\n${fate}\n${reason}`;
      const before = counted.get(key);
      counted.set(key, {
        source,
        eventId,
        fate,
        reason,
        events: (before?.events ?? 0) + 1,
        lastHost: host ?? before?.lastHost ?? null,
      });
      if (fate === 'row') summary.accepted += 1;
      else if (fate === 'left' || fate === 'joined') summary.left += 1;
      else summary.rejected += 1;
    }
    const items = this.#items.flatMap(({ action, fate, reason }) =>
      action === null ? [] : [{ action, fate, reason }],
    );
    return { records, counted: [...counted.values()], items, summary };
  }

  /** The log has it: what comes again from now on is known. */
  kept(): void {
    for (const { host, reportIds } of this.#taken) this.#recent.add(host, reportIds);
    this.#taken = [];
  }

  #hostRecords(
    host: {
      readonly name: string;
      readonly rows: readonly MappedRow[];
      readonly reportIds: readonly number[];
      readonly osPlatform: string;
    },
    { introducedBy }: HostDecision,
    stamp: BatchHeader,
    retentionDays: number,
  ): LogRecord[] {
    const records: LogRecord[] = [];
    const taken: number[] = [];
    const digest = createHash('sha256');
    for (const id of host.reportIds) digest.update(`${id}\n`);
    // The same events sent again are the same batch of the log, whatever happened to the answer.
    const epoch = digest.digest('hex').slice(0, 16);
    for (let at = 0; at < host.rows.length; at += BATCH_LIMITS.rows) {
      const some = host.rows.slice(at, at + BATCH_LIMITS.rows);
      const rows = some.map(({ table, row }, i) => {
        row.ReportId = host.reportIds[at + i];
        return { table, row };
      });
      if (at === 0 && introducedBy !== null)
        rows.push({ table: 'DeviceInfo' as const, row: introduction(host, introducedBy, stamp) } as never);
      const { sections, problems } = shapeRows(rows, stamp, retentionDays);
      for (const [index, row] of some.entries()) {
        const problem = problems.get(index);
        const id = host.reportIds[at + index];
        if (problem !== undefined) this.#fail(row.record, 'quarantined', problem);
        else if (id !== undefined && row.key !== null) taken.push(id);
      }
      if (sections.length === 0) continue;
      records.push({
        deviceId: stamp.deviceId,
        epoch,
        seq: records.length + 1,
        payload: encodeBatchRecord(stamp, sections),
      });
    }
    this.#taken.push({ host: host.name.toLowerCase(), reportIds: taken });
    return records;
  }

  #fail(record: number, fate: ItemFate, reason: string): void {
    const item = this.#items[record];
    if (item) [item.fate, item.reason] = [fate, reason];
  }
}

/** How far back within one request the same event is looked for; shippers repeat, if at all, at once. */
const NEAR = 64;

function introduction(
  host: { name: string; osPlatform: string },
  by: string,
  { receivedAt }: BatchHeader,
): Record<string, unknown> {
  return {
    Timestamp: receivedAt,
    ReportId: reportIdOf(`introduced ${receivedAt}`),
    OSPlatform: host.osPlatform,
    OnboardingStatus: 'Can be onboarded',
    DeviceCategory: 'Endpoint',
    DiscoverySources: JSON.stringify([{ Source: `Collector ${by}`, FirstSeen: receivedAt }]),
    SensorHealthState: 'Unknown',
  };
}
