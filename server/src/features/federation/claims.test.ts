import { describe, expect, it } from 'vitest';
import { domainRefusal, foreignClientId, MOST_GROUPS, personOf, provisionedKey, tokenOf } from './claims.ts';
import { usualClaims } from './identity-provider.ts';

describe('the claims of a provider', () => {
  it('give a user name of letters that are allowed, and groups within bounds', () => {
    const groups = Array.from({ length: MOST_GROUPS + 5 }, (_, i) => `g${i}`);
    const person = personOf({ preferred_username: 'Zoë <b>@corp.example', groups }, usualClaims);
    expect(person).toMatchObject({ userName: 'Zoeb', groupsLeftOut: 5 });
    expect(personOf({}, usualClaims)).toEqual({
      userName: 'user',
      displayName: 'user',
      groups: [],
      groupsLeftOut: 0,
    });
  });

  it('are reached inside objects, and not through what every object has', () => {
    const mapping = { ...usualClaims, roles: 'realm_access.roles', program: 'client_id' };
    const claims = { client_id: 'soar', sub: 'x', realm_access: { roles: ['Machine.Read.All'] } };
    expect(tokenOf(claims, mapping).permissions).toEqual(['Machine.Read.All']);
    expect(tokenOf(claims, { ...mapping, roles: 'constructor.name' }).permissions).toEqual([]);
  });

  it('tell which provisioned person it is, and never by an address that nobody verified', () => {
    const key = (claims: Record<string, unknown>, claim = 'oid', attribute = 'externalId' as const) =>
      provisionedKey(claims, { claims: usualClaims, matchProvisioned: { claim, attribute } });
    expect(provisionedKey({ oid: 'x' }, { claims: usualClaims, matchProvisioned: null })).toBeNull();
    expect(key({ oid: ' x ' })).toEqual({ kind: 'key', attribute: 'externalId', value: 'x' });
    for (const odd of [{}, { oid: '' }, { oid: 5 }, { oid: ['x'] }]) expect(key(odd)).toBeNull();
    const refused = { kind: 'refused', reason: 'the e-mail address is not verified' };
    const email = 'ann@corp.example';
    expect(key({ email }, 'email')).toEqual(refused);
    expect(key({ email, email_verified: 'true' }, 'email')).toEqual(refused);
    expect(key({ email, email_verified: true }, 'email')).toMatchObject({ value: email });
    const named = { email, preferred_username: 'Ann@corp.example' };
    expect(key({ ...named, email_verified: false }, 'preferred_username')).toEqual(refused);
    expect(key(named, 'preferred_username')).toMatchObject({ value: 'Ann@corp.example' });
  });

  it('make a program only of what says so', () => {
    const kind = (claims: Record<string, unknown>) => tokenOf(claims, usualClaims).kind;
    expect(kind({ sub: 'ann', roles: ['Machine.Isolate'] })).toBe('user');
    expect(kind({ sub: 'ann', azp: 'portal', roles: ['Machine.Isolate'] })).toBe('user');
    expect(kind({ sub: 'soar', azp: 'soar' })).toBe('application');
    expect(kind({ sub: 'x', azp: 'soar', idtyp: 'app' })).toBe('application');
  });

  it('let in by e-mail domain only when verified', () => {
    const settings = { claims: usualClaims, emailDomains: ['Corp.example'] };
    expect(domainRefusal({ email: 'a@corp.example', email_verified: true }, settings)).toBeNull();
    expect(domainRefusal({ email: 'a@corp.example', email_verified: 'true' }, settings)).not.toBeNull();
    expect(
      domainRefusal({ email: 'a@corp.example@evil.example', email_verified: true }, settings),
    ).not.toBeNull();
  });

  it('name a program apart by tenant and issuer', () => {
    const id = foreignClientId('t', 'https://a.example', 'soar');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(foreignClientId('u', 'https://a.example', 'soar'));
  });
});
