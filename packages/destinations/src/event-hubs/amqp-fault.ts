/** What the error names of the Event Hubs SDK mean. Pure. */
import { DeliveryError, type DeliveryFault } from '../destination.ts';

const FAULTS: Readonly<Record<string, readonly [DeliveryFault, string]>> = {
  MessageTooLargeError: ['refused', 'a record is larger than the hub takes'],
  MessagingEntityDisabledError: ['forbidden', 'the hub is disabled'],
  MessagingEntityNotFoundError: ['missing', 'the hub is not there'],
  QuotaExceededError: ['throttled', 'the quota is used up'],
  ServerBusyError: ['throttled', 'the namespace is busy'],
  UnauthorizedError: ['credentials', 'the credentials are not accepted'],
};

export function amqpFault(error: unknown, host: string): DeliveryError | undefined {
  // Of several tries, each has an error of its own.
  if (error instanceof AggregateError)
    return error.errors.map((one: unknown) => amqpFault(one, host)).findLast((fault) => fault !== undefined);
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  const known = typeof code === 'string' ? FAULTS[code] : undefined;
  if (known === undefined) return undefined;
  // Known, but without the right to send: the service names the claim.
  if (code === 'UnauthorizedError' && /'Send' claim/i.test(error.message))
    return new DeliveryError('forbidden', `${host}: the right to send is missing (${code}).`);
  return new DeliveryError(known[0], `${host}: ${known[1]} (${code}).`);
}
