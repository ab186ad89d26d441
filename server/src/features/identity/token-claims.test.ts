import { describe, expect, it } from 'vitest';
import { applicationClaims, issuer, type Stamp, userClaims } from './token-claims.ts';

const stamp = (version: 1 | 2, clientProof: Stamp['clientProof'] = '0'): Stamp => ({
  version,
  origin: 'https://merlon.example',
  tenantId: 'tenant-1',
  audience: 'https://api.securitycenter.microsoft.com',
  issuedAt: 1_000_000,
  expiresAt: 1_003_600,
  tokenId: 'id-1',
  clientProof,
});
const user = {
  id: 'user-1',
  tenantId: 'tenant-1',
  principalName: 'a@b.example',
  displayName: 'A B',
  mustChangePassword: false,
};
const app = {
  clientId: 'app-1',
  objectId: 'object-1',
  tenantId: 'tenant-1',
  name: 'App',
  permissions: [],
  homeTenantId: 'tenant-1',
  delegated: [],
  isPublic: false,
  redirectUris: [],
  multiTenant: false,
  passwordGrant: false,
  enabled: true,
};

describe('claims', () => {
  it('of a person in a v1 token', () => {
    expect(userClaims(stamp(1), user, 'portal', ['Alert.Read', 'Machine.Read'])).toEqual({
      aud: 'https://api.securitycenter.microsoft.com',
      iss: 'https://merlon.example/tenant-1/',
      iat: 999_700,
      nbf: 999_700,
      exp: 1_003_600,
      tid: 'tenant-1',
      uti: 'id-1',
      ver: '1.0',
      appid: 'portal',
      appidacr: '0',
      amr: ['pwd'],
      unique_name: 'a@b.example',
      upn: 'a@b.example',
      idtyp: 'user',
      name: 'A B',
      oid: 'user-1',
      scp: 'Alert.Read Machine.Read',
      sub: 'user-1',
    });
  });

  it('of a person in a v2 token name him and the client otherwise', () => {
    const claims = userClaims(stamp(2), user, 'portal', []);
    expect(claims).toMatchObject({
      iss: issuer(2, 'https://merlon.example', 'tenant-1'),
      ver: '2.0',
      azp: 'portal',
      azpacr: '0',
      preferred_username: 'a@b.example',
    });
    for (const absent of ['appid', 'upn', 'unique_name', 'roles']) expect(claims).not.toHaveProperty(absent);
  });

  it('of an application without permissions have no roles at all', () => {
    expect(applicationClaims(stamp(2), app)).not.toHaveProperty('roles');
    expect(applicationClaims(stamp(1), { ...app, permissions: ['Alert.Read.All'] })).toMatchObject({
      roles: ['Alert.Read.All'],
      appid: 'app-1',
      idp: 'https://merlon.example/tenant-1/',
    });
  });
});
