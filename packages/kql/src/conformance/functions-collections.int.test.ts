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

describe('arrays', () => {
  checkValues(open, [
    ['array_rotate_left(dynamic([1,2,3,4,5]), 2)', [3, 4, 5, 1, 2]],
    ['array_rotate_left(dynamic([1,2,3,4,5]), -2)', [4, 5, 1, 2, 3]],
    ['array_rotate_right(dynamic([1,2,3,4,5]), 7)', [4, 5, 1, 2, 3]],
    ['array_rotate_left(dynamic([]), 1)', []],
    ['array_rotate_left(parse_json("x"), 1)', null],
    ['array_shift_left(dynamic([1,2,3]), 2)', [3, null, null]],
    ['array_shift_left(dynamic([1,2,3]), -1, 9)', [9, 1, 2]],
    ['array_shift_right(dynamic([1,2,3]), 2, "x")', ['x', 'x', 1]],
    ['array_shift_right(dynamic([1,2,3]), 9)', [null, null, null]],
    [
      'array_split(dynamic([1,2,3,4,5]), 2)',
      [
        [1, 2],
        [3, 4, 5],
      ],
    ],
    ['array_split(dynamic([1,2,3,4,5]), dynamic([1,3]))', [[1], [2, 3], [4, 5]]],
    ['array_split(dynamic([1,2,3]), -1)', [[1, 2], [3]]],
    ['array_split(dynamic([1,2,3]), 9)', [[1, 2, 3], []]],
    ['array_iff(dynamic([true,false,true]), dynamic([1,2,3]), dynamic([4,5,6]))', [1, 5, 3]],
    ['array_iff(dynamic([1,0,50]), "yes", "no")', ['yes', 'no', 'yes']],
    ['array_iif(dynamic(["a", null, true]), 1, 0)', [null, null, 1]],
    ['array_iff(dynamic([true,true,true]), dynamic([1,2]), dynamic([3,4]))', [1, 2, null]],
    ['array_index_of(dynamic(["a","b","a"]), "a", 1)', 2],
    ['array_index_of(dynamic(["a","b","a"]), "a", 0, -1, 2)', 2],
    ['array_index_of(dynamic(["a","b","a"]), "a", -1)', 2],
    ['array_index_of(dynamic(["a","b","a"]), "a", 1, 1)', -1],
    ['array_index_of(dynamic([1, 2]), 2)', 1],
    ['array_index_of(dynamic([1, 2]), 2, 0, -2)', null],
    ['array_sort_asc(dynamic([3, null, 1, 2]))', [1, 2, 3, null]],
    ['array_sort_asc(dynamic([3, null, 1, 2]), false)', [null, 1, 2, 3]],
    ['array_sort_desc(dynamic([10, 9, "b", "a", null]))', ['b', 'a', 10, 9, null]],
    ['array_sort_asc(dynamic([3,1,2]), dynamic(["c","a","b"]))[1]', ['a', 'b', 'c']],
    ['array_sort_asc(dynamic([3,1,2]), dynamic(["c"]))[1]', null],
    ['array_sum(dynamic([1, 2.5, "3"]))', 6.5],
    ['array_sum(dynamic([1, "x"]))', null],
    ['array_concat(dynamic([1]), dynamic([2, 3]))', [1, 2, 3]],
    ['array_reverse(dynamic([1, "b"]))', ['b', 1]],
    ['range(1, 10, 3)', [1, 4, 7, 10]],
    ['range(3, 1, -1)', [3, 2, 1]],
    ['range(1, 3, -1)', []],
    ['range(1.5, 3)', [1.5, 2.5]],
    ['range(1h, 3h)', ['01:00:00', '02:00:00', '03:00:00']],
    [
      'range(datetime(2026-01-01), datetime(2026-01-03), 1d)',
      ['2026-01-01T00:00:00.0000000Z', '2026-01-02T00:00:00.0000000Z', '2026-01-03T00:00:00.0000000Z'],
    ],
    ['repeat(dynamic(null), 2)', [null, null]],
    ['set_equals(dynamic([1,2,2]), dynamic([2,1]))', true],
    ['set_equals(dynamic([1]), dynamic([2,1]))', false],
  ]);
  checkCases(open, [
    [
      'print array_sort_asc(dynamic([2,1]), dynamic(["b","a"]))',
      [
        [
          [1, 2],
          ['a', 'b'],
        ],
      ],
    ],
    [
      'datatable(a:dynamic, b:dynamic)[dynamic([2,1]), dynamic(["x","y"])] | extend (p, q) = array_sort_desc(a, b) | project p, q',
      [
        [
          [2, 1],
          ['x', 'y'],
        ],
      ],
    ],
    [
      'datatable(a:dynamic)[dynamic([1,2,3])] | extend n = 1 | project array_rotate_left(a, n)',
      [[[2, 3, 1]]],
    ],
    ['range x from 1 to 3 step 1 | extend a = range(1, x) | summarize sum(array_length(a))', [[6]]],
  ]);
});

describe('bags', () => {
  checkValues(open, [
    ['bag_set_key(dynamic({"a":1}), "b", 2)', { a: 1, b: 2 }],
    ['bag_set_key(dynamic({"a":1}), "a", "x")', { a: 'x' }],
    ['bag_set_key(dynamic({"a":1}), "$.b.c", 2)', { a: 1, b: { c: 2 } }],
    ['bag_set_key(dynamic({"b":{"c":1,"d":2}}), "$.b.c", dynamic([1]))', { b: { c: [1], d: 2 } }],
    ['bag_set_key(parse_json("[1]"), "a", 1)', null],
    ['bag_remove_keys(dynamic({"a":1,"b":{"c":1,"d":2}}), dynamic(["a", "$.b.c"]))', { b: { d: 2 } }],
    ['bag_has_key(dynamic({"b":{"c":1}}), "$.b.c")', true],
    ['bag_has_key(dynamic({"b":{"c":1}}), "$[\'b\'][\'x\']")', false],
    ['bag_has_key(parse_json("1"), "b")', null],
    ['bag_zip(dynamic(["a", 8, "b"]), dynamic([1, 2, 2.5]))', { a: 1, b: 2.5 }],
    ['bag_zip(dynamic(["a", "b"]), dynamic([1]))', { a: 1, b: null }],
    ['bag_zip(parse_json("a"), dynamic([1]))', null],
    ['bag_keys(dynamic({"a":1,"b":2}))', ['a', 'b']],
    ['bag_merge(dynamic({"a":1}), dynamic({"a":2,"b":3}))', { a: 1, b: 3 }],
    ['dynamic_to_json(dynamic({"b":1,"a":[{"z":1,"y":2}]}))', '{"a":[{"y":2,"z":1}],"b":1}'],
    ['dynamic_to_json(dynamic("x"))', 'x'],
  ]);
  checkCases(open, [
    [
      'datatable(Id:string, N:long)["a", 1, "b", 2] | project bag_pack_columns(Id, N)',
      [[{ Id: 'a', N: 1 }], [{ Id: 'b', N: 2 }]],
    ],
    [
      'datatable(d:dynamic)[dynamic({"b":1,"a":2}), dynamic({"a":1})] | project dynamic_to_json(d)',
      [['{"a":2,"b":1}'], ['{"a":1}']],
    ],
    ['print b = dynamic({"a":{"x y":5}}), k = "a" | project b.[k].["x y"]', [[5]]],
  ]);
});

describe('dynamics among themselves', () => {
  checkValues(open, [
    ['dynamic(3) * dynamic(2)', 6],
    ['dynamic(7) / dynamic(2)', 3],
    ['dynamic(3.5) + dynamic(1)', 4.5],
    ['dynamic("a") + dynamic(1)', null],
    ['-dynamic(3)', -3],
    ['datetime(2026-01-01) + dynamic("01:00:00")', '2026-01-01T01:00:00.0000000Z'],
    ['datetime(2026-01-02) - parse_json("\\"2026-01-01T00:00:00Z\\"")', '1.00:00:00'],
    ['parse_json("5") + 1', 6],
    ['1.5 * parse_json("3")', 4.5],
    ['dynamic(9) < dynamic(10)', true],
    ['dynamic("b") > dynamic("a")', true],
    ['dynamic(1) == dynamic(1.0)', true],
    ['dynamic([1]) == dynamic([1])', true],
    ['dynamic("a") != dynamic("b")', true],
    ['dynamic(null) < dynamic(1)', null],
  ]);
});
