import { createHash, generateKeyPairSync } from 'node:crypto';
import { DEVICE_CLOCK_WINDOW_S, DEVICE_TOKEN_TYPE } from '@merlon/contract';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseDeviceToken, requireSignedBody, thumbprintOf, verifyDeviceToken } from './device-token.ts';
import { SingleUse } from './single-use.ts';

const now = new Date('2026-11-24T12:00:00Z');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const body = Buffer.from('the body');
const request = { method: 'POST', path: '/device/v1/events', authorization: undefined };
const claims = {
  sub: 'ab'.repeat(20),
  iat: now.getTime() / 1000,
  jti: 'x'.repeat(22),
  htm: 'POST',
  htu: '/device/v1/events',
  bh: createHash('sha256').update(body).digest('base64url'),
};
const token = async (more: object = {}, header: object = {}, key = privateKey) =>
  `Device ${await new CompactSign(Buffer.from(JSON.stringify({ ...claims, ...more }))).setProtectedHeader({ alg: 'EdDSA', typ: DEVICE_TOKEN_TYPE, ...header }).sign(key)}`;
const check = async (authorization: string, at = now) => {
  const parsed = parseDeviceToken(authorization);
  await verifyDeviceToken(parsed, publicKey, request, at);
  requireSignedBody(parsed.claims.bh, body);
};

describe('a device token', () => {
  it('is taken for exactly the request it was made for', async () => {
    await expect(check(await token())).resolves.toBeUndefined();
  });

  it.each([
    ['another method', { htm: 'GET' }, 'Unauthorized'],
    ['another path', { htu: '/device/v1/channel' }, 'Unauthorized'],
    ['another body', { bh: createHash('sha256').update('other').digest('base64url') }, 'Unauthorized'],
    ['a time too far back', { iat: claims.iat - DEVICE_CLOCK_WINDOW_S - 1 }, 'ClockSkew'],
    ['a time too far ahead', { iat: claims.iat + DEVICE_CLOCK_WINDOW_S + 1 }, 'ClockSkew'],
    ['no subject', { sub: undefined }, 'Unauthorized'],
    ['no id', { jti: 'short' }, 'Unauthorized'],
  ])('is refused with %s', async (_, more, code) => {
    await expect((async () => check(await token(more)))()).rejects.toMatchObject({ code });
  });

  it('is refused when another key signed it, or another kind of token is shown', async () => {
    await expect(check(await token({}, {}, generateKeyPairSync('ed25519').privateKey))).rejects.toMatchObject(
      { code: 'Unauthorized' },
    );
    await expect((async () => check(await token({}, { typ: 'merlon-order+jwt' })))()).rejects.toMatchObject({
      code: 'Unauthorized',
    });
  });

  it('is refused without a signature', () => {
    const none = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(() =>
      parseDeviceToken(`Device ${none({ alg: 'none', typ: DEVICE_TOKEN_TYPE })}.${none(claims)}.`),
    ).toThrow();
  });

  it('is refused as such, whatever text is sent', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const header of [text, `Device ${text}`, `Device ${text}.${text}.${text}`]) {
          try {
            parseDeviceToken(header);
          } catch (error) {
            expect(error).toMatchObject({ code: 'Unauthorized' });
          }
        }
      }),
    );
  });
});

describe('a key’s thumbprint', () => {
  it('is that of RFC 8037, appendix A.3', () => {
    expect(
      thumbprintOf({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
    ).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});

describe('single use', () => {
  it('remembers an id for the whole window, and forgets it after two', () => {
    const ids = new SingleUse(1_000, 0);
    expect(ids.take('a', 0)).toBe('fresh');
    expect(ids.take('a', 999)).toBe('used');
    expect(ids.take('b', 999)).toBe('fresh');
    expect(ids.take('b', 1_500)).toBe('used');
    expect(ids.take('a', 3_500)).toBe('fresh');
  });

  it('refuses rather than forgets when it is full', () => {
    const ids = new SingleUse(1_000, 0, 1);
    expect(ids.take('a', 0)).toBe('fresh');
    expect(ids.take('b', 0)).toBe('full');
  });
});
