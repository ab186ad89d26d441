/** What goes wrong with a cluster, as whoever owns the setting is told it. Pure. */
import { connectionFault } from '../connection-fault.ts';
import { DeliveryError, type DeliveryFault } from '../destination.ts';

/** Names of the protocol's error codes. */
const PROTOCOL: Readonly<Record<string, readonly [DeliveryFault, string]>> = {
  SASL_AUTHENTICATION_FAILED: ['credentials', 'the brokers do not accept the credentials'],
  UNSUPPORTED_SASL_MECHANISM: ['settings', 'the brokers do not offer saslMechanism'],
  ILLEGAL_SASL_STATE: ['settings', 'the brokers ask for a login that the settings do not have'],
  TOPIC_AUTHORIZATION_FAILED: ['forbidden', 'the user may not write to the topic'],
  CLUSTER_AUTHORIZATION_FAILED: ['forbidden', 'the user may not write to the cluster'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ['forbidden', 'the user may not write to the cluster'],
  UNKNOWN_TOPIC_OR_PARTITION: ['missing', 'the topic is not there'],
  INVALID_TOPIC_EXCEPTION: ['settings', 'the name of the topic is not valid there'],
  MESSAGE_TOO_LARGE: ['refused', 'a record is larger than the topic takes'],
  RECORD_LIST_TOO_LARGE: ['refused', 'a record is larger than the topic takes'],
  INVALID_RECORD: ['refused', 'the topic does not take the record'],
  POLICY_VIOLATION: ['refused', 'a policy of the cluster does not take the record'],
  UNSUPPORTED_COMPRESSION_TYPE: ['settings', 'the topic does not take this compression'],
  THROTTLING_QUOTA_EXCEEDED: ['throttled', 'the quota is used up'],
  NOT_ENOUGH_REPLICAS: ['unreachable', 'too few replicas are in sync'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: ['unreachable', 'too few replicas are in sync'],
  LEADER_NOT_AVAILABLE: ['unreachable', 'a partition has no leader now'],
  NOT_LEADER_OR_FOLLOWER: ['unreachable', 'a partition changes its leader now'],
  REQUEST_TIMED_OUT: ['unreachable', 'the replicas do not answer in time'],
};

/** `where`: the cluster as it is to be shown. */
export function kafkaFault(error: unknown, where: string): DeliveryError {
  const tree = [...everyError(error)];
  for (const one of tree) if (one instanceof DeliveryError) return one;
  for (const one of tree) {
    const id = textMember(one, 'apiId') ?? textMember(one, 'type');
    const known = id === undefined ? undefined : PROTOCOL[id];
    if (known !== undefined)
      return new DeliveryError(known[0], `${where}: ${known[1]} (${id}).`, { cause: error });
  }
  for (const one of tree) {
    const unknown = /^Unknown topic ([A-Za-z0-9._-]+)\.$/.exec(one.message);
    if (unknown)
      return new DeliveryError('missing', `${where}: the topic ${unknown[1]} is not there.`, {
        cause: error,
      });
  }
  if (
    tree.some(
      (one) =>
        textMember(one, 'code') === 'PLT_KFK_AUTHENTICATION' || one.name === 'KafkaJSSASLAuthenticationError',
    )
  )
    return new DeliveryError('credentials', `${where}: the brokers do not accept the credentials.`, {
      cause: error,
    });
  // The innermost is the socket's own.
  const socket = tree.findLast((one) => /^E[A-Z0-9]+$|^ERR_|CERT/.test(textMember(one, 'code') ?? ''));
  if (socket !== undefined) return connectionFault(socket, where);
  const id = tree.map((one) => textMember(one, 'apiId')).find((name) => name !== undefined);
  return new DeliveryError(
    'unreachable',
    `${where} cannot be written to${id === undefined ? '' : ` (${id})`}.`,
    {
      cause: error,
    },
  );
}

/** Whether a batch was larger than the topic takes. */
export function isTooLarge(error: unknown): boolean {
  return [...everyError(error)].some((one) =>
    ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'].includes(
      textMember(one, 'apiId') ?? textMember(one, 'type') ?? '',
    ),
  );
}

/** The error, what it gathers and what caused it, outermost first. */
function* everyError(error: unknown): Generator<Error> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const one of error.errors) yield* everyError(one);
  yield* everyError(error.cause);
}

function textMember(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
