/** What is said of a delivery that failed: by name, and without the secrets that a client library may have put into its words. Pure. */
import { DeliveryError } from '@merlon/destinations';
import type { DeliveryFailure, DestinationSpec } from './export-protocol.ts';

const LONGEST = 500;
/** Shorter ones would blot out words. */
const SHORTEST_SECRET = 4;
const SECRET_PART = /key|sig|secret|password|token/i;

export function failureOf(
  error: unknown,
  destination: DestinationSpec,
  secrets: readonly string[],
): DeliveryFailure {
  const known = error instanceof DeliveryError;
  const message = error instanceof Error ? error.message : String(error);
  return {
    fault: known ? error.fault : 'unreachable',
    message: without(
      known ? message : `The client of ${destination.kind} failed: ${message}`,
      destination,
      secrets,
    ),
    retryAfterMs: known ? (error.retryAfterMs ?? null) : null,
  };
}

function without(message: string, { settings }: DestinationSpec, secrets: readonly string[]): string {
  let text = message;
  for (const name of secrets) {
    const secret = settings[name];
    if (typeof secret !== 'string' || secret.length < SHORTEST_SECRET) continue;
    text = text.replaceAll(secret, '(removed)');
    // A connection string is a secret of several parts, and a library may quote one of them.
    for (const pair of secret.split(/[;&?]/)) {
      const [key = '', ...value] = pair.split('=');
      const part = value.join('=');
      if (SECRET_PART.test(key) && part.length >= SHORTEST_SECRET) text = text.replaceAll(part, '(removed)');
    }
  }
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
