import { describe, expect, it } from 'vitest';
import { answerAddress, consentScopes, isRegisteredRedirect } from './consent.ts';

const API = 'https://api.securitycenter.microsoft.com';

describe('a request for consent', () => {
  it('asks for what is registered, or for permissions by name', () => {
    expect(consentScopes(undefined)).toBe('registered');
    expect(consentScopes(`${API}/.default openid`)).toBe('registered');
    expect(consentScopes(`openid ${API}/Alert.Read ${API}//Machine.Read`)).toEqual([
      'Alert.Read',
      'Machine.Read',
    ]);
    for (const scope of ['https://elsewhere.example/Alert.Read', `${API}/No.Such`, 'No.Such'])
      expect(() => consentScopes(scope), scope).toThrow(expect.objectContaining({ code: 70011 }));
  });

  it('is answered at registered addresses only', () => {
    const web = { redirectUris: ['https://a.example/back', 'http://localhost/back'], isPublic: false };
    expect(isRegisteredRedirect(web, 'https://a.example/back')).toBe(true);
    for (const other of ['https://a.example/back2', 'https://b.example/back', 'http://localhost:9/back', 'x'])
      expect(isRegisteredRedirect(web, other), other).toBe(false);
    const desktop = { ...web, isPublic: true };
    expect(isRegisteredRedirect(desktop, 'http://localhost:9/back')).toBe(true);
    expect(isRegisteredRedirect(desktop, 'http://127.0.0.1:9/back')).toBe(false);
    expect(isRegisteredRedirect(desktop, 'https://a.example:9/back')).toBe(false);
  });

  it('keeps the query of the address', () => {
    expect(answerAddress('https://a.example/b?x=1', { admin_consent: 'True', state: undefined })).toBe(
      'https://a.example/b?x=1&admin_consent=True',
    );
  });
});
