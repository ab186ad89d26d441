/**
 * Every error the server may answer with. `message` on the wire is free text: the text here is the default, and may be made more
 * exact where an error is thrown, but never tells anything the caller may not know. What only an operator may know goes into
 * {@link ApiError.privateDetail}, which is logged and never sent.
 */
export interface ApiErrorSpec {
  readonly status: number;
  readonly text: string;
  /** `service`: documented by the real service. `merlon`: our own, for edges the real service does not show. */
  readonly origin: 'service' | 'merlon';
}

const service = (status: number, text: string): ApiErrorSpec => ({ status, text, origin: 'service' });
const merlon = (status: number, text: string): ApiErrorSpec => ({ status, text, origin: 'merlon' });

export const apiErrors = {
  BadRequest: service(400, 'The request cannot be carried out as it stands.'),
  ODataError: service(400, 'A query option is malformed or not supported.'),
  InvalidInput: service(400, 'A value in the request is not valid.'),
  InvalidRequestBody: service(400, 'The request body is not valid. Names of properties are case-sensitive.'),
  InvalidHashValue: service(400, 'The hash is not valid.'),
  InvalidDomainName: service(400, 'The domain name is not valid.'),
  InvalidIpAddress: service(400, 'The IP address is not valid.'),
  InvalidUrl: service(400, 'The URL is not valid.'),
  MaximumBatchSizeExceeded: service(400, 'The batch holds more items than allowed.'),
  MissingRequiredParameter: service(400, 'A required parameter is missing.'),
  OsPlatformNotSupported: service(400, 'The operating system of the device does not support this action.'),
  ClientVersionNotSupported: service(400, 'The agent on the device is too old for this action.'),
  ActiveRequestAlreadyExists: service(400, 'A request of this kind is already active on the device.'),
  Unauthorized: service(401, 'The token is missing, expired or not valid.'),
  Forbidden: service(403, 'The token is valid but lacks the permission for this operation.'),
  DisabledFeature: service(403, 'This feature is turned off for the tenant.'),
  DisallowedOperation: service(403, 'This operation is not allowed.'),
  NotFound: service(404, 'There is nothing at this address.'),
  ResourceNotFound: service(404, 'The resource was not found.'),
  TooManyRequests: service(429, 'Too many requests. Try again after the time in Retry-After.'),
  InternalServerError: service(500, ''),

  DestinationUnusable: merlon(400, 'The destination cannot be delivered to with these settings.'),
  ClockSkew: merlon(
    401,
    'The time in the device token is too far from the time of the server. See the Date header.',
  ),
  MethodNotAllowed: merlon(405, 'This address does not take this method.'),
  Conflict: merlon(409, 'The request contradicts the present state of the resource.'),
  PreconditionFailed: merlon(412, 'The resource was changed since it was read.'),
  PayloadTooLarge: merlon(413, 'The request body is larger than allowed.'),
  UnsupportedMediaType: merlon(415, 'The Content-Type or Content-Encoding of the request is not supported.'),
  ServiceUnavailable: merlon(
    503,
    'The server cannot take this now. Try again after the time in Retry-After.',
  ),
} as const satisfies Record<string, ApiErrorSpec>;

export type ApiErrorCode = keyof typeof apiErrors;

export interface ApiErrorOptions {
  /** For the log only. */
  readonly privateDetail?: string;
  /** Becomes the `Retry-After` header. Whole seconds. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An answer other than success. Thrown anywhere below a route; the HTTP edge turns it into status, headers and {@link errorBody}. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly status: number;
  readonly publicMessage: string;
  readonly privateDetail: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ApiErrorCode,
    publicMessage: string = apiErrors[code].text,
    options: ApiErrorOptions = {},
  ) {
    super(
      options.privateDetail ?? publicMessage,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.status = apiErrors[code].status;
    this.publicMessage = publicMessage;
    this.privateDetail = options.privateDetail;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export interface ErrorBody {
  readonly error: { readonly code: ApiErrorCode; readonly message: string; readonly target: string };
}

/** @param target GUID that is unique per request; the log names the same one. */
export function errorBody(error: ApiError, target: string): ErrorBody {
  return { error: { code: error.code, message: error.publicMessage, target } };
}

/** An error as Graph words it. */
export interface GraphErrorBody {
  readonly error: {
    readonly code: ApiErrorCode;
    readonly message: string;
    readonly innerError: {
      /** `2026-11-25T10:00:00` */
      readonly date: string;
      readonly 'request-id': string;
      readonly 'client-request-id': string;
    };
  };
}

/** @param target as of {@link errorBody}; `clientTarget` is the client's own `client-request-id`, where it sent one. */
export function graphErrorBody(
  error: ApiError,
  target: string,
  at: Date,
  clientTarget: string = target,
): GraphErrorBody {
  return {
    error: {
      code: error.code,
      message: error.publicMessage,
      innerError: {
        date: at.toISOString().slice(0, 19),
        'request-id': target,
        'client-request-id': clientTarget,
      },
    },
  };
}
