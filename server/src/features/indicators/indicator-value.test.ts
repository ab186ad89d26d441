import { ApiError, type IndicatorType } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, canonicalDomain, canonicalUrl, indicatorValue } from './indicator-value.ts';

const codeOf = (type: IndicatorType, value: string): string => {
  try {
    return indicatorValue(type, value).compared;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
};

describe('the value of an indicator', () => {
  it.each([
    ['FileSha1', 'A'.repeat(40), 'a'.repeat(40)],
    ['FileSha1', 'a'.repeat(39), 'InvalidHashValue'],
    ['FileSha1', 'g'.repeat(40), 'InvalidHashValue'],
    ['FileSha256', ` ${'0'.repeat(64)} `, '0'.repeat(64)],
    ['FileSha256', 'a'.repeat(40), 'InvalidHashValue'],
    ['FileMd5', 'F'.repeat(32), 'f'.repeat(32)],
    ['FileMd5', '', 'InvalidHashValue'],
    ['CertificateThumbprint', 'AB'.repeat(20), 'ab'.repeat(20)],
    ['CertificateThumbprint', 'ab', 'InvalidHashValue'],
    ['IpAddress', '192.0.2.7', '192.0.2.7'],
    ['IpAddress', '10.1.2.3', '10.1.2.3'],
    ['IpAddress', '2001:DB8:0:0::1', '2001:db8::1'],
    ['IpAddress', '::ffff:192.0.2.7', '192.0.2.7'],
    ['IpAddress', '192.0.2.0/24', 'InvalidIpAddress'],
    ['IpAddress', '2001:db8::/32', 'InvalidIpAddress'],
    ['IpAddress', '192.0.2', 'InvalidIpAddress'],
    ['IpAddress', '192.0.2.07', 'InvalidIpAddress'],
    ['IpAddress', '127.0.0.1', 'InvalidIpAddress'],
    ['IpAddress', '0.0.0.0', 'InvalidIpAddress'],
    ['IpAddress', '224.0.0.1', 'InvalidIpAddress'],
    ['IpAddress', '255.255.255.255', 'InvalidIpAddress'],
    ['IpAddress', '::1', 'InvalidIpAddress'],
    ['IpAddress', 'fe80::1', 'InvalidIpAddress'],
    ['IpAddress', '::ffff:127.0.0.1', 'InvalidIpAddress'],
    ['DomainName', 'Evil.Example.', 'evil.example'],
    ['DomainName', 'bücher.example', 'xn--bcher-kva.example'],
    ['DomainName', '_dmarc.evil.example', '_dmarc.evil.example'],
    ['DomainName', 'localhost', 'InvalidDomainName'],
    ['DomainName', '192.0.2.7', 'InvalidDomainName'],
    ['DomainName', 'http://evil.example', 'InvalidDomainName'],
    ['DomainName', 'evil.example/path', 'InvalidDomainName'],
    ['DomainName', '*.evil.example', 'InvalidDomainName'],
    ['DomainName', '-evil.example', 'InvalidDomainName'],
    ['DomainName', 'evil..example', 'InvalidDomainName'],
    ['DomainName', `${'a'.repeat(64)}.example`, 'InvalidDomainName'],
    ['Url', 'HTTP://Evil.Example:80/A?b=C#d', 'http://evil.example/A?b=C'],
    ['Url', 'evil.example/a', 'http://evil.example/a'],
    ['Url', 'https://user:word@evil.example', 'https://evil.example/'],
    ['Url', 'https://192.0.2.7:8443/x', 'https://192.0.2.7:8443/x'],
    ['Url', 'ftp://evil.example/', 'InvalidUrl'],
    ['Url', 'javascript:alert(1)', 'InvalidUrl'],
    ['Url', 'http://', 'InvalidUrl'],
    ['Url', 'http://evil example/', 'InvalidUrl'],
  ] as const)('%s %j is %s', (type, value, expected) => {
    expect(codeOf(type, value)).toBe(expected);
  });

  it('is shown as it came', () => {
    expect(indicatorValue('Url', 'Evil.Example/a').shown).toBe('Evil.Example/a');
    expect(indicatorValue('DomainName', ' EVIL.example').shown).toBe('EVIL.example');
  });

  it('has one form: what is canonical stays as it is', () => {
    fc.assert(fc.property(fc.ipV6(), (text) => isStable(canonicalAddress, text)));
    const text = fc.string({ unit: fc.constantFrom(...'aB1.-_%:/?#@é '), maxLength: 24 });
    fc.assert(fc.property(text, (some) => isStable(canonicalDomain, some)));
    fc.assert(fc.property(text, (some) => isStable(canonicalUrl, some)));
    fc.assert(fc.property(text, (some) => isStable(canonicalUrl, `https://${some}.example/${some}`)));
  });
});

function isStable(canonical: (text: string) => string | null, text: string): boolean {
  const once = canonical(text);
  return once === null || canonical(once) === once;
}
