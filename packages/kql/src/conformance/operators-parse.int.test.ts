import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(() => {
  engine = openTestEngine([]);
  engine.rows('print 1');
});
afterAll(() => engine.close());
const open = () => engine;

const logon = 'print s = "user=ann id=42 at=2026-11-24T10:00:00Z for=00:05:00 rate=1.5 ok=true"';

describe('parse', () => {
  checkCases(open, [
    ['datatable(s:string)["", "x", "ab"] | parse-where s with "a" * | project s', [['ab']]],
    ['datatable(s:string)["", "x"] | parse-where s with | count', [[1]]],
    ['datatable(s:string, n:long)["", 1, "x", 2] | parse-where s with | project n', [[1]]],
    ['datatable(s:string, n:long)["ab", 1, "cb", 2] | parse-where s with * "a" * | project n', [[1]]],
    ['print s = "a=1;b=2" | parse s with "a=" a ";b=" b', [['a=1;b=2', '1', '2']]],
    ['print s = "a=1;b=2" | parse s with "a=" a:long ";b=" b:int | project a, b', [[1, 2]]],
    // The whole text must fit: what is to be skipped is a star.
    ['print s = "xa=1;b=2" | parse s with "a=" a ";b=" b | project a, b', [['', '']]],
    ['print s = "xa=1;b=2" | parse s with * "a=" a ";b=" b | project a, b', [['1', '2']]],
    ['print s = "a=1;b=2;c" | parse s with "a=" a ";b=" b:long | project a, b', [['', null]]],
    ['print s = "a=1;b=2;c" | parse s with "a=" a ";b=" b:long * | project a, b', [['1', 2]]],
    // A text goes up to the next delimiter, the last one to the end.
    ['print s = "x-y-z" | parse s with a "-" b | project a, b', [['x', 'y-z']]],
    ['print s = "x-y-z" | parse s with a "-" * | project a', [['x']]],
    ['print s = "one\\ntwo;three" | parse s with a ";" b | project a, b', [['one\ntwo', 'three']]],
    [
      `${logon} | parse s with * "id=" id:long " at=" at:datetime " for=" took:timespan " rate=" rate:real " ok=" ok:bool | project id, at, took, rate, ok`,
      [[42, '2026-11-24T10:00:00.0000000Z', '00:05:00', 1.5, true]],
    ],
    [`${logon} | parse s with * "id=" id:int * "rate=" rate:decimal " " * | project id, rate`, [[42, '1.5']]],
    ['print s = "v=-7" | parse s with "v=" v:long | project v', [[-7]]],
    ['print s = "v= 7 x" | parse s with "v=" v:long " x" | project v', [[7]]],
    // A column that does not convert fails the row, unless it is relaxed.
    ['print s = "a=x b=2" | parse s with "a=" a:long " b=" b:long | project a, b', [[null, null]]],
    ['print s = "a=1 b=no" | parse s with "a=" a " b=" b:datetime | project a, b', [['', null]]],
    ['print s = "a=x b=2" | parse kind=relaxed s with "a=" a:long " b=" b:long | project a, b', [[null, 2]]],
    ['print s = "a=x" | parse kind=relaxed s with "b=" a:long | project a', [[null]]],
    ['print s = "n=5 tail" | parse kind=relaxed s with "n=" n:long * | project n', [[5]]],
    // Special characters of regular expressions are none here.
    ['print s = "a.b*c(d)" | parse s with a "." b "*c(" d ")" | project a, b, d', [['a', 'b', 'd']]],
    ['print s = "aXb*c" | parse s with a "." b | project a, b', [['', '']]],
    ['print n = 12345 | parse n with "12" rest:long | project rest', [[345]]],
    ['print s = "" | parse s with a | project a', [['']]],
    ['datatable(s:string)["x=1", "y=2", "x=3"] | parse s with "x=" v:long | project v', [[1], [null], [3]]],
    [
      'print s = "74be27de-1e4e-49d9-b579-fe0b331d3642 rest" | parse s with id:guid * | project id',
      [['74be27de-1e4e-49d9-b579-fe0b331d3642']],
    ],
    [
      'print s = "from 1d to 2026-01-02 10:00 done" | parse s with "from " a:string " to " b:datetime * | project a, b',
      [['1d', '2026-01-02T10:00:00.0000000Z']],
    ],
  ]);
});

describe('parse kind=regex', () => {
  checkCases(open, [
    // Texts take as much as they can, unless the flag U turns that round.
    ['print s = "n=P, t=3, u=4" | parse kind=regex s with * "n=" r "," * | project r', [['P, t=3']]],
    ['print s = "n=P, t=3, u=4" | parse kind=regex flags=U s with * "n=" r "," * | project r', [['P']]],
    ['print s = "n=P, t=3, u=4" | parse kind=regex flags=Ui s with * "N=" r "," * | project r', [['P']]],
    ['print s = "n=P" | parse kind=regex s with * "N=" r | project r', [['']]],
    ['print s = "id: 42" | parse kind=regex s with @"id:\\s*" id:long | project id', [[42]]],
    ['print s = "ab12cd" | parse kind=regex s with "[a-z]+" n:long "[a-z]+" | project n', [[12]]],
    // Groups of the author's do not shift ours.
    ['print s = "ab12cd" | parse kind=regex s with "([a-z])+" n:long "(c|x)(d)" | project n', [[12]]],
    ['print s = "b-1" | parse kind=regex s with "a|b" @"\\-" n:long | project n', [[1]]],
    ['print s = "a\\nb;c" | parse kind=regex s with x ";" * | project x', [['']]],
    ['print s = "a\\nb;c" | parse kind=regex flags=s s with x ";" * | project x', [['a\nb']]],
  ]);
});

describe('parse-where', () => {
  checkCases(open, [
    [
      'datatable(s:string)["x=1", "y=2", "x=q", "x=3"] | parse-where s with "x=" v:long | project v',
      [[1], [3]],
    ],
    ['datatable(s:string)["x=1", "y=2"] | parse-where s with "x=" v | project v', [['1']]],
    ['print s = "x=1" | parse-where kind=regex flags=i s with "X=" v:long | project v', [[1]]],
    ['print s = "x=1" | parse-where kind=regex s with "X=" v:long | project v', []],
    ['datatable(s:string)["x=1", "y=2"] | parse-where s with "x=" v:long | count', [[1]]],
  ]);
});

describe('parse-kv', () => {
  checkCases(open, [
    [
      'print s = "a:1, b: two ,c:3" | parse-kv s as (b:string, a:long, z:string, y:long) with (pair_delimiter=",", kv_delimiter=":") | project-away s',
      [['two', 1, '', null]],
    ],
    // Of a key that comes twice the first counts.
    [
      'print s = "a=1;a=2" | parse-kv s as (a:long) with (pair_delimiter=";", kv_delimiter="=") | project a',
      [[1]],
    ],
    [
      'print s = "A=1;a=2" | parse-kv s as (a:long) with (pair_delimiter=";", kv_delimiter="=") | project a',
      [[2]],
    ],
    [
      `print s = 'a="x;y=1";b=2' | parse-kv s as (a:string, y:long, b:long) with (pair_delimiter=";", kv_delimiter="=", quote='"') | project-away s`,
      [['x;y=1', null, 2]],
    ],
    [
      `print s = "a=(x;y);(b c)=<2>" | parse-kv s as (a:string, ['b c']:long) with (pair_delimiter=";", kv_delimiter="=", quote="()", quote="<>") | project-away s`,
      [['x;y', 2]],
    ],
    [
      `print s = 'a="say \\\\"hi\\\\"" b=1' | parse-kv s as (a:string, b:long) with (pair_delimiter=" ", kv_delimiter="=", quote='"', escape='\\\\') | project-away s`,
      [['say "hi"', 1]],
    ],
    [
      'print s = "name=John Doe phone=555 5555 city=New York" | parse-kv s as (name:string, phone:string, city:string) with (pair_delimiter=" ", kv_delimiter="=") | project-away s',
      [['John', '555', 'New']],
    ],
    [
      'print s = "name=John Doe phone=555 5555 city=New York" | parse-kv s as (name:string, phone:string, city:string) with (pair_delimiter=" ", kv_delimiter="=", greedy=true) | project-away s',
      [['John Doe', '555 5555', 'New York']],
    ],
    [
      'print s = "[x] ThreadId:45, Machine:Node001, Text: Started" | parse-kv s as (Text:string, ThreadId:long, Machine:string) | project-away s',
      [['Started', 45, 'Node001']],
    ],
    [
      `print s = "Machine:Node001, Text: 'The service is up'" | parse-kv s as (Text:string, Machine:string) with (quote="'") | project-away s`,
      [['The service is up', 'Node001']],
    ],
    [
      `print s = '["x y: 1", "z: q"]' | parse-kv s as (['x y']:long, z:string) with (regex=@'"([\\w ]+)\\s*:\\s*([^"]*)"') | project-away s`,
      [[1, 'q']],
    ],
    [
      'print s = "junk a->1||b->2" | parse-kv s as (a:long, b:long) with (pair_delimiter="||", kv_delimiter="->") | project-away s',
      [[null, 2]],
    ],
    [
      'print s = "" | parse-kv s as (a:long, b:string) with (pair_delimiter=",", kv_delimiter=":") | project-away s',
      [[null, '']],
    ],
  ]);
});
