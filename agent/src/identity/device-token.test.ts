import { createHash } from 'node:crypto';
import { DeviceTokenClaims } from '@merlon/contract';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, it } from 'vitest';
import { check } from '../files/check.ts';
import { DeviceKey } from './device-key.ts';
import { deviceAuthorization } from './device-token.ts';

it('binds method, path, time and body, and never repeats', () => {
  const key = DeviceKey.ephemeral();
  const body = Buffer.from('body');
  const make = () =>
    deviceAuthorization(
      key,
      'x',
      { method: 'POST', path: '/device/v1/events', body },
      new Date(1_700_000_000_900),
    );
  const [scheme, jws = ''] = make().split(' ');
  expect(scheme).toBe('Device');
  expect(decodeProtectedHeader(jws)).toEqual({ alg: 'EdDSA', typ: 'merlon-device+jwt' });
  const claims = check(DeviceTokenClaims, decodeJwt(jws), 'claims');
  expect(claims).toMatchObject({
    sub: 'x',
    iat: 1_700_000_000,
    htm: 'POST',
    htu: '/device/v1/events',
    bh: createHash('sha256').update(body).digest('base64url'),
  });
  expect(make()).not.toBe(make());
});
