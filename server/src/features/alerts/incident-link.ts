/** Whether two alerts tell of one story, and why. Pure. */
import { isIP } from 'node:net';
import type { AlertEvidence } from '@merlon/contract';
import { isSameEverywhere } from '../../outbound/address-ranges.ts';

/** From the strongest on. `ManualAssociation` is only ever a person's word. */
export const linkReasons = [
  'ManualAssociation',
  'ProcessLineage',
  'SameFile',
  'SameUrl',
  'SameIp',
  'SameUser',
  'ProximateTime',
] as const;
export type LinkReason = (typeof linkReasons)[number];

/** Reasons that make one story of two incidents; the others only choose the incident of a new alert. */
const JOINING: ReadonlySet<LinkReason> = new Set(['ProcessLineage', 'SameFile', 'SameUrl']);

const HOUR_MS = 3_600_000;
/** How far apart in time the events of two alerts may be. Within the window of proximity, being on the same device is enough. */
const WINDOWS: Readonly<Record<Exclude<LinkReason, 'ManualAssociation'>, number>> = {
  ProcessLineage: 7 * 24 * HOUR_MS,
  SameFile: 24 * HOUR_MS,
  SameUrl: 24 * HOUR_MS,
  SameIp: 24 * HOUR_MS,
  SameUser: 2 * HOUR_MS,
  ProximateTime: HOUR_MS,
};
export const WIDEST_WINDOW_MS = Math.max(...Object.values(WINDOWS));

/** Accounts that everybody's work runs under: to share one says nothing. */
const SHARED_ACCOUNTS: ReadonlySet<string> = new Set([
  'system',
  'root',
  'local service',
  'network service',
  'anonymous logon',
  'nobody',
]);

/** What an alert can be linked by. */
export interface LinkFacts {
  readonly alertId: string;
  readonly incident: number;
  readonly deviceId: string;
  /** Milliseconds of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** Processes of the evidence and their parents: process id and start, on the alert's device. */
  readonly processes: ReadonlySet<string>;
  /** SHA-1 of files that are evidence themselves; not of the images of processes, which whole fleets share. */
  readonly files: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
}

export interface Link {
  readonly reason: LinkReason;
  /** The alert it is linked to. */
  readonly alertId: string;
  readonly incident: number;
}

export function linkFacts(
  alert: Pick<LinkFacts, 'alertId' | 'incident' | 'deviceId' | 'first' | 'last'>,
  evidence: readonly AlertEvidence[],
): LinkFacts {
  const processes = new Set<string>();
  const files = new Set<string>();
  const hosts = new Set<string>();
  const addresses = new Set<string>();
  const accounts = new Set<string>();
  for (const e of evidence) {
    if (e.entityType === 'Process') {
      addProcess(processes, e.processId, e.processCreationTime);
      addProcess(processes, e.parentProcessId, e.parentProcessCreationTime);
    }
    if (e.entityType === 'File' && e.sha1) files.add(e.sha1.toLowerCase());
    if (e.entityType === 'Url' && e.url) addHost(hosts, e.url);
    if (e.entityType === 'Ip' && e.ipAddress && isSameEverywhere(e.ipAddress))
      addresses.add(e.ipAddress.toLowerCase());
    if (e.entityType === 'User' && e.accountName) addAccount(accounts, e.domainName, e.accountName);
  }
  return { ...alert, processes, files, hosts, addresses, accounts };
}

function addProcess(processes: Set<string>, id: number | null, start: string | null): void {
  if (id !== null && start !== null) processes.add(`${id} ${start}`);
}

/** Hosts that are addresses are compared as addresses only where they are evidence of that kind. */
function addHost(hosts: Set<string>, url: string): void {
  const host = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/?#@]*@)?([^/?#:[\]]+)/i.exec(url)?.[1]?.toLowerCase();
  if (host !== undefined && host !== 'localhost' && isIP(host) === 0) hosts.add(host);
}

function addAccount(accounts: Set<string>, domain: string | null, name: string): void {
  const account = name.toLowerCase();
  if (SHARED_ACCOUNTS.has(account) || account.endsWith('$')) return;
  accounts.add(`${(domain ?? '').toLowerCase()}\\${account}`);
}

/** Why the two belong together: the strongest reason, or none. */
export function linkBetween(one: LinkFacts, other: LinkFacts): LinkReason | null {
  const apart = Math.max(0, one.first - other.last, other.first - one.last);
  const sameDevice = one.deviceId === other.deviceId;
  const holds: Readonly<Record<keyof typeof WINDOWS, boolean>> = {
    ProcessLineage: sameDevice && share(one.processes, other.processes),
    SameFile: share(one.files, other.files),
    SameUrl: share(one.hosts, other.hosts),
    SameIp: share(one.addresses, other.addresses),
    SameUser: share(one.accounts, other.accounts),
    ProximateTime: sameDevice,
  };
  return (
    linkReasons.find(
      (reason) => reason !== 'ManualAssociation' && holds[reason] && apart <= WINDOWS[reason],
    ) ?? null
  );
}

function share(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [small, large] = one.size <= other.size ? [one, other] : [other, one];
  for (const value of small) if (large.has(value)) return true;
  return false;
}

/**
 * The links of an alert to others, from the strongest on: at most one to each incident. Of equal reasons the alert nearest in time, then the older incident.
 */
export function linksOf(alert: LinkFacts, others: readonly LinkFacts[]): Link[] {
  const found = others.flatMap((other) => {
    const reason = linkBetween(alert, other);
    const apart = Math.max(0, alert.first - other.last, other.first - alert.last);
    return reason === null ? [] : [{ reason, alertId: other.alertId, incident: other.incident, apart }];
  });
  found.sort(
    (a, b) =>
      linkReasons.indexOf(a.reason) - linkReasons.indexOf(b.reason) ||
      a.apart - b.apart ||
      a.incident - b.incident ||
      (a.alertId < b.alertId ? -1 : 1),
  );
  const incidents = new Set<number>();
  return found.flatMap(({ apart: _, ...link }) => {
    if (incidents.has(link.incident)) return [];
    incidents.add(link.incident);
    return [link];
  });
}

/**
 * Where an alert with these links goes, and which incidents become one with it, into the oldest of them. `own`: the incident it is in already, which only a
 * joining reason takes it from. Null: nowhere but where it is, or to an incident of its own.
 */
export function placeOf(
  links: readonly Link[],
  own: number | null,
): { readonly into: number; readonly absorbed: readonly number[] } | null {
  const [strongest] = links;
  if (strongest === undefined) return null;
  const joined = links.filter(({ reason }) => JOINING.has(reason)).map(({ incident }) => incident);
  if (joined.length === 0) return own === null ? { into: strongest.incident, absorbed: [] } : null;
  const together = own === null ? joined : [own, ...joined];
  const into = Math.min(...together);
  return { into, absorbed: together.filter((incident) => incident !== into) };
}
