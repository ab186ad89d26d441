/**
 * Looks for new indicators in events of the past: one bounded query a table for all that came together. What it finds is raised as what is found in
 * events that arrive, with the times of the events.
 */
import { randomUUID } from 'node:crypto';
import { DEVICE_TABLES, huntingTable, isoToMs } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import type { Logger } from '../../telemetry/log.ts';
import type { AlertCandidate, Alerts } from '../alerts/index.ts';
import { type HuntedIndicator, type Indicators, IndicatorWatch } from '../indicators/index.ts';
import { candidateOfIndicator } from './indicator-finding.ts';
import { Lineage } from './lineage.ts';
import { type Row, textOf } from './row-processes.ts';

const MAX_ROWS = 5_000;
const LIMITS = {
  maxSeconds: 60,
  maxRows: MAX_ROWS,
  maxBytes: 64 * 1024 * 1024,
  maxMemoryBytes: 512 * 1024 * 1024,
};
/** Of one value on one device. */
const ROWS_EACH = 3;
const MAX_EVIDENCE = 200;
const PER_HUNT = 500;

export interface RetroHuntDeps {
  readonly events: Pick<EventStore, 'query'>;
  readonly indicators: Pick<Indicators, 'watched' | 'huntingTenants' | 'hunt'>;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Name of the group of a device now; '' for none. */
  groupOf(tenantId: string, deviceId: string): Promise<string>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Looks for all that wait for it, of all tenants. */
export async function huntAll(deps: RetroHuntDeps): Promise<void> {
  for (const tenantId of await deps.indicators.huntingTenants()) {
    for (let count = PER_HUNT; count === PER_HUNT && !deps.signal.aborted; )
      count = await deps.indicators.hunt(tenantId, PER_HUNT, (hunted) => hunt(deps, tenantId, hunted));
  }
}

async function hunt(
  deps: RetroHuntDeps,
  tenantId: string,
  hunted: readonly HuntedIndicator[],
): Promise<void> {
  const wanted = new Map(hunted.map((indicator) => [indicator.id, indicator.from.getTime()]));
  // All of them: what is allowed, or more exact, rules here too.
  const watch = new IndicatorWatch(await deps.indicators.watched(tenantId));
  const found = new Map<string, AlertCandidate>();
  for (const table of DEVICE_TABLES) {
    const rows = await rowsWith(deps, tenantId, table, hunted);
    if (rows.length >= MAX_ROWS)
      deps.log.warn(
        { tenantId, table, rows: rows.length },
        'indicators are in more past events than are looked at',
      );
    for (const row of rows) {
      const at = isoToMs(textOf(row, 'Timestamp') ?? '');
      const origin = {
        tenantId,
        deviceId: textOf(row, 'DeviceId') ?? '',
        deviceName: textOf(row, 'DeviceName') ?? '',
      };
      const group = await deps.groupOf(tenantId, origin.deviceId);
      for (const indicator of watch.match(row, group, at)) {
        const from = wanted.get(indicator.id);
        if (from === undefined || at < from) continue;
        const candidate = candidateOfIndicator(indicator, table, row, origin, new Lineage());
        const known = found.get(candidate.dedupKey);
        found.set(candidate.dedupKey, known ? joined(known, candidate) : candidate);
      }
    }
  }
  for (const candidate of found.values())
    await deps.alerts.raise(candidate, { windowMs: Number.POSITIVE_INFINITY });
  deps.log.info(
    { tenantId, indicators: hunted.length, found: found.size },
    'past events were looked through',
  );
}

function joined(into: AlertCandidate, more: AlertCandidate): AlertCandidate {
  // ISO times sort as text.
  const times = [into.firstEventTime, into.lastEventTime, more.firstEventTime, more.lastEventTime].sort();
  return {
    ...into,
    firstEventTime: times[0] ?? into.firstEventTime,
    lastEventTime: times.at(-1) ?? into.lastEventTime,
    events: [...into.events, ...more.events],
    evidence: [...into.evidence, ...more.evidence].slice(0, MAX_EVIDENCE),
  };
}

/** Column -> SQL of what of it is compared, by the kind of value. */
const HASH_COLUMNS = [
  'SHA256',
  'SHA1',
  'MD5',
  'InitiatingProcessSHA256',
  'InitiatingProcessSHA1',
  'InitiatingProcessMD5',
  'SignerHash',
];
const ADDRESS_COLUMNS = ['RemoteIP', 'FileOriginIP'];
const URL_COLUMNS = ['RemoteUrl', 'FileOriginUrl'];

/** The newest events that hold one of the values, or a name at or below one of the hosts. The exact word is the watch's. */
async function rowsWith(
  deps: Pick<RetroHuntDeps, 'events' | 'signal'>,
  tenantId: string,
  table: string,
  hunted: readonly HuntedIndicator[],
): Promise<Row[]> {
  const columns = ['DeviceId', 'DeviceName', ...(huntingTable(table)?.columns ?? []).map(({ name }) => name)];
  const names = [...new Set(columns)];
  const has = (name: string) => names.includes(name);
  const { hashes, addresses, hosts } = valuesOf(hunted);
  const conditions: { readonly holds: string; readonly value: string }[] = [
    ...(hashes.length === 0 ? [] : HASH_COLUMNS.filter(has)).map((name) => ({
      holds: `lower(\`${name}\`) IN {hashes:Array(String)}`,
      value: `lower(\`${name}\`)`,
    })),
    ...(addresses.length === 0 ? [] : ADDRESS_COLUMNS.filter(has)).map((name) => ({
      holds: `\`${name}\` IN {addresses:Array(String)}`,
      value: `\`${name}\``,
    })),
    ...(hosts.length === 0 ? [] : URL_COLUMNS.filter(has)).map((name) => {
      const host = `lower(domain(\`${name}\`))`;
      return {
        holds: `\`${name}\` != '' AND hasAny(${namesAtAndAbove(host)}, {hosts:Array(String)})`,
        value: host,
      };
    }),
  ];
  if (conditions.length === 0 || !has('Timestamp')) return [];
  const from = new Date(Math.min(...hunted.map((indicator) => indicator.from.getTime())));
  const { rows } = await deps.events.query({
    // The names are the contract's own.
    sql: `SELECT ${names.map((name) => `\`${name}\``).join(', ')} FROM \`${table}\`
      WHERE TenantId = {tenant:UUID} AND Timestamp >= toDateTime64({from:String}, 7, 'UTC')
      AND (${conditions.map(({ holds }) => `(${holds})`).join(' OR ')})
      ORDER BY Timestamp DESC
      LIMIT ${ROWS_EACH} BY DeviceId, multiIf(${conditions.map(({ holds, value }) => `${holds}, ${value}`).join(', ')}, '')
      LIMIT ${MAX_ROWS}`,
    parameters: {
      tenant: tenantId,
      from: from.toISOString().replace('T', ' ').replace('Z', ''),
      ...(hashes.length === 0 ? {} : { hashes }),
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(hosts.length === 0 ? {} : { hosts }),
    },
    queryId: `indicators-${randomUUID()}`,
    signal: deps.signal,
    ...LIMITS,
  });
  return rows.map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])));
}

/** `a.b.c` -> a.b.c, b.c. */
function namesAtAndAbove(host: string): string {
  const labels = `splitByChar('.', ${host})`;
  return `arrayMap(at -> arrayStringConcat(arraySlice(${labels}, at), '.'), range(1, least(length(${labels}), 32) + 1))`;
}

function valuesOf(hunted: readonly HuntedIndicator[]) {
  const hashes: string[] = [];
  const addresses: string[] = [];
  const hosts: string[] = [];
  for (const { type, value } of hunted) {
    if (type === 'DomainName') hosts.push(value);
    else if (type === 'Url') hosts.push(new URL(value).hostname);
    else if (type === 'IpAddress') {
      addresses.push(value, ...(value.includes(':') ? [] : [`::ffff:${value}`]));
      hosts.push(value);
    } else hashes.push(value);
  }
  return { hashes, addresses, hosts };
}
