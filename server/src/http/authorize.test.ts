import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { authorize } from './authorize.ts';
import type { ApiAccess, Caller } from './route.ts';

const access: ApiAccess = {
  kind: 'api',
  application: ['Machine.Read.All', 'Machine.ReadWrite.All'],
  delegated: ['Machine.Read'],
  role: 'ViewData.SecurityOperations',
  deviceScope: 'filter',
};
const base: Caller = {
  tenantId: 't',
  kind: 'application',
  id: 'a',
  name: 'a',
  clientId: 'a',
  portal: false,
  permissions: new Set(['Machine.ReadWrite.All']),
  roles: new Set(),
  standing: new Set(),
  deviceGroups: 'all',
};
const person: Caller = {
  ...base,
  kind: 'user',
  permissions: new Set(['Machine.Read']),
  roles: new Set(['ViewData.SecurityOperations']),
};

const allowed = (rule: ApiAccess, caller: Caller): boolean => {
  try {
    authorize(rule, caller);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe('Forbidden');
    return false;
  }
};

describe('authorisation', () => {
  it('takes any one of the listed permissions, and looks at the right list', () => {
    expect(allowed(access, base)).toBe(true);
    expect(allowed(access, { ...base, permissions: new Set(['Machine.Read']) })).toBe(false);
    expect(allowed(access, person)).toBe(true);
    expect(allowed(access, { ...person, permissions: new Set(['Machine.Read.All']) })).toBe(false);
  });

  it('asks a user for the portal role as well, an application not', () => {
    expect(allowed(access, { ...person, roles: new Set() })).toBe(false);
    expect(allowed(access, { ...person, roles: new Set(['PortalSettings.Manage']) })).toBe(false);
    expect(allowed(access, { ...base, roles: new Set() })).toBe(true);
  });

  it('keeps the portal’s own operations to the portal', () => {
    const own: ApiAccess = { ...access, application: [], delegated: 'portal' };
    expect(allowed(own, { ...person, portal: true })).toBe(true);
    expect(allowed(own, person)).toBe(false);
    expect(allowed(own, { ...person, portal: true, roles: new Set() })).toBe(false);
    expect(allowed(own, { ...base, permissions: new Set(['Machine.Read.All']) })).toBe(false);
  });

  it('keeps what outlasts an elevation to who holds the role for good', () => {
    const lasting: ApiAccess = { ...access, lasting: true };
    const elevated: Caller = { ...person, standing: new Set() };
    expect(() => authorize(lasting, elevated)).toThrow(
      expect.objectContaining({ code: 'DisallowedOperation' }),
    );
    expect(allowed({ ...access, lasting: 'unlessOff' }, elevated)).toBe(true);
    expect(allowed(lasting, { ...elevated, standing: elevated.roles })).toBe(true);
    expect(allowed(lasting, base)).toBe(true);
  });

  it('opens nothing to anyone by an empty list', () => {
    expect(allowed({ ...access, application: [] }, base)).toBe(false);
    expect(allowed({ ...access, delegated: [] }, person)).toBe(false);
  });

  it('keeps a token for the detections feed to where such are taken, whatever else it holds', () => {
    const feed: Caller = { ...base, audience: 'siem', permissions: new Set(['Machine.Read.All']) };
    expect(() => authorize(access, feed)).toThrow(expect.objectContaining({ code: 'Unauthorized' }));
    expect(() => authorize({ ...access, audience: 'siem' }, feed)).not.toThrow();
    expect(() => authorize({ ...access, audience: 'siem' }, base)).not.toThrow();
  });
});
