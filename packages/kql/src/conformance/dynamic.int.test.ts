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

describe('treepath', () => {
  checkValues(open, [
    [`treepath(parse_json('{"a":"b", "c":123}'))`, ["['a']", "['c']"]],
    ['treepath(dynamic({"p":[1,2,{"x":"y"}]}))', ["['p']", "['p'][0]", "['p'][0]['x']"]],
    ['treepath(parse_json("1"))', null],
  ]);
  checkCases(open, [
    [
      'range n from 1 to 2 step 1 | project p = treepath(bag_pack(strcat("k", n), n)) | sort by tostring(p) asc',
      [[["['k1']"]], [["['k2']"]]],
    ],
  ]);
});

describe('paths', () => {
  const bag = `parse_json('{"a":{"b":["x","y"]},"n":5,"t":"2026-01-01","z":null,"c d":true}')`;
  checkValues(open, [
    [`${bag}.a.b`, ['x', 'y']],
    [`${bag}.a.b[0]`, 'x'],
    [`${bag}["a"]["b"][-1]`, 'y'],
    [`${bag}.a.b[2]`, null],
    [`${bag}.a[0]`, null],
    [`${bag}.z`, null],
    [`isnull(${bag}.z)`, true],
    [`${bag}.nothing.at.all`, null],
    [`${bag}["c d"]`, true],
    [`${bag}.n == 5`, true],
    [`${bag}.n + 1`, 6],
    [`tostring(${bag}.a)`, '{"b":["x","y"]}'],
    [`tostring(${bag}.a.b[1])`, 'y'],
    [`todatetime(${bag}.t)`, '2026-01-01T00:00:00.0000000Z'],
    [`tolong(${bag}.n)`, 5],
    [`isempty(${bag}.q)`, true],
    [`${bag}.a.b has "X"`, true],
    [`${bag}.t startswith "2026"`, true],
    [`${bag}.a.b[0] in ("x", "q")`, true],
    [`parse_json("abc")`, 'abc'],
    [`parse_json("")`, null],
    [`parse_json("null")`, null],
    [`parse_json("5") + 1`, 6],
    [`tostring(parse_json('{"a": 1,  "b":"x/y"}'))`, '{"a":1,"b":"x/y"}'],
    [`parse_json(parse_json('"{\\\\"q\\\\":1}"')).q`, 1],
    [`extract_json("$.a.b[1]", '{"a":{"b":[1,"z"]}}')`, 'z'],
    [`dynamic([[1,2],[3]])[0][1]`, 2],
    // A backslash before a slash is two characters of the text, however JSON may be written.
    [String.raw`tostring(parse_json('{"p":"C:\\\\/x"}').p)`, String.raw`C:\/x`],
    [String.raw`parse_json('{"p":{"q":"a\\\\/b"}}').p`, { q: String.raw`a\/b` }],
    [`array_length(${bag}.a.b)`, 2],
    [`array_length(${bag}.a)`, null],
    [`tostring(${bag}.z)`, ''],
  ]);
  checkCases(open, [
    ['print d = dynamic({"v":[null,null]}) | mv-expand e = d.v to typeof(string) | project e', [[''], ['']]],
    ['print d = dynamic({"v":[]}) | mv-expand e = d.v to typeof(string) | count', [[0]]],
    [
      'print d = dynamic({"v":["a",1,null,{"x":"y"},[2],true]}) | mv-expand e = d.v to typeof(string) | project e',
      [['a'], ['1'], [''], ['{"x":"y"}'], ['[2]'], ['true']],
    ],
    ['print d = dynamic({"v":{"k":1}}) | mv-expand e = d.v to typeof(string) | project e', [['{"k":1}']]],
    ['print d = dynamic({"v":"one"}) | mv-expand e = d.v to typeof(string) | project e', [['one']]],
    [
      'datatable(v: int, t: timespan) [3, 1h, int(null), 1h, 1, timespan(null), 3, 2h] | summarize s = make_set(v), n = array_length(make_set(t)) | project array_sort_asc(s), n',
      [[[1, 3], 2]],
    ],
  ]);
  checkCases(open, [
    ['print d = dynamic({"a":1,"b":2}), k = "b" | project d[k]', [[2]]],
    ['print d = dynamic([10,20,30]), i = 1 | project d[i], d[i - 3]', [[20, 20]]],
    ['print d = dynamic([10,20]), i = dynamic([1,"x"]) | project d[tolong(i[0])]', [[20]]],
  ]);
});

describe('arrays and bags', () => {
  checkValues(open, [
    ['array_length(dynamic([1,2]))', 2],
    [`array_length(parse_json('{}'))`, null],
    ['pack_array(1, "a", long(null), 1h)', [1, 'a', null, '01:00:00']],
    ['bag_pack("a", 1, "b/c", "x/y")', { a: 1, 'b/c': 'x/y' }],
    ['pack("a", dynamic([1]))', { a: [1] }],
    ['bag_merge(dynamic({"a":1}), dynamic({"a":2,"b":3}))', { a: 1, b: 3 }],
    ['bag_keys(dynamic({"x":1,"y":2}))', ['x', 'y']],
    ['bag_has_key(dynamic({"x":1}), "x")', true],
    ['bag_remove_keys(dynamic({"x":1,"y":2}), dynamic(["x"]))', { y: 2 }],
    ['array_concat(dynamic([1]), dynamic([2,"x"]))', [1, 2, 'x']],
    ['array_slice(dynamic([1,2,3,4]), 1, 2)', [2, 3]],
    ['array_slice(dynamic([1,2,3,4]), -2, -1)', [3, 4]],
    ['array_index_of(dynamic(["a","b"]), "b")', 1],
    ['array_index_of(dynamic(["a","b"]), "z")', -1],
    ['array_sort_asc(dynamic([3,1,10]))', [1, 3, 10]],
    ['array_sort_desc(dynamic(["b","c","a"]))', ['c', 'b', 'a']],
    ['array_reverse(dynamic([1,2]))', [2, 1]],
    ['array_sum(dynamic([1,2.5]))', 3.5],
    ['set_has_element(dynamic(["a"]), "a")', true],
    ['set_union(dynamic([1,2]), dynamic([2,3]))', [1, 2, 3]],
    ['set_intersect(dynamic([1,2]), dynamic([2,3]))', [2]],
    ['set_difference(dynamic([1,2,3]), dynamic([2]))', [1, 3]],
    ['strcat_array(dynamic(["a",1]), "+")', 'a+1'],
    ['range(1, 5, 2)', [1, 3, 5]],
    ['repeat("x", 2)', ['x', 'x']],
  ]);
  checkCases(open, [['print a = 1, b = "x" | project p = pack_all()', [[{ a: 1, b: 'x' }]]]]);
});

describe('mv-expand', () => {
  checkCases(open, [
    [
      'print a = "[1,2]", b = "x" | mv-expand todynamic(a) | project a, b',
      [
        [1, 'x'],
        [2, 'x'],
      ],
    ],
    [
      'datatable(k:string, v:dynamic)["null", dynamic(null), "empty", dynamic([]), "array", dynamic([1,null]), "scalar", dynamic("t")] | mv-expand with_itemindex = i v',
      [
        ['null', null, 0],
        ['array', 1, 0],
        ['array', null, 1],
        ['scalar', 't', 0],
      ],
    ],
    ['print a = dynamic({"x":1,"y":2}) | mv-expand a', [[{ x: 1 }], [{ y: 2 }]]],
    ['print a = dynamic({"x":1}) | mv-expand kind=array a', [[['x', 1]]]],
    [
      'print a = dynamic([1,2,3]), b = dynamic(["x"]) | mv-expand a, b',
      [
        [1, 'x'],
        [2, null],
        [3, null],
      ],
    ],
    [
      'print a = dynamic([1,"2","x"]) | mv-expand a to typeof(long) | extend b = a + 1',
      [
        [1, 2],
        [2, 3],
        [null, null],
      ],
    ],
    ['print a = dynamic([1,2,3]) | mv-expand a to typeof(string) limit 2', [['1'], ['2']]],
    [
      'print s = "a b" | mv-expand w = split(s, " ") to typeof(string) | project s, w',
      [
        ['a b', 'a'],
        ['a b', 'b'],
      ],
    ],
    [
      'print d = parse_json(\'{"u":[{"n":"ann"},{"n":"bob"}]}\') | mv-expand d.u | project tostring(d_u.n)',
      [['ann'], ['bob']],
    ],
  ]);
});
