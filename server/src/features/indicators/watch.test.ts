import { describe, expect, it } from 'vitest';
import { IndicatorWatch, type WatchedIndicator } from './watch.ts';

const indicator = (
  more: Partial<WatchedIndicator> & Pick<WatchedIndicator, 'type' | 'value'>,
): WatchedIndicator => ({
  id: more.value,
  action: 'Alert',
  title: more.value,
  description: '',
  severity: 'High',
  recommendedActions: null,
  groups: [],
  generateAlert: true,
  expiresAt: null,
  ...more,
});
const found = (indicators: readonly WatchedIndicator[], row: Record<string, unknown>, atMs = 0, group = '') =>
  new IndicatorWatch(indicators).match(row, group, atMs).map(({ id }) => id);

const sha256 = 'a'.repeat(64);
const sha1 = 'b'.repeat(40);
const md5 = 'c'.repeat(32);

describe('indicators in events', () => {
  it.each([
    ['SHA256', 'FileSha256', sha256],
    ['SHA1', 'FileSha1', sha1],
    ['MD5', 'FileMd5', md5],
    ['InitiatingProcessSHA256', 'FileSha256', sha256],
    ['InitiatingProcessSHA1', 'FileSha1', sha1],
    ['InitiatingProcessMD5', 'FileMd5', md5],
    ['SignerHash', 'CertificateThumbprint', sha1],
    ['RemoteIP', 'IpAddress', '192.0.2.1'],
    ['FileOriginIP', 'IpAddress', '192.0.2.1'],
    ['RemoteUrl', 'DomainName', 'evil.example'],
    ['FileOriginUrl', 'Url', 'http://evil.example/a'],
  ] as const)('are found in %s', (column, type, value) => {
    expect(found([indicator({ type, value })], { [column]: value })).toEqual([value]);
    expect(found([indicator({ type, value })], { [column]: `${value}x` })).toEqual([]);
  });

  it.each([
    ['evil.example', true],
    ['EVIL.example', true],
    ['a.b.evil.example', true],
    ['https://www.evil.example:8443/path?x=1', true],
    ['notevil.example', false],
    ['evil.example.com', false],
    ['example', false],
    ['', false],
  ])('a domain stands for the names below it: %s', (url, matches) => {
    const watched = [indicator({ type: 'DomainName', value: 'evil.example' })];
    expect(found(watched, { RemoteUrl: url })).toEqual(matches ? ['evil.example'] : []);
  });

  it.each([
    ['http://h.example/a', 'https://h.example/a', true],
    ['http://h.example/a', 'http://h.example/a/b', true],
    ['http://h.example/a', 'http://h.example/a?q', true],
    ['http://h.example/a', 'http://h.example/ab', false],
    ['http://h.example/a', 'http://h.example/', false],
    ['http://h.example/a', 'http://x.h.example/a', false],
    ['http://h.example/', 'h.example', true],
    ['http://h.example/', 'http://h.example/any', true],
    ['http://h.example:81/', 'http://h.example/', false],
  ])('the URL %s in %s: %s', (value, url, matches) => {
    expect(found([indicator({ type: 'Url', value })], { RemoteUrl: url })).toEqual(matches ? [value] : []);
  });

  it('are found in what was inspected of a connection', () => {
    const watched = [indicator({ type: 'DomainName', value: 'evil.example' })];
    const row = { ActionType: 'DnsConnectionInspected', AdditionalFields: '{"query":"x.evil.example"}' };
    expect(found(watched, row)).toEqual(['evil.example']);
    expect(found(watched, { ...row, AdditionalFields: '{' })).toEqual([]);
  });

  it('rule over each other: the stronger hash, the more exact name, and what is allowed says nothing', () => {
    const strong = indicator({ type: 'FileSha256', value: sha256 });
    const weak = indicator({ type: 'FileMd5', value: md5 });
    const row = { SHA256: sha256, MD5: md5 };
    expect(found([strong, weak], row)).toEqual([sha256]);
    expect(found([{ ...strong, action: 'Allowed' }, weak], row)).toEqual([]);
    expect(found([strong, { ...weak, action: 'Allowed' }], row)).toEqual([sha256]);
    expect(found([{ ...strong, generateAlert: false, action: 'Block' }], row)).toEqual([]);
    const domain = indicator({ type: 'DomainName', value: 'evil.example' });
    const below = indicator({ type: 'DomainName', value: 'good.evil.example', action: 'Allowed' });
    expect(found([domain, below], { RemoteUrl: 'good.evil.example' })).toEqual([]);
    expect(found([domain, below], { RemoteUrl: 'bad.evil.example' })).toEqual(['evil.example']);
  });

  it('are for the devices of their groups, and for events before they cease', () => {
    const watched = [indicator({ type: 'FileSha1', value: sha1, groups: ['Red'], expiresAt: 1_000 })];
    expect(found(watched, { SHA1: sha1 }, 999, 'red')).toEqual([sha1]);
    expect(found(watched, { SHA1: sha1 }, 1_000, 'red')).toEqual([]);
    expect(found(watched, { SHA1: sha1 }, 0, 'Blue')).toEqual([]);
    expect(found(watched, { SHA1: sha1 })).toEqual([]);
  });
});
