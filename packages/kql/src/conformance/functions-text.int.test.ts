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

describe('pieces of a text', () => {
  checkValues(open, [
    ['indexof("abcdefg", "cde", 1, 4)', 2],
    ['indexof("abcdefg", "cde", 1, 2)', -1],
    ['indexof("abcdefg", "cde", -5)', 2],
    ['indexof("abcabc", "c", 0, -1, 2)', 5],
    ['indexof("abcabc", "c", 0, -1, 3)', -1],
    ['indexof("abc", "c", 0, -2)', null],
    ['indexof("éab", "b")', 2],
    ['indexof_regex("abcabc", @"a.c")', 0],
    ['indexof_regex("abcabcdefg", @"a.c", 0, 9, 2)', 3],
    ['indexof_regex("ababaa", @"a.a", 0, -1, 2)', -1],
    ['indexof_regex("abcabc", @"a.c", -1)', null],
    ['indexof_regex("éabc", @"b")', 2],
    ['extract_all(@"(\\w)(\\w)", dynamic([2]), "abcd")', ['b', 'd']],
    [
      'extract_all(@"(?P<first>\\w)(?P<last>\\w)", dynamic(["last", 1]), "abcd")',
      [
        ['b', 'a'],
        ['d', 'c'],
      ],
    ],
    [
      'extract_all(@"(\\w)(\\w)", "abcd")',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['extract_all(@"(x)", "abcd")', null],
    ['strrep("ab", 2, "-")', 'ab-ab'],
    ['strrep(3s, 2, " ")', '00:00:03 00:00:03'],
    ['strrep("a", 0)', ''],
    [
      'replace_strings("a magic cat and dog", dynamic(["cat", "dog"]), dynamic(["dog", "pigeon"]))',
      'a magic dog and pigeon',
    ],
    ['replace_strings("This is", dynamic(["is", "This"]), dynamic(["was", "This"]))', 'Thwas was'],
    ['replace_strings("This is", dynamic(["This", "is"]), dynamic([1, "was"]))', 'This was'],
    ['translate("krasp", "otsku", "spark")', 'kusto'],
    ['translate("abc", "x", "zabcb")', 'zxxxx'],
    ['translate("abc", "", "ab")', ''],
    ['translate("é", "e", "été")', 'ete'],
    ['url_encode("a b/é")', 'a+b%2f%c3%a9'],
    ['url_encode_component("a b/é")', 'a%20b%2f%c3%a9'],
    ['url_decode("a%20b%2F")', 'a b/'],
    ['format_bytes(564)', '564 Bytes'],
    ['format_bytes(10332, 1)', '10.1 KB'],
    ['format_bytes(20010332)', '19 MB'],
    ['format_bytes(20010332, 2)', '19.08 MB'],
    ['format_bytes(20010332, 0, "KB")', '19541 KB'],
    ['format_bytes(real(null))', ''],
    ['tohex(toint(-256), 8)', 'ffffff00'],
    ['tohex(-256)', 'ffffffffffffff00'],
    ['isutf8("é")', true],
    ['unicode_codepoints_from_string("é€😀a")', [233, 8364, 128512, 97]],
    ['to_utf8("ab")', [97, 98]],
    ['unicode_codepoints_to_string(dynamic([75, 117]), 8364, 128512)', 'Ku€😀'],
    ['make_string(65, 66)', 'AB'],
    ['unicode_codepoints_to_string(55296)', ''],
    ['unicode_codepoints_to_string(-1)', ''],
  ]);
  checkCases(open, [
    [
      'print s = "a-b-c", d = "-" | project split(s, d), split(s, d, 1), split(s, d, -1)',
      [[['a', 'b', 'c'], ['b'], ['c']]],
    ],
    ['print s = "abcb", f = "bc", t = "xy" | project translate(f, t, s)', [['axyx']]],
    ['let re = toscalar(print "b+"); print extract(re, 0, "aabb"), "abc" matches regex re', [['bb', true]]],
  ]);
});

describe('bytes', () => {
  checkValues(open, [
    ['base64_decode_toarray("S3VzdG8=")', [75, 117, 115, 116, 111]],
    ['base64_decode_toarray("")', []],
    ['base64_decode_toarray("%%%")', null],
    ['base64_encode_fromarray(dynamic([75,117,115,116,111]))', 'S3VzdG8='],
    ['base64_encode_fromarray(dynamic([1, 256]))', ''],
    ['base64_encode_fromguid(guid(ae3133f2-6e22-49ae-b06a-16e6a9b212eb))', '8jMxriJurkmwahbmqbIS6w=='],
    ['base64_decode_toguid("8jMxriJurkmwahbmqbIS6w==")', 'ae3133f2-6e22-49ae-b06a-16e6a9b212eb'],
    ['base64_decode_toguid("abcd1231")', null],
    ['tostring(hash("World"))', '1846988464401551951'],
    ['hash("World", 100)', 51],
    ['tostring(hash(datetime(2015-01-01)))', '1380966698541616202'],
    ['hash(long(null))', null],
    ['hash(5) == hash(long(5))', true],
    ['hash_many("a", "b") == hash_combine(hash("a"), hash("b"))', true],
    ['hash_combine(1, 2) == hash_combine(2, 1)', false],
    [
      'gzip_decompress_from_base64_string("H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==")',
      '1234567890qwertyuiop',
    ],
    [
      'gzip_compress_to_base64_string("1234567890qwertyuiop")',
      'H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==',
    ],
    [
      'zlib_compress_to_base64_string("1234567890qwertyuiop")',
      'eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==',
    ],
    ['gzip_decompress_from_base64_string("x0x0x0")', ''],
    [
      'zlib_decompress_from_base64_string(zlib_compress_to_base64_string(strrep("a", 1000))) == strrep("a", 1000)',
      true,
    ],
    ['punycode_from_string("académie-française")', 'acadmie-franaise-npb1a'],
    ['punycode_to_string("acadmie-franaise-npb1a")', 'académie-française'],
    ['punycode_to_string("é")', ''],
    ['punycode_domain_to_string("Kaledvoulc\'h.Artorījos.edu")', "Kaledvoulc'h.xn--Artorjos-ejb.edu"],
    ['punycode_domain_from_string("xn--Ge-mia.Bulg.edu")', 'Gáe.Bulg.edu'],
  ]);
  checkCases(open, [
    [
      'datatable(s:string)["aaaa", "b", "aaaa", ""] | extend z = gzip_compress_to_base64_string(s) | project gzip_decompress_from_base64_string(z)',
      [['aaaa'], ['b'], ['aaaa'], ['']],
    ],
    ['datatable(s:string)["münchen"] | where s != "x" | project punycode_from_string(s)', [['mnchen-3ya']]],
    ['datatable(s:string)[] | project punycode_from_string(s)', []],
  ]);
});

describe('other formats', () => {
  checkValues(open, [
    ['parse_csv(\'aa,"b,b",cc,"say ""Title""","l1\\nl2"\')', ['aa', 'b,b', 'cc', 'say "Title"', 'l1\nl2']],
    ['parse_csv("r1,a\\nr2,b")', ['r1', 'a']],
    ['parse_csv("a,,")', ['a', '', '']],
    ['parse_csv("")', ['']],
    ['parse_command_line("echo \\"hello world!\\" print$?", "windows")', ['echo', 'hello world!', 'print$?']],
    ['parse_command_line(@\'"C:\\Program Files\\x\\" y  \', "windows")', ['C:\\Program Files\\x\\', 'y']],
    ['parse_command_line(@\'a.exe d\\"e "f\\\\" g\\\\h\', "windows")', ['a.exe', 'd"e', 'f\\', 'g\\\\h']],
    ['parse_command_line(@\'a "" b\', "windows")', ['a', '', 'b']],
    ['parse_command_line(@\'cmd /c """x y"""\', "windows")', ['cmd', '/c', '"x', 'y"']],
    ['parse_command_line(@\'a "i""j k\', "windows")', ['a', 'i"j', 'k']],
    ['parse_command_line(@\'x a"b c"d e\', "windows")', ['x', 'ab cd', 'e']],
    ['parse_command_line(@\'x "a b\', "windows")', ['x', 'a b']],
    ['parse_command_line("  ", "windows")', []],
    ['parse_xml("<e/>")', { e: null }],
    ['parse_xml("<e>text</e>")', { e: 'text' }],
    ['parse_xml(\'<e name="value">text</e>\')', { e: { '@name': 'value', '#text': 'text' } }],
    ['parse_xml("<e> <a>text</a> <a>1.5</a> </e>")', { e: { a: ['text', 1.5] } }],
    ['parse_xml("<e> text <a>&lt;&#65;</a></e>")', { e: { '#text': 'text', a: '<A' } }],
    ['parse_xml("<?xml version=\'1.0\'?><!-- c --><e><![CDATA[<x>]]></e>")', { e: '<x>' }],
    ['parse_xml("<e><a></e>")', null],
    ['parse_xml("text")', null],
    ['parse_version("1.2.3.4")', '1000000020000000300000004'],
    ['parse_version("0.2") > parse_version("0.1.9")', true],
    ['parse_version("1") == parse_version("1.0.0.0")', true],
    ['parse_version("1.2.3.4.5")', null],
    ['parse_version("1.a")', null],
    ['parse_path(@"C:\\temp\\file.txt").DirectoryPath', 'C:\\temp'],
    ['parse_path(@"C:\\temp\\file.txt").RootPath', 'C:'],
    ['parse_path("file://C:/temp/file.txt:some.exe").AlternateDataStreamName', 'some.exe'],
    ['parse_path("file://C:/temp/file.txt:some.exe").Scheme', 'file'],
    ['parse_path(@"\\\\shared\\users\\temp\\file.txt.gz").Extension', 'gz'],
    ['parse_path("/usr/lib/temp/file").Filename', 'file'],
    ['parse_path("/usr/lib/temp/file").DirectoryName', 'temp'],
    ['parse_urlquery("k1=v1&k2=a=b")', { 'Query Parameters': { k1: 'v1', k2: 'a=b' } }],
    ['parse_urlquery("?k=v#x")', { 'Query Parameters': { k: 'v' } }],
    ['extract_json("$.a[1][\'b c\']", \'{"a":[1,{"b c":"x"}]}\')', 'x'],
    [
      'parse_user_agent("Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1", "browser")',
      { Browser: { Family: 'AdobeAIR', MajorVersion: '2', MinorVersion: '5', Patch: '1' } },
    ],
    [
      'parse_user_agent("curl/7.68.0", dynamic(["device", "os"]))',
      {
        OperatingSystem: { Family: 'Other', MajorVersion: '', MinorVersion: '', Patch: '', PatchMinor: '' },
        Device: { Family: 'Other', Brand: '', Model: '' },
      },
    ],
    ['extract_json("$.a", \'{"a":5}\', typeof(long))', 5],
  ]);
  checkCases(open, [
    ['datatable(x:string)["<a>1</a>", "b"] | project parse_xml(x).a', [[1], [null]]],
    [
      'datatable(c:string)["a b", "\\"c d\\" e"] | project parse_command_line(c, "windows")',
      [[['a', 'b']], [['c d', 'e']]],
    ],
  ]);
});
