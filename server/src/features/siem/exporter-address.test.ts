import { describe, expect, it } from 'vitest';
import { exporterUrl } from './exporter-address.ts';

const hosts = new Set(['siem.example.com']);
const none = new Set<string>();
const tokenFor = (aud: unknown) =>
  `e30.${Buffer.from(JSON.stringify({ aud })).toString('base64url')}.c2lnbmF0dXJl`;
const bearer = (aud: unknown) => ({ authorization: `Bearer ${tokenFor(aud)}` });
const turned = (url: string, headers: Record<string, string> = {}, method = 'GET', known = hosts) =>
  exporterUrl({ method, url, headers }, known);

describe('the address of the detections feed', () => {
  it.each(['/siem/api/alerts', '/SIEM/API/Alerts/', '//siem//api/alert', '/siem/api/alert/'])(
    'is %s under every name',
    (url) => {
      expect(turned(url, { host: 'localhost:8443' }, 'GET', none)).toBe('/siem/api/alerts');
    },
  );

  it.each(['/api/alerts', '/api/Alerts/', '/API/alert', '//api/alerts'])(
    'is %s under its own names',
    (url) => {
      expect(turned(url, { host: 'SIEM.example.com:8443' })).toBe('/siem/api/alerts');
      expect(turned(url, { host: 'merlon.example.com' })).toBe(url);
      expect(turned(url)).toBe(url);
    },
  );

  it('is that of the alerts API for a token of its audience', () => {
    expect(turned('/api/alerts/?ago=PT10M', bearer('https://graph.windows.net'))).toBe(
      '/siem/api/alerts?ago=PT10M',
    );
    expect(turned('/api/alert', bearer('https://graph.windows.net/'))).toBe('/siem/api/alerts');
    expect(turned('/api/alerts', { authorization: tokenFor('https://graph.windows.net') })).toBe(
      '/siem/api/alerts',
    );
  });

  it('is no other', () => {
    const wanted = bearer('https://graph.windows.net');
    for (const url of ['/api/alerts/da1_1', '/api/alertsx', '/api/machines', '/v1.0/api/alerts', '/'])
      expect(turned(url, { ...wanted, host: 'siem.example.com' })).toBe(url);
    expect(turned('/api/alerts', { ...wanted, host: 'siem.example.com' }, 'POST')).toBe('/api/alerts');
  });

  it.each([
    bearer('https://api.securitycenter.microsoft.com'),
    bearer(['https://graph.windows.net']),
    bearer(7),
    { authorization: 'Bearer e30.bm90IGpzb24.c2ln' },
    { authorization: 'Bearer e30.bnVsbA.c2ln' },
    { authorization: `Bearer ${'a'.repeat(20_000)}` },
    { authorization: 'Basic YTpi' },
    { authorization: '' },
  ])('is not there for other tokens: %j', (headers) => {
    expect(turned('/api/alerts', headers)).toBe('/api/alerts');
  });
});
