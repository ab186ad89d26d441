/** What the error codes of S3 mean. */
import { DeliveryError, type DeliveryFault } from '../destination.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import { statusFault } from '../http/status-fault.ts';

const FAULTS: Readonly<Record<string, DeliveryFault>> = {
  AccessDenied: 'forbidden',
  AccountProblem: 'forbidden',
  AllAccessDisabled: 'forbidden',
  AuthorizationHeaderMalformed: 'settings',
  BadDigest: 'unreachable',
  ExpiredToken: 'credentials',
  IllegalLocationConstraintException: 'settings',
  InvalidAccessKeyId: 'credentials',
  InvalidBucketName: 'settings',
  InvalidToken: 'credentials',
  NoSuchBucket: 'missing',
  PermanentRedirect: 'settings',
  RequestTimeTooSkewed: 'credentials',
  RequestTimeout: 'throttled',
  ServiceUnavailable: 'throttled',
  SignatureDoesNotMatch: 'credentials',
  SlowDown: 'throttled',
  TemporaryRedirect: 'throttled',
  Throttling: 'throttled',
  TokenRefreshRequired: 'credentials',
  TooManyRequests: 'throttled',
};

const HINTS: Readonly<Record<string, string>> = {
  AuthorizationHeaderMalformed: 'region is not that of the bucket',
  InvalidAccessKeyId: 'accessKeyId is not known',
  NoSuchBucket: 'the bucket is not there',
  PermanentRedirect: 'the bucket lies in another region: see region and url',
  RequestTimeTooSkewed: 'the clocks differ too much',
  SignatureDoesNotMatch: 'secretAccessKey does not belong to accessKeyId',
};

export function s3Fault(answer: HttpAnswer, who: string, now: number): DeliveryError {
  const code = /<Code>([A-Za-z.]{1,80})<\/Code>/.exec(answer.body.toString())?.[1] ?? '';
  const known = FAULTS[code];
  const hint = HINTS[code];
  const general = statusFault(answer, who, now, hint === undefined ? code : `${code} (${hint})`);
  return known === undefined
    ? general
    : new DeliveryError(known, general.message, { retryAfterMs: general.retryAfterMs });
}
