import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases, checkValues } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

describe('IPv4', () => {
  checkValues(open, [
    ['ipv4_compare("192.168.1.1", "192.168.1.0")', 1],
    ['ipv4_compare("192.168.1.1/24", "192.168.1.255")', 0],
    ['ipv4_compare("192.168.1.1", "192.168.1.255", 24)', 0],
    ['ipv4_compare("10.0.0.1", "192.168.1.255")', -1],
    ['ipv4_compare("10.0.0", "192.168.1.255")', null],
    ['ipv4_compare("10.0.0.1", "10.0.0.1", 33)', null],
    ['ipv4_is_match("192.168.1.1/24", "192.168.1.255", 31)', true],
    ['ipv4_netmask_suffix("192.168.1.1/24")', 24],
    ['ipv4_netmask_suffix("192.168.1.1")', 32],
    ['ipv4_netmask_suffix("192.168.1.1/33")', null],
    ['ipv4_range_to_cidr_list("1.1.128.0", "1.1.140.255")', ['1.1.128.0/21', '1.1.136.0/22', '1.1.140.0/24']],
    ['ipv4_range_to_cidr_list("0.0.0.0", "255.255.255.255")', ['0.0.0.0/0']],
    ['ipv4_range_to_cidr_list("1.1.1.1", "1.1.1.0")', []],
    ['ipv4_range_to_cidr_list("x", "1.1.1.0")', null],
    ['format_ipv4("192.168.1.1", 24)', '192.168.1.0'],
    ['format_ipv4("192.168.1.1/24", 32)', '192.168.1.0'],
    ['format_ipv4("192.168.1.1/24", -1)', ''],
    ['format_ipv4(3232235777)', '192.168.1.1'],
    ['format_ipv4_mask("192.168.1.1", 24)', '192.168.1.0/24'],
    ['format_ipv4_mask(3232235777, 32)', '192.168.1.1/32'],
    ['format_ipv4("x")', ''],
    ['parse_ipv4_mask("127.0.0.1", 24)', 2130706432],
    ['parse_ipv4_mask("127.0.0.1/8", 24)', 2130706432],
    ['parse_ipv4_mask("127.0.0", 24)', null],
  ]);
  checkCases(open, [
    [
      'print a = "10.1.2.3", p = 8 | project format_ipv4_mask(a, p), parse_ipv4_mask(a, p)',
      [['10.0.0.0/8', 167772160]],
    ],
    [
      'datatable(a:string, b:string)["1.1.1.1", "1.1.1.2"] | project ipv4_range_to_cidr_list(a, b)',
      [[['1.1.1.1/32', '1.1.1.2/32']]],
    ],
  ]);
});

describe('IPv4 in texts', () => {
  checkValues(open, [
    ['has_ipv4("05:04:54 127.0.0.1 GET", "127.0.0.1")', true],
    ['has_ipv4("05:04:54 127.0.0.256 GET", "127.0.0.256")', false],
    ['has_ipv4("05:04:54127.0.0.1 GET", "127.0.0.1")', false],
    ['has_ipv4("127.0.0.12", "127.0.0.1")', false],
    ['has_any_ipv4("a 127.0.0.1 b", "127.0.0.2", "127.0.0.1")', true],
    ['has_any_ipv4("a 127.0.0.1 b", dynamic(["127.0.0.2", "10.0.0.1"]))', false],
    ['has_ipv4_prefix("a 127.0.0.1 b", "127.0.")', true],
    ['has_ipv4_prefix("a 127.0.0.1 b", "127.0")', false],
    ['has_ipv4_prefix("a 127.0.0.256 b", "127.0.")', false],
    ['has_ipv4_prefix("a 127.0.0.1 b", "127.0.0.1")', true],
    ['has_any_ipv4_prefix("a 127.0.0.1 b", dynamic(["10.", "127.0."]))', true],
  ]);
  checkCases(open, [
    [
      'print s = "x 10.1.2.3:80", p = "10.1.", w = "10.1.2.3" | project has_ipv4_prefix(s, p), has_ipv4(s, w), has_ipv4(s, p), has_any_ipv4(s, pack_array("1.1.1.1", w))',
      [[true, true, false, true]],
    ],
  ]);
});

describe('IPv6', () => {
  checkValues(open, [
    ['ipv6_compare("fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7995")', -1],
    ['ipv6_compare("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998")', 0],
    ['ipv6_compare("192.168.1.1/24", "::ffff:c0a8:01ff")', 0],
    ['ipv6_compare("::192.168.1.1/30", "192.168.1.255/24")', 0],
    ['ipv6_compare("fe80::1", "fe80::2", 64)', 0],
    ['ipv6_compare("x", "fe80::2")', null],
    ['ipv6_is_match("192.168.1.1", "::ffff:c0a8:0101")', true],
    ['ipv6_is_match("fe80::1", "fe81::1")', false],
    ['ipv6_is_match("fe80::1", "fe80::1", 129)', null],
    ['ipv6_is_in_range("a5e:f127::abcd", "a5e:f127::0000/112")', true],
    ['ipv6_is_in_range("a5e:f127::abcd", "0:0:0:0:0:ffff:c0a8:ac/60")', false],
    ['ipv6_is_in_any_range("fe80::1", "fe81::/16", "fe80::/16")', true],
    ['ipv6_is_in_any_range("fe80::1", dynamic(["fe81::/16", "nonsense"]))', false],
    ['parse_ipv6("192.168.255.255")', '0000:0000:0000:0000:0000:ffff:c0a8:ffff'],
    ['parse_ipv6("192.168.255.255/24")', '0000:0000:0000:0000:0000:ffff:c0a8:ff00'],
    ['parse_ipv6("fe80::1")', 'fe80:0000:0000:0000:0000:0000:0000:0001'],
    ['parse_ipv6("x")', ''],
    ['parse_ipv6_mask("fe80::85d:e82c:9446:7994/120", 124)', 'fe80:0000:0000:0000:085d:e82c:9446:7900'],
    ['parse_ipv6_mask("fe80::1", 0)', '0000:0000:0000:0000:0000:0000:0000:0000'],
    ['parse_ipv6_mask("fe80::1", 200)', ''],
  ]);
  checkCases(open, [
    [
      'datatable(a:string, p:long)["fe80::ff", 120, "1.2.3.4", 120] | project parse_ipv6_mask(a, p)',
      [['fe80:0000:0000:0000:0000:0000:0000:0000'], ['0000:0000:0000:0000:0000:ffff:0102:0300']],
    ],
  ]);
});
