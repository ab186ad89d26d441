import { describe, expect, it } from 'vitest';
import { fold, isProgramPath, twins, withPlainDollars } from './paths.ts';

describe('paths', () => {
  it('give API routes a pinned twin, and only them', () => {
    expect(twins('/api/machines/:id')).toEqual(['/api/machines/:id', '/api/v1.0/machines/:id']);
    expect(twins('/device/v1/events')).toEqual(['/device/v1/events']);
  });

  it.each([
    ['/API/Machines/', '/api/machines'],
    ['//api//machines?$top=1', '/api/machines'],
    ['/', '/'],
    ['', '/'],
    ['/?x=//', '/'],
  ])('fold %s to %s', (url, folded) => {
    expect(fold(url)).toBe(folded);
  });

  it.each([
    ['/api/alerts/%24count?%24filter=a%20eq%20%24', '/api/alerts/$count?%24filter=a%20eq%20%24'],
    ['/api/%24metadata', '/api/$metadata'],
    ['/api/machines/a%2424', '/api/machines/a$24'],
    ['/api/machines?x=%24', '/api/machines?x=%24'],
  ])('read %s as %s', (url, plain) => {
    expect(withPlainDollars(url)).toBe(plain);
  });

  it('tell what programs ask for from what a browser may open', () => {
    for (const path of [
      '/api/x',
      '/api',
      '/device/v1/enrol',
      '/openapi.json',
      '/t/oauth2/token',
      '/t/v2.0/.well-known/openid-configuration',
    ]) {
      expect([path, isProgramPath(path)]).toEqual([path, true]);
    }
    for (const path of ['/', '/devices', '/devices/abc', '/apiary', '/portal/x', '/auth/callback']) {
      expect([path, isProgramPath(path)]).toEqual([path, false]);
    }
  });
});
