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

describe('string operators', () => {
  checkValues(open, [
    ['"Alpha" == "alpha"', false],
    ['"Alpha" =~ "alpha"', true],
    ['"Alpha" !~ "beta"', true],
    ['"ÀB" =~ "àb"', true],
    ['"Alpha" contains "LPH"', true],
    ['"Alpha" contains_cs "LPH"', false],
    ['"Alpha" !contains "zz"', true],
    ['"ÀBC" contains "àb"', true],
    ['"a%b" contains "%"', true],
    ['"abc" contains ""', true],
    ['"Alpha" startswith "aL"', true],
    ['"Alpha" startswith_cs "aL"', false],
    ['"Alpha" !startswith "x"', true],
    ['"Alpha" endswith "PHA"', true],
    ['"Alpha" !endswith "PHA"', false],
    ['"x" in ("X", "y")', false],
    ['"x" in~ ("X", "y")', true],
    ['"x" !in ("X", "y")', true],
    ['"x" !in~ ("X", "y")', false],
    ['"É" in~ ("é")', true],
    ['"a1b" matches regex @"^\\w\\d"', true],
    ['"a\\nb" matches regex "a.b"', false],
    ['"ABC" matches regex "(?i)abc"', true],
  ]);
});

describe('terms', () => {
  const command = `"powershell.exe -EncodedCommand SQBF foo_bar C:\\\\Users\\\\x\\\\a-b.txt"`;
  checkValues(open, [
    [`${command} has "powershell"`, true],
    [`${command} has "POWERSHELL.EXE"`, true],
    [`${command} has "shell"`, false],
    [`${command} has "foo"`, true],
    [`${command} has "bar"`, true],
    [`${command} has "-EncodedCommand"`, true],
    [`${command} has "-Encoded"`, false],
    [`${command} has "ell.exe"`, false],
    [`${command} has "Users\\\\x"`, true],
    [`${command} has "a-b.txt"`, true],
    [`${command} has_cs "Powershell"`, false],
    [`${command} has_cs "powershell"`, true],
    [`${command} !has "cmd"`, true],
    [`${command} !has_cs "powershell"`, false],
    [`${command} hasprefix "power"`, true],
    [`${command} hasprefix "shell"`, false],
    [`${command} hasprefix "-Enc"`, true],
    [`${command} hassuffix "shell"`, true],
    [`${command} !hassuffix "powersh"`, true],
    [`${command} has ""`, true],
    [`${command} : "sqbf"`, true],
    [`${command} has_any ("cmd", "shell")`, false],
    [`${command} has_any ("cmd", "USERS")`, true],
    [`${command} has_any ("cmd", "foo_bar")`, true],
    [`${command} has_all ("powershell", "txt", "a-b")`, true],
    [`${command} has_all ("powershell", "cmd")`, false],
    ['"naïve café" has "café"', true],
    ['"naïve café" has "caf"', false],
    ['"[x]" has "[x]"', true],
    ['"a+b" has "a+b"', true],
  ]);
  checkCases(open, [
    [
      'let t = dynamic(["alpha", "cmd.exe"]); print x = "run cmd.exe now" | project x has_any (t), x has_all (t)',
      [[true, false]],
    ],
    [
      'print x = "run cmd.exe now", t = "cmd.exe" | project x has t, x contains t, x startswith t, x hasprefix t',
      [[true, true, false, true]],
    ],
    [
      'print x = "run cmd.exe now" | extend t = pack_array("zz", x) | project x has_any (t), "zz" in (t), "q" !in (t)',
      [[true, true, true]],
    ],
    [
      'let t = datatable(s:string)["alpha", "cmd.exe", "-x"]; print x = "run CMD.exe now" | where x has_any (t) | count',
      [[1]],
    ],
    [
      'let t = datatable(s:string)["run", "cmd.exe"]; print x = "run cmd.exe now" | project x has_all (t)',
      [[true]],
    ],
    [
      'let t = datatable(s:string)["run", "exit"]; print x = "run cmd.exe now" | project x has_all (t)',
      [[false]],
    ],
    [
      'let t = datatable(s:string)[]; print x = "run" | project x has_any (t), x has_all (t), x in (t), x !in (t)',
      [[false, true, false, true]],
    ],
    [
      'let t = datatable(s:string, n:long)["Run", 1]; print x = "run" | project x in (t), x in~ (t), x !in~ (t)',
      [[false, true, false]],
    ],
    [
      'let t = datatable(n:long)[1, long(null)]; print x = 1, y = 2 | project x in (t), y in (t), y !in (t)',
      [[true, false, true]],
    ],
    ['datatable(s:string)["a", "b"] | where s in ((datatable(n:string)["b"] | project n))', [['b']]],
  ]);
});

describe('string functions', () => {
  checkValues(open, [
    ['strcat("a", 1, true, 1h)', 'a1true01:00:00'],
    ['strcat_delim("-", 1, "a", "b")', '1-a-b'],
    ['strlen("héé")', 3],
    ['string_size("héé")', 5],
    ['toupper("é")', 'É'],
    ['tolower("ÀB")', 'àb'],
    ['substring("hello", 1, 3)', 'ell'],
    ['substring("hello", 3)', 'lo'],
    ['substring("hello", -3)', 'llo'],
    ['substring("hello", 9)', ''],
    ['indexof("hello", "l")', 2],
    ['indexof("hello", "z")', -1],
    ['indexof("abcabc", "c", 3)', 5],
    ['split("a,b,,c", ",")', ['a', 'b', '', 'c']],
    ['split("a,b", ",", 1)', ['b']],
    ['split("a,b", ",")[1]', 'b'],
    ['replace_string("aXbX", "X", "\\\\")', 'a\\b\\'],
    ['replace_regex("abc123", @"(\\w)(\\d+)", @"\\2-\\1")', 'ab123-c'],
    ['replace("b", "[\\\\0]", "abc")', 'a[b]c'],
    ['trim("x+", "xxaxx")', 'a'],
    ['trim_start("[ab]", "abac")', 'c'],
    ['trim_end("-", "--a--")', '--a'],
    ['extract("(\\\\d+)-(\\\\d+)", 2, "x12-34")', '34'],
    ['extract("(\\\\d+)", 0, "x12")', '12'],
    ['extract("q", 0, "abc")', ''],
    ['extract("x(\\\\d+)", 1, "x12", typeof(long))', 12],
    ['extract_all("(\\\\d)", "a1b2")', ['1', '2']],
    [
      'extract_all("(\\\\w)(\\\\d)", "a1b2")',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['countof("aaaa", "aa")', 3],
    ['countof("abcabc", "a.c", "regex")', 2],
    ['reverse("abc")', 'cba'],
    ['strrep("ab", 3)', 'ababab'],
    ['strcmp("a", "b")', -1],
    ['isascii("é")', false],
    ['has_any_index("a b c", dynamic(["z", "c"]))', 1],
    ['url_decode("a%20b")', 'a b'],
    ['url_encode("a b")', 'a+b'],
    ['base64_encode_tostring("hello")', 'aGVsbG8='],
    ['base64_decode_tostring("aGVsbG8=")', 'hello'],
    ['base64_decode_tostring("!!!")', ''],
    ['hash_sha256("a")', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
    ['hash_md5("a")', '0cc175b9c0f1b6a831c399e269772661'],
    ['hash("World") == 1846988464401551951', true],
    ['parse_url("https://user:p@host:8443/a/b?x=1&y=2#f").Host', 'host'],
    ['parse_url("https://user:p@host:8443/a/b?x=1&y=2#f").Port', '8443'],
    ['parse_url("https://user:p@host:8443/a/b?x=1&y=2#f")["Query Parameters"]["y"]', '2'],
    ['ipv4_is_private("10.1.2.3")', true],
    ['ipv4_is_private("8.8.8.8")', false],
    ['ipv4_is_private("nonsense")', null],
    ['ipv4_is_in_range("192.168.1.5", "192.168.1.0/24")', true],
    ['ipv4_is_in_range("192.168.2.5", "192.168.1.0/24")', false],
    ['ipv4_is_in_any_range("10.0.0.1", "192.168.1.0/24", "10.0.0.0/8")', true],
    ['ipv4_is_match("192.168.1.1", "192.168.1.9", 24)', true],
    ['parse_ipv4("1.0.0.0")', 16_777_216],
  ]);
});
