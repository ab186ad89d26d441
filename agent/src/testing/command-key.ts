/** A server's command key, for tests: signs enrolment tokens and orders as the real one does. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import {
  type CancelClaims,
  type Ed25519PublicJwk,
  ENROLMENT_TOKEN_TYPE,
  type EnrolmentClaims,
  nowIso7,
  type OnboardingPackage,
  ORDER_TYPE,
  type OrderClaims,
} from '@merlon/contract';
import { CompactSign } from 'jose';

export class TestCommandKey {
  readonly publicJwk: Ed25519PublicJwk;
  readonly #privateKey: KeyObject;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#privateKey = privateKey;
    this.publicJwk = { kty: 'OKP', crv: 'Ed25519', x: String(publicKey.export({ format: 'jwk' }).x) };
  }

  sign(typ: string, claims: object): Promise<string> {
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'EdDSA', typ })
      .sign(this.#privateKey);
  }

  order(claims: Partial<OrderClaims> & Pick<OrderClaims, 'sub' | 'seq'>, now: Date): Promise<string> {
    return this.sign(ORDER_TYPE, orderClaims(claims, now));
  }

  cancel(claims: Pick<CancelClaims, 'sub' | 'cancelledOrderId'>, now: Date): Promise<string> {
    return this.sign(ORDER_TYPE, { jti: randomUUID(), ...times(now), ...claims });
  }

  async package(
    facts: { tenantId: string; serverUrl: string; caPem: string; tag?: string },
    now: Date,
    secondsValid = 3600,
  ): Promise<OnboardingPackage> {
    const { tenantId, serverUrl, caPem, tag } = facts;
    const packageId = randomUUID();
    const exp = Math.floor(now.getTime() / 1000) + secondsValid;
    const claims: EnrolmentClaims = {
      tid: tenantId,
      pkg: packageId,
      iat: exp - 3600,
      exp,
      ...(tag === undefined ? {} : { tag }),
      srv: serverUrl,
      ca: createHash('sha256').update(caPem).digest('base64url'),
    };
    return {
      kind: 'merlon-onboarding',
      version: 1,
      tenantId,
      packageId,
      serverUrl,
      caPem,
      commandKey: this.publicJwk,
      enrolmentToken: await this.sign(ENROLMENT_TOKEN_TYPE, claims),
      expiresAt: nowIso7(new Date(exp * 1000)),
      ...(tag === undefined ? {} : { tag }),
    };
  }
}

export function orderClaims(
  claims: Partial<OrderClaims> & Pick<OrderClaims, 'sub' | 'seq'>,
  now: Date,
): OrderClaims {
  return { jti: randomUUID(), kind: 'Isolate', params: { isolationType: 'Full' }, ...times(now), ...claims };
}

function times(now: Date): { iat: number; exp: number } {
  const iat = Math.floor(now.getTime() / 1000);
  return { iat, exp: iat + 600 };
}
