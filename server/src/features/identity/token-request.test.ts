import { describe, expect, it } from 'vitest';
import { AadstsError } from './aadsts.ts';
import { applicationAudience, DELEGATED_SCOPES, userScopes } from './token-request.ts';

const API = 'https://api.securitycenter.microsoft.com';
const codeOf = (work: () => unknown): number => {
  try {
    work();
  } catch (error) {
    if (error instanceof AadstsError) return error.code;
    throw error;
  }
  return 0;
};

describe('the audience of an application', () => {
  it('is the resource in v1 and the scope before /.default in v2', () => {
    expect(applicationAudience(1, { resource: API }, 'T')).toBe(API);
    expect(applicationAudience(1, { resource: `${API}/` }, 'T')).toBe(`${API}/`);
    expect(applicationAudience(2, { scope: `${API}/.default` }, 'T')).toBe(API);
    expect(applicationAudience(2, { scope: ` ${API}//.default ` }, 'T')).toBe(`${API}/`);
    expect(applicationAudience(2, { scope: `offline_access ${API}/.default` }, 'T')).toBe(API);
    expect(applicationAudience(1, { resource: 'https://graph.windows.net' }, 'T')).toBe(
      'https://graph.windows.net',
    );
  });

  it.each([
    [1, {}, 900144],
    [1, { resource: '' }, 900144],
    [1, { resource: [API, API] }, 9002313],
    [1, { resource: 'https://management.azure.com' }, 500011],
    [2, { resource: API }, 900144],
    [2, { scope: `${API}/Alert.Read` }, 1002012],
    [2, { scope: `${API}/.default openid` }, 1002012],
    [2, { scope: 'offline_access' }, 1002012],
    [2, { scope: '/.default' }, 500011],
  ] as const)('v%s %j is refused with %s', (version, fields, code) => {
    expect(codeOf(() => applicationAudience(version, fields as never, 'T'))).toBe(code);
  });
});

describe('the scopes of a person', () => {
  it('are all permissions for .default and for a v1 resource', () => {
    expect(userScopes(2, { scope: `openid profile ${API}/.default` }, 'T', DELEGATED_SCOPES)).toEqual({
      audience: API,
      scopes: ['openid', 'profile', ...DELEGATED_SCOPES],
    });
    expect(userScopes(1, { resource: API }, 'T', DELEGATED_SCOPES)).toEqual({
      audience: API,
      scopes: ['openid', ...DELEGATED_SCOPES],
    });
  });

  it('are single permissions when named', () => {
    expect(userScopes(2, { scope: `${API}/Alert.Read ${API}/Machine.Read` }, 'T', DELEGATED_SCOPES)).toEqual({
      audience: API,
      scopes: ['openid', 'Alert.Read', 'Machine.Read'],
    });
  });

  it('are only those granted to the client', () => {
    expect(userScopes(2, { scope: `${API}/.default` }, 'T', ['Alert.Read']).scopes).toEqual([
      'openid',
      'Alert.Read',
    ]);
    expect(codeOf(() => userScopes(2, { scope: `${API}/Machine.Read` }, 'T', ['Alert.Read']))).toBe(65001);
  });

  it.each([
    ['Alert.Nothing', 70011],
    [`${API}/Alert.Read.All`, 70011],
    [`${API}/Alert.Read https://api.security.microsoft.com/Machine.Read`, 70011],
    ['https://management.azure.com/.default', 500011],
  ])('%s is refused', (scope, code) => {
    expect(codeOf(() => userScopes(2, { scope }, 'T', DELEGATED_SCOPES))).toBe(code);
  });
});
