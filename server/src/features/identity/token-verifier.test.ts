import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SigningKeys } from './signing-keys.ts';
import type { Tenants } from './tenants.ts';
import { createTokenVerifier } from './token-verifier.ts';

const ORIGIN = 'https://merlon.example';
const TENANT = '11111111-1111-4111-8111-111111111111';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const start = Date.parse('2026-11-24T12:00:00Z');
let now = start;
let kids = ['k1'];

const verify = createTokenVerifier({
  keys: {
    current: () => kids.map((kid) => ({ kid })),
    find: async (kid: string) => (kids.includes(kid) ? { kid, publicKey } : null),
  } as unknown as SigningKeys,
  tenants: { find: async (id: string) => (id === TENANT ? { id } : null) } as unknown as Tenants,
  clock: { now: () => new Date(now) },
  portalClientId: 'portal',
  foreign: async () => null,
  publicOrigin: () => ORIGIN,
});

const claims = {
  aud: 'https://api.securitycenter.microsoft.com',
  iss: `${ORIGIN}/${TENANT}/v2.0`,
  iat: start / 1_000 - 300,
  nbf: start / 1_000 - 300,
  exp: start / 1_000 + 3_600,
  tid: TENANT,
  azp: 'app-1',
  oid: 'object-1',
  app_displayname: 'An app',
  idtyp: 'app',
  roles: ['Machine.Read.All'],
  ver: '2.0',
};

const sign = async (payload: JWTPayload, key: KeyObject = privateKey, kid = 'k1') =>
  `Bearer ${await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(key)}`;

beforeEach(() => {
  now = start;
  kids = ['k1'];
});

describe('a good token', () => {
  it('of an application, of either version', async () => {
    const expected = {
      tenantId: TENANT,
      kind: 'application',
      clientId: 'app-1',
      subjectId: 'object-1',
      name: 'An app',
      permissions: ['Machine.Read.All'],
      portal: false,
    };
    expect(await verify(await sign(claims))).toEqual(expected);
    const { azp, ...v1 } = claims;
    expect(await verify(await sign({ ...v1, appid: azp, ver: '1.0', iss: `${ORIGIN}/${TENANT}/` }))).toEqual(
      expected,
    );
  });

  it('of a person', async () => {
    const { roles: _, ...rest } = claims;
    const token = await sign({
      ...rest,
      idtyp: 'user',
      azp: 'portal',
      preferred_username: 'a@b.example',
      scp: 'Alert.Read Machine.Read',
    });
    expect(await verify(token)).toMatchObject({
      kind: 'user',
      name: 'a@b.example',
      permissions: ['Alert.Read', 'Machine.Read'],
      portal: true,
    });
  });

  it('with no word before it', async () => {
    const token = (await sign(claims)).slice('Bearer '.length);
    expect(await verify(token)).toMatchObject({ clientId: 'app-1' });
  });

  it('ends, also when it was seen before', async () => {
    const token = await sign(claims);
    await verify(token);
    now = start + 3_599_000;
    await verify(token);
    now = start + 3_700_000;
    await expect(verify(token)).rejects.toMatchObject({ code: 'Unauthorized' });
  });

  it('ends with its key', async () => {
    const token = await sign(claims);
    await verify(token);
    kids = ['k2'];
    await expect(verify(token)).rejects.toMatchObject({ code: 'Unauthorized' });
  });
});

describe('a bad token', () => {
  it.each([
    ['expired', { exp: start / 1_000 - 60 }],
    ['not yet valid', { nbf: start / 1_000 + 60 }],
    ['for another API', { aud: 'https://management.azure.com' }],
    ['for several APIs', { aud: [claims.aud, 'https://management.azure.com'] }],
    ['from another issuer', { iss: `https://evil.example/${TENANT}/v2.0` }],
    ['whose issuer is of another tenant', { iss: `${ORIGIN}/22222222-2222-4222-8222-222222222222/v2.0` }],
    ['of a tenant that is not here', { tid: 'x', iss: `${ORIGIN}/x/v2.0` }],
    ['without an object id', { oid: undefined }],
    ['of another version than its issuer', { ver: '1.0', appid: 'app-1' }],
  ])('%s is refused, without saying why', async (_name, change) => {
    await expect(verify(await sign({ ...claims, ...change }))).rejects.toMatchObject({
      code: 'Unauthorized',
      publicMessage: 'The token is missing, expired or not valid.',
    });
  });

  it('by another key, or of an unknown one, is refused', async () => {
    await expect(verify(await sign(claims, stranger))).rejects.toMatchObject({ code: 'Unauthorized' });
    await expect(verify(await sign(claims, privateKey, 'k9'))).rejects.toMatchObject({
      code: 'Unauthorized',
    });
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'Bearer a b',
    'Bearer x.y.z',
    `Bearer ${'a'.repeat(20_000)}`,
  ])('%s is refused', async (header) => {
    await expect(verify(header)).rejects.toMatchObject({ code: 'Unauthorized' });
  });
});
