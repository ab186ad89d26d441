/** What a request for detections asks for. Names of parameters in any case, as the service takes them. Pure. */
import { ApiError } from '@merlon/contract';
import type { DetectionsAsked } from '../alerts/index.ts';

/** Without any bound. */
const USUAL_MS = 2 * 3_600_000;
const MAX_LIMIT = 1_000_000;
const MAX_NAMES = 1_000;
const PARAMETERS = [
  'sinceTimeUtc',
  'untilTimeUtc',
  'ago',
  'limit',
  'machinegroups',
  'DeviceCreatedMachineTags',
  'CloudCreatedMachineTags',
] as const;
type Parameter = (typeof PARAMETERS)[number];
const REPEATABLE: ReadonlySet<Parameter> = new Set(['machinegroups', 'CloudCreatedMachineTags']);

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,12}))?)?(Z|[+\s-]\d{2}:\d{2})?$/i;
const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;
const MAX_DURATION_MS = 4_000 * 86_400_000;

/** @throws ApiError InvalidInput, naming the parameter and what is wrong with it */
export function readDetectionsRequest(url: string, now: Date): DetectionsAsked {
  const given = parametersOf(url);
  const single = (name: Parameter) => given.get(name)?.[0];
  const since = timeOf('sinceTimeUtc', single('sinceTimeUtc'), 'up');
  const until = timeOf('untilTimeUtc', single('untilTimeUtc'), 'down');
  const ago = single('ago');
  if (ago !== undefined && (since !== null || until !== null))
    throw refusal('ago', 'stands for a range up to now, and goes with no other bound');
  if (since !== null && until !== null && since > until)
    throw refusal('sinceTimeUtc', 'is later than untilTimeUtc');
  return {
    since:
      since ??
      (ago === undefined
        ? new Date((until ?? now).getTime() - USUAL_MS)
        : new Date(now.getTime() - durationMs(ago))),
    until,
    newest: limitOf(single('limit')),
    deviceGroups: (given.get('machinegroups') ?? []).map((name) => name.toLowerCase()),
    deviceTag: single('DeviceCreatedMachineTags') ?? null,
    manualTags: given.get('CloudCreatedMachineTags') ?? [],
  };
}

function parametersOf(url: string): ReadonlyMap<Parameter, readonly string[]> {
  const start = url.indexOf('?');
  const found = new Map<Parameter, string[]>();
  for (const [name, value] of new URLSearchParams(start < 0 ? '' : url.slice(start + 1))) {
    const known = PARAMETERS.find((parameter) => parameter.toLowerCase() === name.toLowerCase());
    if (known === undefined)
      throw new ApiError(
        'InvalidInput',
        `'${name.slice(0, 100)}' is not a parameter of detections; those are ${PARAMETERS.join(', ')}.`,
      );
    if (value === '') continue;
    const values = found.get(known) ?? [];
    found.set(known, values);
    values.push(value);
    if (values.length > (REPEATABLE.has(known) ? MAX_NAMES : 1))
      throw refusal(known, REPEATABLE.has(known) ? 'is given too often' : 'is given more than once');
  }
  return found;
}

/** To the millisecond, in which detections are kept: a lower bound rounded up and an upper one down. Without a zone: UTC. */
function timeOf(name: Parameter, text: string | undefined, towards: 'up' | 'down'): Date | null {
  if (text === undefined) return null;
  const found = INSTANT.exec(text.trim());
  // A plus sign that nobody encoded arrives as a blank.
  const zone = (found?.[4] ?? 'Z').toUpperCase().replace(/^\s/, '+');
  const clock = found?.[2] ?? '00:00:00';
  const digits = found?.[3] ?? '';
  const whole =
    found === null ? Number.NaN : Date.parse(`${found[1]}T${clock}${clock.length === 5 ? ':00' : ''}${zone}`);
  // Date.parse moves the 31st of a month of 30 days on.
  if (Number.isNaN(whole) || !sameDay(found?.[1] ?? ''))
    throw refusal(name, `is no time such as 2026-11-25T09:30:00.0000000Z: '${text.slice(0, 100)}'`);
  const ms = Number(digits.slice(0, 3).padEnd(3, '0'));
  const finer = towards === 'up' && /[1-9]/.test(digits.slice(3)) ? 1 : 0;
  return new Date(whole + ms + finer);
}

function sameDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) === day;
}

function durationMs(text: string): number {
  const found = DURATION.exec(text.trim());
  const parts = found?.slice(1) ?? [];
  const [weeks, days, hours, minutes, seconds] = parts.map((part) => Number(part ?? 0));
  const ms =
    (((weeks ?? 0) * 7 + (days ?? 0)) * 86_400 +
      (hours ?? 0) * 3_600 +
      (minutes ?? 0) * 60 +
      (seconds ?? 0)) *
    1_000;
  if (found === null || parts.every((part) => part === undefined) || ms > MAX_DURATION_MS)
    throw refusal('ago', `is no duration of ISO 8601 such as PT10M or P1D: '${text.slice(0, 100)}'`);
  return ms;
}

function limitOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const limit = /^\d{1,7}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(limit >= 1 && limit <= MAX_LIMIT))
    throw refusal('limit', `is no number from 1 to ${MAX_LIMIT}: '${text.slice(0, 100)}'`);
  return limit;
}

function refusal(name: Parameter, problem: string): ApiError {
  return new ApiError('InvalidInput', `'${name}' ${problem}.`);
}
