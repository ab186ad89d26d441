/**
 * Checks `Authorization: Device <JWS>` (see contract's device-protocol): a compact EdDSA JWS that binds method, path, time and the
 * SHA-256 of the body as sent. Pure: the key comes from outside.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import {
  ApiError,
  DEVICE_AUTH_SCHEME,
  DEVICE_CLOCK_WINDOW_S,
  DEVICE_TOKEN_TYPE,
  DeviceTokenClaims,
  type Ed25519PublicJwk,
} from '@merlon/contract';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import { Compile } from 'typebox/compile';

const claimsValidator = Compile(DeviceTokenClaims);

export interface SignedRequest {
  readonly method: string;
  /** Path only, as sent. */
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface ParsedDeviceToken {
  readonly jws: string;
  readonly claims: DeviceTokenClaims;
}

/** Reads a token without trusting it: shape, header and claims only. Throws `Unauthorized` naming what is wrong. */
export function parseDeviceToken(authorization: string | undefined): ParsedDeviceToken {
  const [scheme, jws, ...rest] = (authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== DEVICE_AUTH_SCHEME.toLowerCase() || !jws || rest.length > 0) {
    throw new ApiError('Unauthorized', 'A device token is missing: send "Authorization: Device <token>".');
  }
  if (jws.length > 4096) throw new ApiError('Unauthorized', 'The device token is too long.');
  const { header, claims } = decode(jws);
  if (header.alg !== 'EdDSA' || header.typ !== DEVICE_TOKEN_TYPE) {
    throw new ApiError('Unauthorized', `The device token must have alg EdDSA and typ ${DEVICE_TOKEN_TYPE}.`);
  }
  if (!claimsValidator.Check(claims)) {
    throw new ApiError('Unauthorized', 'The device token lacks a claim or has one of the wrong type.');
  }
  return { jws, claims };
}

function decode(jws: string) {
  try {
    return { header: decodeProtectedHeader(jws), claims: decodeJwt(jws) as unknown };
  } catch {
    throw new ApiError('Unauthorized', 'The device token is not a compact JWS.');
  }
}

/**
 * Throws `Unauthorized` or `ClockSkew` unless the token was made by `key`, for a request of this method and path, within the clock window.
 * All of it is known before the body is; the body has to pass {@link requireSignedBody}.
 */
export async function verifyDeviceToken(
  token: ParsedDeviceToken,
  key: KeyObject,
  request: SignedRequest,
  now: Date,
): Promise<void> {
  await compactVerify(token.jws, key, { algorithms: ['EdDSA'] }).catch(() => {
    throw new ApiError('Unauthorized', 'The device token is not signed by this device.');
  });
  const { claims } = token;
  if (claims.htm !== request.method || claims.htu !== request.path) {
    throw new ApiError('Unauthorized', 'The device token was made for another request.');
  }
  if (Math.abs(now.getTime() / 1000 - claims.iat) > DEVICE_CLOCK_WINDOW_S) {
    throw new ApiError(
      'ClockSkew',
      `The device's clock differs from the server's by more than ${DEVICE_CLOCK_WINDOW_S} s. The server's time is in the Date header.`,
    );
  }
}

/** @param hash the `bh` of a token that was verified. @throws Unauthorized */
export function requireSignedBody(hash: string, body: Buffer): void {
  if (hash !== bodyHash(body)) {
    throw new ApiError('Unauthorized', 'The body is not the one that the device signed.');
  }
}

export function publicKeyOf(jwk: Ed25519PublicJwk): KeyObject {
  return createPublicKey({ key: { ...jwk }, format: 'jwk' });
}

/** RFC 7638 thumbprint, base64url SHA-256: the `sub` of a device that has no id yet. */
export function thumbprintOf(jwk: Ed25519PublicJwk): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x }))
    .digest('base64url');
}

function bodyHash(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url');
}
