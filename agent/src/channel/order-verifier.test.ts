import { generateKeyPairSync } from 'node:crypto';
import { ENROLMENT_TOKEN_TYPE, ORDER_TYPE } from '@merlon/contract';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import { orderClaims, TestCommandKey } from '../testing/command-key.ts';
import { isNewer, OrderVerifier } from './order-verifier.ts';

const now = new Date('2026-11-24T12:00:00Z');
const deviceId = 'a'.repeat(40);
const key = new TestCommandKey();
const verifier = new OrderVerifier(key.publicJwk);
const context = { deviceId, now };
const claims = orderClaims({ sub: deviceId, seq: 7 }, now);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const good = () => key.order(claims, now);
const parts = async () => (await good()).split('.') as [string, string, string];

async function hmacWithPublicKey(): Promise<string> {
  const secret = Buffer.from(key.publicJwk.x, 'base64url');
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', typ: ORDER_TYPE })
    .sign(secret);
}

async function ownKeyInHeader(): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: ORDER_TYPE, jwk: publicKey.export({ format: 'jwk' }) })
    .sign(privateKey);
}

describe('OrderVerifier', () => {
  it('takes an order of the pinned key to this device', async () => {
    expect(await verifier.order(await good(), context)).toEqual({ ok: true, claims });
  });

  const notSigned = /not signed by the command key/;
  it.each<[string, () => Promise<string>, RegExp]>([
    ['signed by another key', () => new TestCommandKey().order(claims, now), notSigned],
    ['with the key it brings along', ownKeyInHeader, notSigned],
    [
      'with alg none',
      async () => `${encode({ alg: 'none', typ: ORDER_TYPE })}.${(await parts())[1]}.`,
      notSigned,
    ],
    ['with the public key as an HMAC secret', hmacWithPublicKey, notSigned],
    [
      'with a changed payload',
      async () => {
        const [header, , signature] = await parts();
        return `${header}.${encode({ ...claims, kind: 'Unisolate' })}.${signature}`;
      },
      notSigned,
    ],
    ['with a changed signature', async () => `${(await good()).slice(0, -4)}AAAA`, notSigned],
    [
      'with a changed header',
      async () => `${encode({ alg: 'EdDSA' })}.${(await parts()).slice(1).join('.')}`,
      notSigned,
    ],
    ['that is no JWS', async () => 'order', notSigned],
    ['that is empty', async () => '', notSigned],
    ['that is a token of another kind', () => key.sign(ENROLMENT_TOKEN_TYPE, claims), /its typ is not/],
    ['to another device', () => key.order({ ...claims, sub: 'b'.repeat(40) }, now), /another device/],
    [
      'that expired',
      () => key.order({ ...claims, exp: claims.iat }, now),
      /expired at 2026-11-24T12:00:00.000Z/,
    ],
    [
      'of an unknown kind',
      () => key.sign(ORDER_TYPE, { ...claims, kind: 'Wipe' }),
      /no order of kind "Wipe"/,
    ],
    ['without a sequence', () => key.sign(ORDER_TYPE, { ...claims, seq: undefined }), /malformed at/],
    ['with sequence zero', () => key.order({ ...claims, seq: 0 }, now), /malformed at \/seq/],
    ['with a sequence in text', () => key.sign(ORDER_TYPE, { ...claims, seq: '7' }), /malformed at \/seq/],
    [
      'that is a cancellation',
      () => key.cancel({ sub: deviceId, cancelledOrderId: claims.jti }, now),
      /malformed at/,
    ],
    ['whose payload is a list', () => key.sign(ORDER_TYPE, []), /malformed at/],
  ])('refuses one %s', async (_what, make, reason) => {
    const verified = await verifier.order(await make(), context);
    expect(verified).toMatchObject({ ok: false });
    expect(verified.ok ? '' : verified.reason).toMatch(reason);
  });

  it('expires by the corrected clock, to the second', async () => {
    const jws = await good();
    const at = (seconds: number) => verifier.order(jws, { deviceId, now: new Date(seconds * 1000) });
    expect((await at(claims.exp - 1)).ok).toBe(true);
    expect((await at(claims.exp)).ok).toBe(false);
  });

  it('names the order it refuses when it can be read, and nothing else', async () => {
    const forged = await new TestCommandKey().order(claims, now);
    expect(await verifier.order(forged, context)).toMatchObject({ orderId: claims.jti });
    const odd = await key.sign(ORDER_TYPE, { ...claims, jti: 'x'.repeat(10_000) });
    expect(await verifier.order(odd, context)).toMatchObject({ ok: false, orderId: '' });
  });

  it('takes cancellations, and no order for one', async () => {
    const cancel = await key.cancel({ sub: deviceId, cancelledOrderId: claims.jti }, now);
    expect(await verifier.cancel(cancel, context)).toMatchObject({ ok: true });
    expect(await verifier.cancel(await good(), context)).toMatchObject({ ok: false });
  });

  it('refuses every mutation of a genuine order', async () => {
    const genuine = await good();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(genuine.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (at, char) => {
          const mutated = genuine.slice(0, at) + char + genuine.slice(at + 1);
          const verified = await verifier.order(mutated, context);
          // The last character of base64url carries bits that count for nothing.
          if (verified.ok) expect(decoded(mutated)).toEqual(decoded(genuine));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const decoded = (jws: string) => jws.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));

describe('isNewer', () => {
  it.each([
    [8, 7, true],
    [7, 7, false],
    [6, 7, false],
    [2 ** 53, 7, false],
  ])('seq %d after %d: %s', (seq, lastSeq, expected) => {
    expect(isNewer({ seq }, lastSeq)).toBe(expected);
  });
});
