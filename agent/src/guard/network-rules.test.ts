import type { IndicatorItem } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText } from '../sensor/bpf-records.ts';
import { addressKey, nameKey, nameOfKey, networkRules, ruleOfName } from './network-rules.ts';

const item = (
  type: IndicatorItem['type'],
  value: string,
  action: IndicatorItem['action'] = 'Block',
): IndicatorItem => ({ id: value.slice(0, 32), type, value, action, title: '', severity: 'Low' });
const bitsOf = (key: Buffer) => key.readUInt32LE(0);

describe('keys of addresses', () => {
  it.each([
    ['1.2.3.4', 128, '::ffff:1.2.3.4'],
    ['::1', 128, '::1'],
    ['::', 128, '::'],
    ['2001:db8::5:0:1', 128, '2001:db8::5:0:1'],
    ['::ffff:1.2.3.4', 128, '::ffff:1.2.3.4'],
    ['64:ff9b::1.2.3.4', 128, '64:ff9b::102:304'],
    ['fe80::1%eth0', 128, 'fe80::1'],
  ])('are of %s', (text, bits, same) => {
    const key = addressKey(text);
    expect(bitsOf(key)).toBe(bits);
    expect(key.equals(addressKey(same))).toBe(true);
  });

  it('say the same as the text, for every address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const key = addressKey(text);
        expect(addressKey(addressText(key, 4, 6)).equals(key)).toBe(true);
      }),
    );
  });

  it('leave out the bits that do not count', () => {
    const rules = networkRules([item('IpAddress', '10.1.2.3/16'), item('IpAddress', '2001:db8:1:2::5/32')]);
    const keys = [...rules.addresses.values()].map(({ key }) => key);
    expect(keys.map(bitsOf)).toEqual([112, 32]);
    expect(keys.map((key) => addressText(key, 4, 6))).toEqual(['10.1.0.0', '2001:db8::']);
  });
});

describe('keys of names', () => {
  it('are the name as a question carries it, backwards', () => {
    expect(nameKey('Evil.Example.')?.subarray(4, 17).toString('latin1')).toBe('elpmaxe\x07live\x04');
    expect(bitsOf(nameKey('evil.example') ?? Buffer.alloc(4))).toBe(13 * 8);
  });

  it('lead back to the name', () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), (labels) => {
        const name = labels.join('.');
        const key = nameKey(name) ?? Buffer.alloc(4);
        expect(nameOfKey(key.subarray(4, 4 + bitsOf(key) / 8))).toBe(name);
      }),
    );
  });

  it('are none for what no question carries', () => {
    for (const name of ['', 'a..b', `${'x'.repeat(64)}.example`, `${'abcdefgh.'.repeat(30)}example`])
      expect(nameKey(name)).toBeNull();
  });
});

describe('rules of the network', () => {
  it('speak of the names below a name, the longest first', () => {
    const { names } = networkRules([
      item('DomainName', 'example.org'),
      item('DomainName', 'good.example.org', 'Allowed'),
    ]);
    expect(ruleOfName(names, 'a.b.example.org')?.effect).toBe('deny');
    expect(ruleOfName(names, 'EXAMPLE.org.')?.effect).toBe('deny');
    expect(ruleOfName(names, 'x.good.example.org')?.effect).toBe('allow');
    expect(ruleOfName(names, 'badexample.org')).toBeNull();
  });

  it('take of URLs those of whole hosts, and name the others', () => {
    const rules = networkRules([
      item('Url', 'https://evil.example/'),
      item('Url', 'http://10.0.0.1'),
      item('Url', 'http://[2001:db8::1]/'),
      item('Url', 'https://cdn.example/page'),
      item('Url', 'https://cdn.example/?q'),
      item('Url', 'https://cdn.example:8443/'),
      item('CertificateThumbprint', 'a'.repeat(40)),
      item('FileSha1', 'b'.repeat(40)),
    ]);
    expect([...rules.names.values()].map(({ item: { value } }) => value)).toEqual(['https://evil.example/']);
    expect([...rules.addresses.values()].map(({ item: { value } }) => value)).toEqual([
      'http://10.0.0.1',
      'http://[2001:db8::1]/',
    ]);
    expect(rules.left.map(({ item: { value } }) => value)).toEqual([
      'https://cdn.example/page',
      'https://cdn.example/?q',
      'https://cdn.example:8443/',
    ]);
  });

  it('let the more exact of two indicators of one thing rule', () => {
    const one = [item('Url', 'https://evil.example', 'Allowed'), item('DomainName', 'evil.example')];
    for (const items of [one, [...one].reverse()])
      expect([...networkRules(items).names.values()].map(({ effect }) => effect)).toEqual(['allow']);
  });
});
