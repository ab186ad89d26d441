/** What events tell of the entities of alerts: what their processes started, wrote and reached, and what antivirus said of their files. One bounded query a kind. */
import { randomUUID } from 'node:crypto';
import { huntingTable } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import type { AlertEventRef } from '../alerts/index.ts';
import { type Entity, NOTHING } from './entity.ts';

const LIMITS = {
  maxSeconds: 5,
  maxRows: 500,
  maxBytes: 8 * 1024 * 1024,
  maxMemoryBytes: 256 * 1024 * 1024,
};
const MAX_RELATED = 200;
const MAX_KEYS = 200;
const AROUND_MS = 3_600_000;
const DETECTIONS_MS = 30 * 86_400_000;

export interface GatherScope {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly from: Date;
  readonly to: Date;
}

/** Entities that processes of these files started, wrote and reached on the device, within an hour of the alerts. */
export async function related(
  events: Pick<EventStore, 'query'>,
  scope: GatherScope,
  entities: readonly Entity[],
): Promise<Entity[]> {
  const started = await rows(events, scope, 'DeviceProcessEvents', FILE_COLUMNS, actors(entities));
  const children = started.map((row) => ({
    ...fileOf(row),
    kind: 'Process' as const,
    processId: Number(row[4]) || null,
  }));
  const all = actors([...entities, ...children]);
  const [written, reached] = await Promise.all([
    rows(events, scope, 'DeviceFileEvents', FILE_COLUMNS.slice(0, 4), all),
    rows(events, scope, 'DeviceNetworkEvents', ['RemoteIP', 'RemoteUrl'], all),
  ]);
  return [
    ...children,
    ...written.map(fileOf).filter(({ sha1, sha256 }) => sha1 !== null || sha256 !== null),
    ...reached.flatMap(([ip, url]): Entity[] => [
      ...(ip ? [{ ...NOTHING, kind: 'Ip' as const, ipAddress: String(ip) }] : []),
      ...(url ? [{ ...NOTHING, kind: 'Url' as const, url: String(url) }] : []),
    ]),
  ];
}

/** What antivirus and enforcement said of a file. */
export interface Detection {
  /** Null: only an indicator spoke, of which its own rule says more. */
  readonly threat: string | null;
  /** The device of the scope has put it away. */
  readonly putAway: boolean;
}

/** Hash, in lower case -> what any device of the tenant detected in that file. */
export async function detectionsOf(
  events: Pick<EventStore, 'query'>,
  { tenantId, deviceId }: Pick<GatherScope, 'tenantId' | 'deviceId'>,
  hashes: readonly string[],
  now: Date,
): Promise<Map<string, Detection>> {
  const found = new Map<string, Detection>();
  if (hashes.length === 0) return found;
  // Agents send the object as text, which is kept as JSON of a text.
  const fields = `if(startsWith(AdditionalFields, '"'), JSONExtractString(AdditionalFields), AdditionalFields)`;
  const field = (name: string) => `JSONExtractString(${fields}, '${name}')`;
  const { rows } = await events.query({
    sql: `SELECT lower(SHA1), lower(SHA256), ${field('ThreatName')},
        ${field('ReportSource')} IN ('Execution guard', 'Remediation'), DeviceId = {device:String} AND ${field('Action')} = 'Quarantine'
      FROM DeviceEvents
      WHERE TenantId = {tenant:UUID} AND Timestamp >= toDateTime64({from:String}, 7, 'UTC') AND ActionType = 'AntivirusDetection'
      AND (lower(SHA1) IN {hashes:Array(String)} OR lower(SHA256) IN {hashes:Array(String)})
      ORDER BY Timestamp DESC LIMIT ${LIMITS.maxRows}`,
    parameters: {
      tenant: tenantId,
      device: deviceId,
      hashes,
      from: instant(new Date(now.getTime() - DETECTIONS_MS)),
    },
    queryId: `investigation-${randomUUID()}`,
    ...LIMITS,
  });
  for (const [sha1, sha256, name, byIndicator, quarantined] of rows) {
    const threat = byIndicator ? null : String(name || 'an unnamed threat');
    for (const hash of [sha1, sha256]) {
      if (!hash) continue;
      const known = found.get(String(hash));
      found.set(String(hash), {
        threat: known?.threat ?? threat,
        putAway: (known?.putAway ?? false) || Boolean(quarantined),
      });
    }
  }
  return found;
}

/** Whether these events of the device can be read yet: an alert may be there before its events are. */
export async function areReadable(
  events: Pick<EventStore, 'query'>,
  { tenantId, deviceId }: Pick<GatherScope, 'tenantId' | 'deviceId'>,
  wanted: readonly AlertEventRef[],
): Promise<boolean> {
  for (const table of new Set(wanted.map((one) => one.table))) {
    if (!huntingTable(table)) continue;
    const of = wanted.filter((one) => one.table === table);
    const times = of.map(({ timestamp }) => new Date(timestamp).getTime());
    const ids = new Set(of.map(({ reportId }) => reportId));
    const { rows } = await events.query({
      // The table's name is the contract's own.
      sql: `SELECT uniqExact(ReportId) FROM ${table} WHERE TenantId = {tenant:UUID} AND DeviceId = {device:String}
        AND Timestamp BETWEEN toDateTime64({from:String}, 7, 'UTC') AND toDateTime64({to:String}, 7, 'UTC')
        AND ReportId IN {ids:Array(Int64)}`,
      parameters: {
        tenant: tenantId,
        device: deviceId,
        from: instant(new Date(Math.min(...times) - 1_000)),
        to: instant(new Date(Math.max(...times) + 1_000)),
        ids: [...ids],
      },
      queryId: `investigation-${randomUUID()}`,
      ...LIMITS,
    });
    if (Number(rows[0]?.[0] ?? 0) < ids.size) return false;
  }
  return true;
}

const FILE_COLUMNS = ['SHA1', 'SHA256', 'FileName', 'FolderPath', 'ProcessId'];

interface Actors {
  readonly hashes: readonly string[];
  readonly pids: readonly number[];
}

/** By number only where nothing is told of the file: numbers are given again. */
function actors(entities: readonly Entity[]): Actors {
  const hashes = entities.flatMap(({ sha1, sha256 }) =>
    [sha1, sha256].filter((hash): hash is string => hash !== null),
  );
  const pids = entities.flatMap(({ processId, sha1, sha256 }) =>
    processId !== null && sha1 === null && sha256 === null ? [processId] : [],
  );
  return {
    hashes: [...new Set(hashes)].slice(0, MAX_KEYS),
    pids: [...new Set(pids)].slice(0, MAX_KEYS),
  };
}

async function rows(
  events: Pick<EventStore, 'query'>,
  { tenantId, deviceId, from, to }: GatherScope,
  table: string,
  columns: readonly string[],
  { hashes, pids }: Actors,
): Promise<readonly (readonly unknown[])[]> {
  if (hashes.length === 0 && pids.length === 0) return [];
  const result = await events.query({
    // The names are our own.
    sql: `SELECT ${columns.join(', ')} FROM ${table}
      WHERE TenantId = {tenant:UUID} AND DeviceId = {device:String}
      AND Timestamp BETWEEN toDateTime64({from:String}, 7, 'UTC') AND toDateTime64({to:String}, 7, 'UTC')
      AND (lower(InitiatingProcessSHA256) IN {hashes:Array(String)} OR lower(InitiatingProcessSHA1) IN {hashes:Array(String)}
        OR InitiatingProcessId IN {pids:Array(Int64)})
      ORDER BY Timestamp LIMIT ${MAX_RELATED}`,
    parameters: {
      tenant: tenantId,
      device: deviceId,
      from: instant(new Date(from.getTime() - AROUND_MS)),
      to: instant(new Date(to.getTime() + AROUND_MS)),
      hashes,
      pids,
    },
    queryId: `investigation-${randomUUID()}`,
    ...LIMITS,
  });
  return result.rows;
}

function fileOf([sha1, sha256, name, path]: readonly unknown[]): Entity {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  const whole = text(path);
  const fileName = text(name);
  const cut = whole === null ? -1 : Math.max(whole.lastIndexOf('/'), whole.lastIndexOf('\\'));
  const ends = whole !== null && whole.slice(cut + 1).toLowerCase() === fileName?.toLowerCase();
  const folder = whole === null ? null : ends ? whole.slice(0, cut) || '/' : whole;
  return {
    ...NOTHING,
    kind: 'File',
    sha1: text(sha1)?.toLowerCase() ?? null,
    sha256: text(sha256)?.toLowerCase() ?? null,
    fileName,
    folders: folder === null ? [] : [folder],
  };
}

/** As ClickHouse reads it. */
function instant(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('Z', '');
}
