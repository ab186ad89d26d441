/**
 * Errors of the sign-in addresses, as programs written for Entra ID read them: an OAuth error, a number after `AADSTS`, ids to find the
 * request again. Numbers and OAuth codes are the real service's; the texts are ours.
 */
import { randomUUID } from 'node:crypto';
import { type ApiError, isGuid } from '@merlon/contract';

export interface AadstsSpec {
  readonly status: number;
  readonly error: string;
}

export const aadstsErrors = {
  /** A parameter is missing. */
  900144: { status: 400, error: 'invalid_request' },
  /** The tenant part is neither id nor domain. */
  900023: { status: 400, error: 'invalid_request' },
  90002: { status: 400, error: 'invalid_request' },
  /** No tenant can be told from the request. */
  50059: { status: 400, error: 'invalid_request' },
  9002313: { status: 400, error: 'invalid_request' },
  700016: { status: 400, error: 'unauthorized_client' },
  7000112: { status: 400, error: 'unauthorized_client' },
  /** A public client sent a credential. */
  700025: { status: 401, error: 'invalid_client' },
  700021: { status: 401, error: 'invalid_client' },
  700024: { status: 401, error: 'invalid_client' },
  700027: { status: 401, error: 'invalid_client' },
  50027: { status: 401, error: 'invalid_client' },
  7000215: { status: 401, error: 'invalid_client' },
  7000216: { status: 401, error: 'invalid_client' },
  7000218: { status: 401, error: 'invalid_client' },
  7000222: { status: 401, error: 'invalid_client' },
  70003: { status: 400, error: 'unsupported_grant_type' },
  70011: { status: 400, error: 'invalid_scope' },
  1002012: { status: 400, error: 'invalid_scope' },
  500011: { status: 400, error: 'invalid_resource' },
  /** The person has not entered the code yet. */
  70016: { status: 400, error: 'authorization_pending' },
  70018: { status: 400, error: 'bad_verification_code' },
  70020: { status: 400, error: 'expired_token' },
  /** The redirect address is not registered. */
  50011: { status: 400, error: 'invalid_request' },
  /** Too many wrong passwords for this name. */
  50053: { status: 400, error: 'invalid_grant' },
  /** The password must be changed, which takes a page. */
  50055: { status: 400, error: 'invalid_grant' },
  50057: { status: 400, error: 'invalid_grant' },
  /** A second proof is needed, which takes a page. */
  50076: { status: 400, error: 'interaction_required' },
  /** A second proof is needed, and has to be set up first. */
  50079: { status: 400, error: 'interaction_required' },
  50126: { status: 400, error: 'invalid_grant' },
  65001: { status: 400, error: 'invalid_grant' },
  65004: { status: 400, error: 'authorization_declined' },
  70000: { status: 400, error: 'invalid_grant' },
  70008: { status: 400, error: 'invalid_grant' },
  501481: { status: 400, error: 'invalid_grant' },
  /** Only an administrator may grant it. */
  90094: { status: 403, error: 'access_denied' },
  90055: { status: 429, error: 'temporarily_unavailable' },
  90033: { status: 503, error: 'temporarily_unavailable' },
} as const satisfies Record<number, AadstsSpec>;

export type AadstsCode = keyof typeof aadstsErrors;

export class AadstsError extends Error {
  override readonly name = 'AadstsError';
  readonly code: AadstsCode;
  readonly retryAfterSeconds: number | undefined;
  constructor(code: AadstsCode, text: string, retryAfterSeconds?: number) {
    super(text);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface AadstsBody {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
}

/** `correlationId`: the client's `client-request-id` where it sent a GUID. */
export function aadstsBody(error: AadstsError, now: Date, correlationId: string = randomUUID()): AadstsBody {
  const timestamp = now
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
  const traceId = randomUUID();
  return {
    error: aadstsErrors[error.code].error,
    error_description: `AADSTS${error.code}: ${error.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [error.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  };
}

/** Addresses that speak the dialect in errors as well. @param path folded */
export function speaksAadsts(path: string): boolean {
  return /^\/[^/]+\/oauth2\/(?:v2\.0\/)?(?:token|devicecode)$/.test(path);
}

/** What was refused before the dialect's own code saw it: a body that cannot be read, or a fault of ours. */
export function aadstsBodyOf(
  { status, publicMessage }: Pick<ApiError, 'status' | 'publicMessage'>,
  now: Date,
  correlationId: string,
): AadstsBody {
  return aadstsBody(new AadstsError(status < 500 ? 9002313 : 90033, publicMessage), now, correlationId);
}

export function clientRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && isGuid(header) ? header : undefined;
}
