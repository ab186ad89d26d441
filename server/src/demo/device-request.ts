/** Requests signed by a device's key, as contract's device protocol wants them. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type Agent, request } from 'node:https';
import { DEVICE_AUTH_SCHEME, DEVICE_TOKEN_TYPE, type Ed25519PublicJwk } from '@merlon/contract';
import { CompactSign } from 'jose';

export interface DeviceKey {
  readonly privateKey: KeyObject;
  readonly jwk: Ed25519PublicJwk;
  /** What a device that has no id yet calls itself. */
  readonly thumbprint: string;
}

export function newDeviceKey(): DeviceKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (typeof x !== 'string') throw new Error('the key has no public part');
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x }, thumbprint };
}

export async function deviceToken(
  key: KeyObject,
  sub: string,
  htm: string,
  htu: string,
  body: Buffer,
): Promise<string> {
  const claims = {
    sub,
    iat: Math.floor(Date.now() / 1000),
    jti: randomBytes(16).toString('base64url'),
    htm,
    htu,
    bh: createHash('sha256').update(body).digest('base64url'),
  };
  const token = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: DEVICE_TOKEN_TYPE })
    .sign(key);
  return `${DEVICE_AUTH_SCHEME} ${token}`;
}

export async function signedRequest(o: {
  origin: string;
  agent: Agent;
  method: string;
  path: string;
  sub: string;
  body: Buffer;
  headers: Record<string, string>;
  privateKey: KeyObject;
}): Promise<{ status: number; text: string; retryAfter: number }> {
  const authorization = await deviceToken(o.privateKey, o.sub, o.method, o.path, o.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${o.origin}${o.path}`,
      {
        method: o.method,
        agent: o.agent,
        headers: { ...o.headers, authorization, 'content-length': String(o.body.length) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            retryAfter: Number(response.headers['retry-after'] ?? 1),
          }),
        );
      },
    );
    sent.once('error', reject);
    sent.end(o.body);
  });
}
