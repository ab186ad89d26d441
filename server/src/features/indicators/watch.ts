/**
 * Looks for the indicators of a tenant in events. Pure and without a store, so that it runs in a thread of its own: it is what other features may use there.
 */
import {
  type IndicatorAction,
  type IndicatorSeverity,
  type IndicatorType,
  rulingIndicator,
} from '@merlon/contract';
import { canonicalAddress, canonicalDomain, canonicalUrl } from './indicator-value.ts';

/** An indicator as it is looked for. */
export interface WatchedIndicator {
  readonly id: string;
  readonly type: IndicatorType;
  /** As it is compared. */
  readonly value: string;
  readonly action: IndicatorAction;
  readonly title: string;
  readonly description: string;
  readonly severity: IndicatorSeverity;
  readonly recommendedActions: string | null;
  /** Names of device groups; empty: all devices. */
  readonly groups: readonly string[];
  readonly generateAlert: boolean;
  /** Events from this moment on, in ms, are not its. Null: it never ceases. */
  readonly expiresAt: number | null;
}

type Row = Readonly<Record<string, unknown>>;

/** Columns that name one file each, by the type of indicator. */
const FILES: readonly (readonly (readonly [IndicatorType, string])[])[] = [
  [
    ['FileSha256', 'SHA256'],
    ['FileSha1', 'SHA1'],
    ['FileMd5', 'MD5'],
  ],
  [
    ['FileSha256', 'InitiatingProcessSHA256'],
    ['FileSha1', 'InitiatingProcessSHA1'],
    ['FileMd5', 'InitiatingProcessMD5'],
  ],
];
const SIGNERS = ['SignerHash'];
/** Columns that name one peer together, and those of where a file came from. */
const PEERS: readonly { readonly address: string; readonly url: string }[] = [
  { address: 'RemoteIP', url: 'RemoteUrl' },
  { address: 'FileOriginIP', url: 'FileOriginUrl' },
];
/** Members of AdditionalFields that hold the name a connection was inspected for. */
const INSPECTED = ['query', 'host', 'server_name'];
/** Longer names are none; it bounds the work of one row. */
const MAX_LABELS = 32;

export class IndicatorWatch {
  readonly #exact = new Map<IndicatorType, Map<string, WatchedIndicator>>();
  /** Host -> URLs below it. */
  readonly #urls = new Map<string, { readonly rest: string; readonly indicator: WatchedIndicator }[]>();

  constructor(indicators: readonly WatchedIndicator[]) {
    for (const indicator of indicators) {
      if (indicator.type === 'Url') {
        const { host, rest } = partsOf(indicator.value);
        const known = this.#urls.get(host) ?? [];
        known.push({ rest, indicator });
        this.#urls.set(host, known);
        continue;
      }
      const values = this.#exact.get(indicator.type) ?? new Map<string, WatchedIndicator>();
      this.#exact.set(indicator.type, values);
      values.set(indicator.value, indicator);
    }
  }

  /**
   * Those that rule over what the event is about, and raise alerts. What is allowed hides what else would match.
   * @param group name of the device's group; '' for none
   */
  match(row: Row, group: string, atMs: number): WatchedIndicator[] {
    return this.ruling(row, group, atMs).filter((one) => one.generateAlert && one.action !== 'Allowed');
  }

  /** All that rule over what the event is about, whatever they say. */
  ruling(row: Row, group: string, atMs: number): WatchedIndicator[] {
    const found = new Set<WatchedIndicator>();
    for (const matching of this.#subjects(row)) {
      if (matching.length === 0) continue;
      const ruling = rulingIndicator(matching.filter((one) => isFor(one, group, atMs)));
      if (ruling) found.add(ruling);
    }
    return [...found];
  }

  *#subjects(row: Row): Generator<WatchedIndicator[]> {
    for (const columns of FILES) {
      yield columns.flatMap(([type, column]) => this.#find(type, textOf(row, column)?.toLowerCase() ?? null));
    }
    const thumbprints = this.#exact.get('CertificateThumbprint');
    if (thumbprints)
      for (const column of SIGNERS)
        yield this.#find('CertificateThumbprint', textOf(row, column)?.toLowerCase() ?? null);
    if (!this.#exact.has('IpAddress') && !this.#exact.has('DomainName') && this.#urls.size === 0) return;
    for (const { address, url } of PEERS) {
      yield [...this.#ofAddress(textOf(row, address)), ...this.#ofUrl(textOf(row, url))];
    }
    for (const name of inspectedNames(row)) yield this.#ofUrl(name);
  }

  #find(type: IndicatorType, value: string | null): WatchedIndicator[] {
    const found = value === null ? undefined : this.#exact.get(type)?.get(value);
    return found ? [found] : [];
  }

  #ofAddress(text: string | null): WatchedIndicator[] {
    if (text === null || !this.#exact.has('IpAddress')) return [];
    return this.#find('IpAddress', canonicalAddress(text));
  }

  /** Of a URL or of a name alone. */
  #ofUrl(text: string | null): WatchedIndicator[] {
    if (text === null || (!this.#exact.has('DomainName') && this.#urls.size === 0)) return [];
    const url = canonicalUrl(text);
    if (url === null) return [];
    const { host, rest } = partsOf(url);
    const name = host.replace(/:\d+$/, '');
    const urls = (this.#urls.get(host) ?? []).filter((one) => isBelow(rest, one.rest));
    return [
      ...this.#ofName(name),
      ...this.#find('IpAddress', name),
      ...urls.map(({ indicator }) => indicator),
    ];
  }

  /** A domain stands for the names below it too. */
  #ofName(name: string): WatchedIndicator[] {
    const domains = this.#exact.get('DomainName');
    if (!domains) return [];
    const labels = name.split('.');
    const found: WatchedIndicator[] = [];
    for (let at = 0; at < Math.min(labels.length - 1, MAX_LABELS); at++) {
      const indicator = domains.get(labels.slice(at).join('.'));
      if (indicator) found.push(indicator);
    }
    return found;
  }
}

function isFor({ groups, expiresAt }: WatchedIndicator, group: string, atMs: number): boolean {
  if (expiresAt !== null && atMs >= expiresAt) return false;
  return groups.length === 0 || groups.some((name) => name.toLowerCase() === group.toLowerCase());
}

/** Host with its port, and path with query; whether it is http or https does not matter. */
function partsOf(canonical: string): { host: string; rest: string } {
  const begin = canonical.indexOf('//') + 2;
  const slash = canonical.indexOf('/', begin);
  return { host: canonical.slice(begin, slash), rest: canonical.slice(slash) };
}

/** `/a` stands for `/a/b` and `/a?c`, not for `/ab`. */
function isBelow(rest: string, indicated: string): boolean {
  if (!rest.startsWith(indicated)) return false;
  return (
    rest.length === indicated.length ||
    /[/?&=]$/.test(indicated) ||
    /^[/?&]/.test(rest.slice(indicated.length))
  );
}

function inspectedNames(row: Row): string[] {
  if (!textOf(row, 'ActionType')?.endsWith('ConnectionInspected')) return [];
  const fields = row.AdditionalFields;
  let read: unknown = fields;
  if (typeof fields === 'string') {
    try {
      read = JSON.parse(fields);
    } catch {
      return [];
    }
  }
  if (typeof read !== 'object' || read === null) return [];
  return INSPECTED.flatMap((name) => {
    const value = (read as Record<string, unknown>)[name];
    return typeof value === 'string' && canonicalDomain(value) !== null ? [value] : [];
  });
}

function textOf(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : null;
}
