/** What a status that is no success means (RFC 9110), for protocols that say no more. */
import { DeliveryError, type DeliveryFault } from '../destination.ts';
import type { HttpAnswer } from './http-client.ts';

const FAULTS: ReadonlyMap<number, DeliveryFault> = new Map([
  [401, 'credentials'],
  [403, 'forbidden'],
  [404, 'missing'],
  [408, 'throttled'],
  [410, 'missing'],
  [425, 'throttled'],
  [429, 'throttled'],
  [503, 'throttled'],
]);

/** `who`: host and port. `detail`: what the peer said, already known to hold no secret. */
export function statusFault(answer: HttpAnswer, who: string, now: number, detail = ''): DeliveryError {
  const { status } = answer;
  if (status >= 300 && status < 400)
    return new DeliveryError('unreachable', `${who} answered ${status}, a redirect, which is not followed.`);
  const fault = FAULTS.get(status) ?? (status >= 400 && status < 500 ? 'refused' : 'unreachable');
  return new DeliveryError(fault, `${who} answered ${status}${detail === '' ? '' : `: ${detail}`}.`, {
    retryAfterMs: retryAfterMs(answer, now),
  });
}

/** `Retry-After`: seconds or a date. */
function retryAfterMs(answer: HttpAnswer, now: number): number | undefined {
  const text = answer.headers['retry-after'];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
