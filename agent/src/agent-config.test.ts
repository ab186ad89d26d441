import { describe, expect, it } from 'vitest';
import { parseAgentConfig } from './agent-config.ts';

const parse = (value: unknown) => parseAgentConfig(JSON.stringify(value), 'config.json');

describe('parseAgentConfig', () => {
  it('takes every key, and none', () => {
    expect(parse({})).toEqual({});
    const whole = {
      spool: { maxBytes: 1 << 24 },
      isolation: {
        resolvers: ['10.0.0.53', 'fd00::53'],
        allow: [{ address: '10.1.0.0/16' }, { address: '10.0.0.9', protocol: 'tcp', port: 443 }],
        cgroup: 'off',
      },
    };
    expect(parse(whole)).toEqual(whole);
  });

  it.each([
    ['an unknown key', { spol: {} }, /config.json is malformed/],
    ['a resolver that is a name', { isolation: { resolvers: ['dns.example'] } }, /resolvers\/0 is not an IP/],
    ['a peer that is a name', { isolation: { allow: [{ address: 'a.example' }] } }, /allow\/0\/address/],
    ['a prefix too long', { isolation: { allow: [{ address: '10.0.0.0/33' }] } }, /allow\/0\/address/],
    [
      'rules smuggled in an address',
      { isolation: { allow: [{ address: '10.0.0.1 accept; #' }] } },
      /allow\/0\/address/,
    ],
    ['a port without protocol', { isolation: { allow: [{ address: '10.0.0.1', port: 1 }] } }, /no protocol/],
    ['a spool too small', { spool: { maxBytes: 1 } }, /spool\/maxBytes/],
  ])('refuses %s by name', (_what, value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it('says where the JSON breaks', () => {
    expect(() => parseAgentConfig('{', 'config.json')).toThrow(/config.json is not JSON/);
  });
});
