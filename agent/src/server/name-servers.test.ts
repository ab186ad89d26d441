import { describe, expect, it } from 'vitest';
import { parseNameServers } from './name-servers.ts';

describe('parseNameServers', () => {
  it('takes addresses beyond this machine, once each', () => {
    const text =
      '# c\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n nameserver  192.0.2.53 \nnameserver ::1\nnameserver 2001:db8::53\nnameserver dns.example\nnameserver fe80::1%eth0\nsearch example\n';
    expect(parseNameServers(text)).toEqual(['192.0.2.53', '2001:db8::53']);
  });
});
