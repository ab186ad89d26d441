/** What an indicator's value means: its one form, or the service's error that says what is wrong with it. Pure. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { ApiError, type IndicatorType } from '@merlon/contract';

export interface IndicatorValue {
  /** As it was given, for whoever gave it to find it by. */
  readonly shown: string;
  /** As it is compared, and by which an indicator is known again. */
  readonly compared: string;
}

const HASH_DIGITS = { FileMd5: 32, FileSha1: 40, FileSha256: 64, CertificateThumbprint: 40 } as const;
const MAX_DOMAIN = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** @throws ApiError InvalidHashValue, InvalidIpAddress, InvalidDomainName, InvalidUrl */
export function indicatorValue(type: IndicatorType, given: string): IndicatorValue {
  const text = given.trim();
  switch (type) {
    case 'FileMd5':
    case 'FileSha1':
    case 'FileSha256':
    case 'CertificateThumbprint':
      return { shown: text, compared: hash(type, text) };
    case 'IpAddress':
      return { shown: text, compared: address(text) };
    case 'DomainName':
      return { shown: text, compared: domain(text) };
    case 'Url':
      return { shown: text, compared: url(text) };
    default:
      throw new Error(`unknown type ${type satisfies never as string}`);
  }
}

function hash(type: keyof typeof HASH_DIGITS, text: string): string {
  const digits = HASH_DIGITS[type];
  if (text.length !== digits || !/^[0-9a-f]+$/i.test(text))
    throw new ApiError('InvalidHashValue', `${quoted(text)} is no ${type}: that is ${digits} hex digits.`);
  return text.toLowerCase();
}

function address(text: string): string {
  if (/^[0-9a-f.:]+\/\d+$/i.test(text))
    throw new ApiError('InvalidIpAddress', `${quoted(text)} is a network; CIDR notation is not supported.`);
  const canonical = canonicalAddress(text);
  if (canonical === null) throw new ApiError('InvalidIpAddress', `${quoted(text)} is no IP address.`);
  if (NO_PEER.some((pattern) => pattern.test(canonical)))
    throw new ApiError(
      'InvalidIpAddress',
      `${quoted(text)} is no address of another host: loopback, link-local, unspecified and multicast addresses are not taken.`,
    );
  return canonical;
}

/** Loopback, link-local, unspecified, multicast and broadcast, of either family. Private networks are somebody's peers: attackers move there. */
const NO_PEER = [/^0\./, /^127\./, /^169\.254\./, /^2[2-5]\d\./, /^::1?$/, /^fe[89ab]/, /^ff/];

/** IPv4, also mapped into IPv6, with dots; IPv6 as RFC 5952 writes it. Null: it is no address. */
export function canonicalAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family !== 6 || text.includes('%')) return null;
  const written = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(written);
  if (!mapped) return written;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function domain(text: string): string {
  const canonical = canonicalDomain(text);
  if (canonical === null) throw new ApiError('InvalidDomainName', `${quoted(text)} is no domain name.`);
  return canonical;
}

/** Lower-case ASCII without a last dot, at least two labels. Null: it is no domain name. */
export function canonicalDomain(text: string): string | null {
  // What URL syntax would read as something else must not be turned into a name.
  if (/[\s/:?#@\\[\]%*]/.test(text)) return null;
  const ascii = domainToASCII(text.replace(/\.$/, '')).toLowerCase();
  const labels = ascii.split('.');
  const named = labels.length > 1 && labels.every((label) => LABEL.test(label));
  // A last label of digits makes it an address of the old kind.
  return named && ascii.length <= MAX_DOMAIN && !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
    ? ascii
    : null;
}

function url(text: string): string {
  const canonical = canonicalUrl(text);
  if (canonical === null) throw new ApiError('InvalidUrl', `${quoted(text)} is no http or https URL.`);
  return canonical;
}

/** Without fragment and user, host in lower-case ASCII, no port that goes without saying; `http` when it names no scheme. Null: it is no URL. */
export function canonicalUrl(text: string): string | null {
  if (/[\s\p{Cc}]/u.test(text)) return null;
  const named = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let parsed: URL;
  try {
    parsed = new URL(named);
  } catch {
    return null;
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return null;
  const bare = parsed.hostname.replace(/\.$/, '');
  const host = bare.startsWith('[') ? bare : (canonicalDomain(bare) ?? (isIP(bare) === 4 ? bare : null));
  if (host === null) return null;
  const port = parsed.port === '' ? '' : `:${parsed.port}`;
  return `${parsed.protocol}//${host}${port}${parsed.pathname}${parsed.search}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
