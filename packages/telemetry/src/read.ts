/** Texts of foreign events to values. Each gives undefined for what says nothing: absent, empty, or the dash that Windows writes for "none". */
import { isoToMs } from '@merlon/contract';
import type { Fields } from './mapping.ts';

export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'string') return value === '' || value === '-' ? undefined : value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

/** Decimal or `0x…`. Beyond 2^53 as decimal text, which is how the wire has it. */
export function whole(fields: Fields, name: string): number | string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string' || !/^(0x[0-9a-f]{1,16}|-?[0-9]{1,19})$/i.test(value)) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return BigInt.asIntN(64, BigInt(value)).toString();
}

export function number(fields: Fields, name: string): number | undefined {
  const value = whole(fields, name);
  return typeof value === 'number' ? value : undefined;
}

/** A process id, which is never negative. */
export function pid(fields: Fields, name: string): number | undefined {
  const value = number(fields, name);
  return value !== undefined && value >= 0 ? value : undefined;
}

export function port(fields: Fields, name: string): number | undefined {
  const value = number(fields, name);
  return value !== undefined && value >= 0 && value <= 65_535 ? value : undefined;
}

export function flag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  const said = String(value).toLowerCase();
  if (said === 'true' || said === '1' || said === 'yes') return true;
  return said === 'false' || said === '0' || said === 'no' ? false : undefined;
}

const FRACTION_DIGITS = 7;

/**
 * ISO text with `Z` of what programs write for a moment: ISO with `Z`, with an offset or with nothing (then it is UTC), a blank for the `T`, any number of
 * fraction digits; or seconds since 1970.
 */
export function moment(value: unknown): string | null {
  if (typeof value === 'number') return fromSeconds(value);
  if (typeof value !== 'string') return null;
  // The two spellings nearly all events have.
  if (value.length === 23 && value.charCodeAt(10) === 32)
    return valid(`${value.slice(0, 10)}T${value.slice(11)}Z`);
  if (value.length === 24 && value.charCodeAt(23) === 90) return valid(value);
  const parts =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))? ?(?:(Z|z|UTC)|([+-])(\d\d):?(\d\d))?$/.exec(
      value,
    );
  if (!parts) return /^\d{9,11}(\.\d+)?$/.test(value) ? fromSeconds(Number(value)) : null;
  const [, day, time, fraction = '', , sign, hours = '0', minutes = '0'] = parts;
  const digits = fraction.slice(0, FRACTION_DIGITS);
  const said = `${day}T${time}${digits === '' ? '' : `.${digits}`}Z`;
  if (sign === undefined) return valid(said);
  const base = isoToMs(`${day}T${time}Z`);
  if (Number.isNaN(base)) return null;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '+' ? 1 : -1);
  const shifted = new Date(base - offset).toISOString().slice(0, 19);
  return valid(`${shifted}${digits === '' ? '' : `.${digits}`}Z`);
}

function valid(iso: string): string | null {
  return Number.isNaN(isoToMs(iso)) ? null : iso;
}

const LAST_SECOND = 253_402_300_799;

function fromSeconds(seconds: number): string | null {
  return seconds > 0 && seconds <= LAST_SECOND ? new Date(Math.round(seconds * 1000)).toISOString() : null;
}

/** What follows the last separator of either system. */
export function fileNameOf(path: string): string {
  const at = Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/'));
  return at < 0 ? path : path.slice(at + 1);
}

/** `DOMAIN\name`, `name@domain` or `name`, in lower case as the service has them. */
export function accountOf(said: string): { domain: string | undefined; name: string } {
  const account = said.toLowerCase();
  const at = account.indexOf('\\');
  return at < 0
    ? { domain: undefined, name: account }
    : { domain: account.slice(0, at) || undefined, name: account.slice(at + 1) };
}

const GUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/i;
const NO_GUID = '00000000-0000-0000-0000-000000000000';

/** In lower case, without braces. */
export function guid(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value !== 'string') return undefined;
  const found = GUID.exec(value)?.[1]?.toLowerCase();
  return found === NO_GUID ? undefined : found;
}

/** Sysmon builds the GUID of a process out of machine, start in seconds since 1970, and token. */
export function startOfGuid(processGuid: string): string | null {
  const seconds = Number.parseInt(processGuid.slice(14, 18) + processGuid.slice(9, 13), 16);
  return fromSeconds(seconds);
}

const HASHES = { MD5: 32, SHA1: 40, SHA256: 64 } as const;

const HASH_NAMES = ['MD5', 'SHA1', 'SHA256'] as const;
/** Only zeros: Sysmon did not have the file. */
const HEX_DIGITS = /^(?!0+$)[0-9a-f]+$/;

/** `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`, or one hash alone, told by its length. */
export function hashesOf(said: string): Partial<Record<'MD5' | 'SHA1' | 'SHA256' | 'IMPHASH', string>> {
  const found: Partial<Record<'MD5' | 'SHA1' | 'SHA256' | 'IMPHASH', string>> = {};
  for (const part of said.split(',')) {
    const at = part.indexOf('=');
    const value = part
      .slice(at + 1)
      .trim()
      .toLowerCase();
    if (!HEX_DIGITS.test(value)) continue;
    const kind = at < 0 ? null : part.slice(0, at).trim().toUpperCase();
    for (const name of HASH_NAMES)
      if ((kind === null || kind === name) && value.length === HASHES[name]) found[name] = value;
    if (kind === 'IMPHASH') found.IMPHASH = value;
  }
  return found;
}

const HIVES: readonly (readonly [prefix: string, name: string])[] = [
  ['HKLM\\', 'HKEY_LOCAL_MACHINE\\'],
  ['HKU\\', 'HKEY_USERS\\'],
  ['HKCR\\', 'HKEY_CLASSES_ROOT\\'],
  ['HKCU\\', 'HKEY_CURRENT_USER\\'],
  ['\\REGISTRY\\MACHINE\\', 'HKEY_LOCAL_MACHINE\\'],
  ['\\REGISTRY\\USER\\', 'HKEY_USERS\\'],
];

export function registryKey(said: string): string {
  for (const [prefix, name] of HIVES)
    if (said.length >= prefix.length && said.slice(0, prefix.length).toUpperCase() === prefix)
      return name + said.slice(prefix.length);
  return said;
}
