/**
 * The key that speaks for the platform to its devices: it signs enrolment tokens and orders. Its public half is pinned in every onboarding
 * package, so whoever stands between server and device can command nothing.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Ed25519PublicJwk } from '@merlon/contract';
import { CompactSign, compactVerify } from 'jose';

export interface CommandKey {
  readonly publicJwk: Ed25519PublicJwk;
  sign(typ: string, claims: object): Promise<string>;
  /** The claims, unchecked but for the signature and `typ`; null when either is wrong. */
  verify(typ: string, jws: string): Promise<unknown>;
}

export function newCommandKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function commandKeyFrom(pem: string): CommandKey {
  const privateKey = createPrivateKey(pem);
  const publicKey: KeyObject = createPublicKey(privateKey);
  const { x } = publicKey.export({ format: 'jwk' });
  if (typeof x !== 'string') throw new Error('the command key is not an Ed25519 key');
  return {
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x },
    sign: (typ, claims) =>
      new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'EdDSA', typ })
        .sign(privateKey),
    async verify(typ, jws) {
      try {
        const { payload, protectedHeader } = await compactVerify(jws, publicKey, { algorithms: ['EdDSA'] });
        return protectedHeader.typ === typ ? JSON.parse(Buffer.from(payload).toString('utf8')) : null;
      } catch {
        return null;
      }
    },
  };
}
