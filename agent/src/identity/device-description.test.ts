import { DeviceDescription } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { check } from '../files/check.ts';
import { describeDevice, parseOsRelease, qualifiedName } from './device-description.ts';

describe('describeDevice', () => {
  it('is what the protocol wants, with and without the files of a distribution', () => {
    check(DeviceDescription, describeDevice(), 'own');
    const bare = check(
      DeviceDescription,
      describeDevice(null, () => null),
      'bare',
    );
    expect(bare.hardwareFingerprint).toBeUndefined();
  });

  it('never shows the machine id itself', () => {
    const id = 'b08dfa6083e7567a1921a715000001fb';
    const text = JSON.stringify(
      describeDevice(null, (path) => (path === '/etc/machine-id' ? `${id}\n` : null)),
    );
    expect(text).not.toContain(id);
    expect(text).toContain('hardwareFingerprint');
  });
});

describe('parseOsRelease', () => {
  it('takes quoted and bare values and passes over the rest', () => {
    expect(parseOsRelease('NAME="Debian GNU/Linux"\nVERSION_ID=12\n# x\nbad line\n')).toEqual({
      NAME: 'Debian GNU/Linux',
      VERSION_ID: '12',
    });
  });
});

describe('qualifiedName', () => {
  it.each([
    ['web', '127.0.1.1 web.example.org web\n', 'web.example.org'],
    ['web', '127.0.1.1 web\n', 'web'],
    ['web', '#127.0.1.1 web.example.org web\n', 'web'],
    ['web.example.org', '', 'web.example.org'],
  ])('%s with %j is %s', (name, hosts, expected) => {
    expect(qualifiedName(name, hosts)).toBe(expected);
  });
});
