/** What the error codes of Blob Storage mean. The SDK's errors hold the request with its credentials, so none is handed on as a cause. Pure. */
import { entraFault, socketFault } from '../azure/azure-fault.ts';
import { DeliveryError, type DeliveryFault } from '../destination.ts';

const FAULTS: Readonly<Record<string, readonly [DeliveryFault, string]>> = {
  AccountBeingCreated: ['throttled', 'the account is being made'],
  AccountIsDisabled: ['forbidden', 'the account is disabled'],
  AuthenticationFailed: ['credentials', 'the credentials are not accepted'],
  AuthorizationFailure: [
    'forbidden',
    'writing is not allowed, by the rights given or by the network rules of the account',
  ],
  AuthorizationPermissionMismatch: ['forbidden', 'the rights given do not allow writing'],
  AuthorizationProtocolMismatch: ['forbidden', 'the rights given do not hold for this protocol'],
  AuthorizationResourceTypeMismatch: ['forbidden', 'the rights given do not hold for containers and objects'],
  AuthorizationServiceMismatch: ['forbidden', 'the rights given do not hold for blobs'],
  AuthorizationSourceIPMismatch: ['forbidden', 'the rights given do not hold for the address of the server'],
  BlobImmutableDueToPolicy: ['forbidden', 'a policy forbids to change the blob'],
  ContainerBeingDeleted: ['throttled', 'the container is being deleted'],
  ContainerDisabled: ['forbidden', 'the container is disabled'],
  ContainerNotFound: ['missing', 'the container is not there'],
  InsufficientAccountPermissions: ['forbidden', 'the rights given do not allow writing'],
  InternalError: ['unreachable', 'the service failed'],
  InvalidAuthenticationInfo: ['credentials', 'the credentials are not accepted'],
  InvalidBlobType: ['forbidden', 'a blob of another type lies where the records belong'],
  InvalidResourceName: ['settings', 'a name is not valid there'],
  KeyBasedAuthenticationNotPermitted: ['forbidden', 'the account takes no keys'],
  LeaseIdMissing: ['forbidden', 'somebody else holds a lease on the blob'],
  NoAuthenticationInformation: ['credentials', 'the credentials are missing'],
  OperationTimedOut: ['throttled', 'the service is slow'],
  RequestBodyTooLarge: ['refused', 'a record is larger than a block may be'],
  ResourceNotFound: ['missing', 'the account or container is not there'],
  ServerBusy: ['throttled', 'the service is busy'],
};

const BY_STATUS: Readonly<Record<number, readonly [DeliveryFault, string]>> = {
  401: ['credentials', 'the credentials are not accepted'],
  403: ['forbidden', 'writing is not allowed'],
  404: ['missing', 'the account or container is not there'],
  413: ['refused', 'a record is larger than a block may be'],
  429: ['throttled', 'there were too many requests'],
  500: ['unreachable', 'the service failed'],
  503: ['throttled', 'the service is busy'],
};

/** @param hint what else is known of the credentials, as when they ended */
export function storageFault(error: unknown, host: string, hint = ''): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (!(error instanceof Error)) return new DeliveryError('unreachable', `${host} cannot be written to.`);
  const earlier = socketFault(error, host) ?? entraFault(error);
  if (earlier !== undefined) return earlier;
  const code = storageCode(error);
  const status: unknown = Reflect.get(error, 'statusCode');
  const known = FAULTS[code] ?? (typeof status === 'number' ? BY_STATUS[status] : undefined);
  const shown = /^[A-Za-z]{1,60}$/.test(code)
    ? ` (${code})`
    : typeof status === 'number'
      ? ` (${status})`
      : '';
  if (known === undefined) return new DeliveryError('unreachable', `${host} cannot be written to${shown}.`);
  const fault = status === 403 && hint !== '' ? 'credentials' : known[0];
  return new DeliveryError(fault, `${host}: ${known[1]}${shown}.${fault === 'credentials' ? hint : ''}`, {
    retryAfterMs: retryAfterMs(error),
  });
}

/** The service's name for what went wrong, or an empty text. */
export function storageCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const details: unknown = Reflect.get(error, 'details');
  const code: unknown =
    Reflect.get(error, 'code') ??
    (typeof details === 'object' && details !== null ? Reflect.get(details, 'errorCode') : undefined);
  return typeof code === 'string' ? code : '';
}

function retryAfterMs(error: Error): number | undefined {
  const response: unknown = Reflect.get(error, 'response');
  const headers: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'headers') : undefined;
  if (
    typeof headers !== 'object' ||
    headers === null ||
    !('get' in headers) ||
    typeof headers.get !== 'function'
  )
    return undefined;
  const seconds: unknown = headers.get('retry-after');
  return typeof seconds === 'string' && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}
