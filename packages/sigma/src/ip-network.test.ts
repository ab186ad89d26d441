import { describe, expect, it } from 'vitest';
import { inNetwork, parseNetwork } from './ip-network.ts';

describe('inNetwork', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.128.0/17', '192.168.127.255', false],
    ['192.168.128.0/17', '192.168.200.1', true],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::1/128', '0:0:0:0:0:0:0:1', true],
    ['2001:db8::/32', '2001:DB8:1::', true],
    ['10.0.0.0/8', 'not an address', false],
    ['10.0.0.0/8', '10.0.0', false],
    ['10.0.0.0/8', '10.0.0.256', false],
    ['::/0', '1:2:3:4:5:6:7:8:9', false],
    ['::/0', '1::2::3', false],
    ['::/0', '1:2:3:4:5:6:7::8', false],
  ])('%s holds %s: %s', (network, address, expected) => {
    const parsed = parseNetwork(network);
    expect(parsed && inNetwork(parsed, address)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', 'a', '', '1.2.3.04'])(
    '%j is no network',
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );
});
