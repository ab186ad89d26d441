/**
 * What a caller may take over time. Windows are fixed and begin on the clock: minutes, quarters of an hour, hours and days, in UTC. The API, the newer
 * addresses and the portal have meters of their own, as the service has. Pure.
 */
import { ApiError } from '@merlon/contract';
import type { Caller } from '../../http/route.ts';
import type { HuntingConfig, HuntingInterface } from './limits.ts';

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What counts together: an application's calls of one kind, or what a tenant's people do in the portal. */
export interface Meter {
  readonly name: 'api' | 'xdr' | 'portal';
  /** Client id, with the user's id for a user's token; the tenant's own id for the portal. */
  readonly subject: string;
}

export interface Limit {
  readonly of: 'calls' | 'runTime';
  readonly windowMs: number;
  /** Calls, or milliseconds of run time. */
  readonly most: number;
}

/** What has been taken in one window. */
export interface Usage {
  readonly windowMs: number;
  readonly calls: number;
  readonly runMs: number;
}

export function meterOf(through: HuntingInterface, caller: Caller): Meter {
  if (through === 'portal') return { name: 'portal', subject: caller.tenantId };
  const subject = caller.kind === 'user' ? `${caller.clientId} ${caller.id}` : caller.clientId;
  return { name: through === 'api' ? 'api' : 'xdr', subject };
}

/** @param factor how many times the service's quotas the application has */
export function limitsOf(meter: Meter['name'], config: HuntingConfig, factor = 1): readonly Limit[] {
  const times = (most: number) => Math.max(1, Math.floor(most * factor));
  const calls = (windowMs: number, most: number): Limit => ({ of: 'calls', windowMs, most: times(most) });
  const run = (windowMs: number, seconds: number): Limit => ({
    of: 'runTime',
    windowMs,
    most: times(seconds * 1_000),
  });
  switch (meter) {
    case 'api':
      return [
        calls(MINUTE_MS, config.callsPerMinute),
        calls(HOUR_MS, config.callsPerHour),
        run(HOUR_MS, config.runSecondsPerHour),
        run(DAY_MS, config.runSecondsPerDay),
      ];
    case 'xdr':
      return [calls(MINUTE_MS, config.callsPerMinute), run(QUARTER_MS, config.runSecondsPerQuarter)];
    case 'portal':
      return [run(QUARTER_MS, config.runSecondsPerQuarter), run(DAY_MS, config.runSecondsPerDay)];
  }
}

/** The windows in which the meter is read, shortest first: always in the same order, so that two servers never wait for each other. */
export function windowsOf(limits: readonly Limit[]): number[] {
  return [...new Set(limits.map(({ windowMs }) => windowMs))].sort((a, b) => a - b);
}

export function windowStart(at: Date, windowMs: number): Date {
  return new Date(Math.floor(at.getTime() / windowMs) * windowMs);
}

export function windowEnd(at: Date, windowMs: number): Date {
  return new Date(windowStart(at, windowMs).getTime() + windowMs);
}

/**
 * What leaves no room for one more call, if anything does; of several, what lasts longest.
 * @param usage of the windows at hand, without that call
 */
export function exhausted(limits: readonly Limit[], usage: readonly Usage[]): Limit | null {
  const full = limits.filter((limit) => usedOf(limit, usage) >= limit.most);
  return full.sort((a, b) => b.windowMs - a.windowMs)[0] ?? null;
}

/** Says what ran out and when there is more. */
export function quotaError({ of, most, windowMs }: Limit, at: Date): ApiError {
  const seconds = Math.ceil((windowEnd(at, windowMs).getTime() - at.getTime()) / 1_000);
  const what =
    of === 'calls'
      ? `number of calls: ${most} per ${windowName(windowMs)}`
      : `run time of queries (CPU): ${most / 1_000} seconds per ${windowName(windowMs)}`;
  return new ApiError(
    'TooManyRequests',
    `The quota is exhausted for the ${what}. Try again in ${seconds} seconds.`,
    { retryAfterSeconds: seconds },
  );
}

export function usedOf({ of, windowMs }: Limit, usage: readonly Usage[]): number {
  const window = usage.find((one) => one.windowMs === windowMs);
  return (of === 'calls' ? window?.calls : window?.runMs) ?? 0;
}

export function windowName(windowMs: number): string {
  switch (windowMs) {
    case MINUTE_MS:
      return 'minute';
    case QUARTER_MS:
      return '15 minutes';
    case HOUR_MS:
      return 'hour';
    case DAY_MS:
      return 'day';
    default:
      throw new TypeError(`no window is ${windowMs} ms long`);
  }
}
