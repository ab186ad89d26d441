import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

/** Functions of columns rather than of constants: the engine demands constants of some of its own. */

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());

const row = `print s = "a b,c", sep = "-", n = 1, m = 2, t = datetime(2026-01-31 10:00), d = 90m, r = 2.5,
  y = dynamic(["x", "y", 3]), z = dynamic({"k": {"q": 7}}), key = "k", ip = "10.1.2.3", net = "10.0.0.0/8", none = long(null)
  | extend n = n + rand() * 0, m = toint(m) | extend n = tolong(n)`;

describe('of columns', () => {
  it.each([
    ['substring(s, n, m)', ' b'],
    ['indexof(s, ",", n)', 3],
    ['strcat_delim(sep, s, n)', 'a b,c-1'],
    ['strcat_array(y, sep)', 'x-y-3'],
    ['split(s, ",")[n]', 'c'],
    ['y[n]', 'y'],
    ['y[n - 2]', 3],
    ['z[key].q', 7],
    ['array_slice(y, n, m)', ['y', 3]],
    ['array_index_of(y, tostring(y[n]))', 1],
    ['pack_array(s, n, none, t)', ['a b,c', 1, null, '2026-01-31T10:00:00.0000000Z']],
    ['bag_pack(key, n, "d", d)', { k: 1, d: '01:30:00' }],
    ['bag_remove_keys(z, pack_array(key))', {}],
    ['range(n, m + 1)', [1, 2, 3]],
    ['repeat(key, m)', ['k', 'k']],
    ['strrep(key, m)', 'kk'],
    ['countof(s, key)', 0],
    ['has_any_index(s, pack_array(key, "c"))', 1],
    ['bin(t, d)', '2026-01-31T09:00:00.0000000Z'],
    ['bin(m, none)', null],
    ["datetime_add('month', n, t)", '2026-02-28T10:00:00.0000000Z'],
    ["datetime_diff('day', t + d * 10, t)", 1],
    ['make_datetime(2026, m, n)', '2026-02-01T00:00:00.0000000Z'],
    ['startofmonth(t, n)', '2026-02-01T00:00:00.0000000Z'],
    ['t between (t .. d)', true],
    ['coalesce(none, n)', 1],
    ['max_of(n, m, none)', 2],
    ['iff(n > m, s, key)', 'k'],
    ['case(n > m, n, n < m, m, 0)', 2],
    ['ipv4_is_in_range(ip, net)', true],
    ['ipv4_is_in_any_range(ip, pack_array("1.0.0.0/8", net))', true],
    ['ipv4_is_match(ip, net, n * 8)', true],
    ['tohex(n, m)', '01'],
    ['binary_shift_left(n, m)', 4],
    ['replace_string(s, ",", sep)', 'a b-c'],
    ['array_rotate_left(y, n)', ['y', 3, 'x']],
    ['array_shift_right(y, n, key)', ['k', 'x', 'y']],
    ['array_split(y, n)', [['x'], ['y', 3]]],
    ['bag_set_key(z, "a", n)', { k: { q: 7 }, a: 1 }],
    ['range(t, t + d, d)', ['2026-01-31T10:00:00.0000000Z', '2026-01-31T11:30:00.0000000Z']],
    ['split(s, sep)', ['a b,c']],
    ['strrep(key, m, "-")', 'k-k'],
    ['s matches regex key', false],
    ['y[2] * y[2]', 9],
    ['y[2] < r', false],
    ['translate(key, sep, "kk")', '--'],
    ['unicode_codepoints_to_string(n + 64, pack_array(m + 64))', 'AB'],
    ['format_bytes(n * 2048, 1)', '2 KB'],
    ['convert_length(r, "Meter", key)', null],
    ['ipv4_compare(ip, net)', 0],
    ['format_ipv4_mask(ip, m * 8)', '10.1.0.0/16'],
    ['ipv4_range_to_cidr_list(ip, ip)', ['10.1.2.3/32']],
    ['ipv6_is_match(ip, strcat("::ffff:", ip))', true],
    ['parse_ipv6_mask(ip, n)', '0000:0000:0000:0000:0000:0000:0000:0000'],
    ['has_any_ipv4(strcat(s, " ", ip), pack_array(ip))', true],
    ['has_ipv4_prefix(strcat(s, " ", ip), strcat("10", "."))', true],
    ['parse_csv(s)', ['a b', 'c']],
    ['parse_command_line(s, "windows")', ['a', 'b,c']],
    ['parse_version(ip) > parse_version("10.1.2.2")', true],
    ['gzip_decompress_from_base64_string(gzip_compress_to_base64_string(s))', 'a b,c'],
    ['datetime_utc_to_local(t, strcat("Europe/", "Paris"))', '2026-01-31T11:00:00.0000000Z'],
    ['make_datetime(n + 2025, n, m)', '2026-01-02T00:00:00.0000000Z'],
    ['around(t, t + d, d)', true],
    ['todecimal(r) * n', '2.5'],
    ['bin(todecimal(r), n)', '2'],
    ['todatetime(strcat("2026-01-", "02"))', '2026-01-02T00:00:00.0000000Z'],
    ['totimespan(strcat(m, "h"))', '02:00:00'],
    ['base64_decode_toarray(base64_encode_fromarray(pack_array(n, m)))', [1, 2]],
    ['hash_many(n, s) == hash_combine(hash(n), hash(s))', true],
    ['gettype(y)', 'array'],
  ])('%s', (expression, value) => {
    expect(engine.rows(`${row} | project x = ${expression}`)).toEqual([[value]]);
  });
});
