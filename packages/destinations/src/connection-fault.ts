/** What a socket's error means to whoever owns the setting. */
import { DeliveryError } from './destination.ts';

const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed itself and is not among the trusted ones',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

const CONNECTION: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke the connection off',
  EPIPE: 'broke the connection off',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  EPROTO: 'does not speak TLS as expected',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS there',
};

/** `host`: with its port, as it is to be shown. */
export function connectionFault(error: unknown, host: string): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const code = codeOf(error);
  const untrusted = UNTRUSTED[code];
  if (untrusted !== undefined)
    return new DeliveryError('unreachable', `The certificate of ${host} is not accepted: ${untrusted}.`, {
      cause: error,
    });
  // What the peer says when our certificate is not to its liking.
  if (/^ERR_SSL_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code))
    return new DeliveryError('credentials', `${host} does not accept the client certificate (${code}).`, {
      cause: error,
    });
  const known =
    CONNECTION[code] ?? (code.startsWith('ERR_SSL_') ? `does not speak TLS as expected (${code})` : null);
  return new DeliveryError(
    'unreachable',
    known === null
      ? `The connection to ${host} failed${code === '' ? '' : ` (${code})`}.`
      : `${host} ${known}.`,
    { cause: error },
  );
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
