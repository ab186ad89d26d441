import { describe, expect, it } from 'vitest';
import { isTokenByGet } from './token-by-get.ts';

const request = {
  method: 'GET',
  url: '/11111111-1111-4111-8111-111111111111/oauth2/token',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '10' },
};

describe('a token asked for by GET', () => {
  it.each([
    ['of version 1', {}],
    ['of version 2', { url: '/contoso/oauth2/v2.0/token' }],
    ['as carelessly written', { url: '//contoso//OAuth2/token/?a=b' }],
  ])('is known: %s', (_, more) => {
    expect(isTokenByGet({ ...request, ...more })).toBe(true);
  });

  it.each([
    ['by POST', { method: 'POST' }],
    ['without a body', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['with another body', { headers: { ...request.headers, 'content-type': 'application/json' } }],
    ['at another address', { url: '/contoso/oauth2/authorize' }],
    ['at an address of the API', { url: '/api/alerts?x=/a/oauth2/token' }],
  ])('is nothing else: %s', (_, more) => {
    expect(isTokenByGet({ ...request, ...more })).toBe(false);
  });
});
