import { createHash, randomBytes } from 'node:crypto';
import { DEVICE_AUTH_SCHEME, DEVICE_TOKEN_TYPE, type DeviceTokenClaims } from '@merlon/contract';
import type { DeviceKey } from './device-key.ts';

export interface RequestToSign {
  readonly method: string;
  /** Path only, without query. */
  readonly path: string;
  /** As sent: after compression. */
  readonly body: Uint8Array;
}

/** The value of the `Authorization` header: good for this request, now. @param sub device id, or key thumbprint while enrolling. */
export function deviceAuthorization(key: DeviceKey, sub: string, request: RequestToSign, now: Date): string {
  const claims: DeviceTokenClaims = {
    sub,
    iat: Math.floor(now.getTime() / 1000),
    jti: randomBytes(16).toString('base64url'),
    htm: request.method,
    htu: request.path,
    bh: createHash('sha256').update(request.body).digest('base64url'),
  };
  return `${DEVICE_AUTH_SCHEME} ${key.sign(DEVICE_TOKEN_TYPE, claims)}`;
}
