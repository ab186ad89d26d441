import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from '../index.ts';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
const host = 'https://files.example.org';

/** A zip archive of these files, packed as `method` says: 8 is deflate, 0 not at all. */
function zip(files: Readonly<Record<string, string>>, method: 0 | 8): Uint8Array {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const raw = Buffer.from(content);
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(raw.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    entries.push(entry, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

beforeAll(() => {
  engine = openTestEngine(['DeviceInfo']);
  const json = '{"name":"a","size":9007199254740993,"tags":["x","y"],"at":1700000000}';
  const files: Record<string, string | Uint8Array> = {
    'list.txt': 'one\r\ntwo\n\nthree',
    'quoted.csv': 'Name,Size,Note\n"a, ""b""",1,"two\nlines"\nc,,\n',
    'short.csv': 'a\nb,2,3\n',
    'tabs.tsv': 'a\t1\n"b\tc"\t2\n',
    'semicolons.scsv': 'a;1\nb;2\n',
    'bars.psv': 'a|1\n',
    'soh.sohsv': 'a\u00011\n',
    'escaped.tsve': 'a\\tb\t1\n',
    'types.csv':
      'true,7,1.5,2026-01-02T03:04:05Z,1.02:03:04,{"k":[1]},74BE27DE-1E4E-49D9-B579-FE0B331D3642\nx,x,x,x,x,x,x\n',
    'lines.json': `${json}\n{"name":"b"}\n`,
    'array.json': `[${json}, {"name":"b"}]`,
    'pretty.json': `{\n "name": "a{",\n "inner": {"deep": [10, 20]}\n}\n{"name":"b"}`,
    'nested.json': '{"data":{"tenant":"t1","list":[{"v":1},{"v":2}]},"a b":"c"}',
    'iis.log': '#Version: 1.0\n#Fields: date cs-method sc-status\n2026-01-01 GET 200\n2026-01-02 - 404\n',
    'bom.txt': '\ufeffmarked',
    'utf16.txt': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('wide', 'utf16le')]),
    'packed.csv.gz': gzipSync('a,1\nb,2\n'),
    'packed.csv.zip': zip({ 'one.csv': 'h\na\n', 'two.csv': 'h\nb\n', 'none.csv': '' }, 8),
    'stored.zip': zip({ 'one.csv': 'a\n' }, 0),
    'broken.gz': Buffer.from([0x1f, 0x8b, 1, 2, 3]),
    'broken.zip': Buffer.from([0x50, 0x4b, 3, 4, 0, 0]),
    'broken.json': '{"a":\n',
    'empty.csv': '',
  };
  for (const [name, content] of Object.entries(files)) engine.serve(`${host}/${name}`, content);
}, 120_000);
afterAll(() => engine.close());

const from = (schema: string, file: string, options = '') =>
  `externaldata(${schema})["${host}/${file}"]${options === '' ? '' : ` with (${options})`}`;

describe('formats', () => {
  checkCases(
    () => engine,
    [
      [from('l:string', 'list.txt'), [['one'], ['two'], ['three']]],
      [from('l:string', 'list.txt', 'format="txt", ignoreFirstRecord=true'), [['two'], ['three']]],
      [
        from('l:string', 'list.txt', 'format="txt", ignoreFirstRecord=true, ignoreLastRecord=true'),
        [['two']],
      ],
      [from('l:string', 'list.txt', "format='raw'"), [['one\r\ntwo\n\nthree']]],
      [
        from('Name:string, Size:long, Note:string', 'quoted.csv', 'format="csv", ignoreFirstRecord=True'),
        [
          ['a, "b"', 1, 'two\nlines'],
          ['c', null, ''],
        ],
      ],
      [
        from('a:string, b:long', 'short.csv'),
        [
          ['a', null],
          ['b', 2],
        ],
      ],
      [
        from('a:string, b:long', 'tabs.tsv'),
        [
          ['a', 1],
          ['b\tc', 2],
        ],
      ],
      [
        from('a:string, b:long', 'semicolons.scsv'),
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
      [from('a:string, b:long', 'bars.psv'), [['a', 1]]],
      [from('a:string, b:long', 'soh.sohsv'), [['a', 1]]],
      [from('a:string, b:long', 'escaped.tsve'), [['a\tb', 1]]],
      [
        from('name:string, size:long', 'lines.json', 'format="json"').replace('size:long', 'size:string'),
        [
          ['a', '9007199254740993'],
          ['b', ''],
        ],
      ],
      [
        from('name:string, tags:dynamic', 'array.json', 'format="multijson"'),
        [
          ['a', ['x', 'y']],
          ['b', null],
        ],
      ],
      [
        from('name:string, inner:dynamic', 'pretty.json', 'format="multijson"'),
        [
          ['a{', { deep: [10, 20] }],
          ['b', null],
        ],
      ],
      [
        from('data:dynamic', 'nested.json', 'format="singlejson"'),
        [[{ tenant: 't1', list: [{ v: 1 }, { v: 2 }] }]],
      ],
      [
        from('["date"]:datetime, verb:string, status:int', 'iis.log', 'format="w3clogfile"'),
        [
          ['2026-01-01T00:00:00.0000000Z', 'GET', 200],
          ['2026-01-02T00:00:00.0000000Z', '', 404],
        ],
      ],
      [from('l:string', 'bom.txt'), [['marked']]],
      [from('l:string', 'utf16.txt'), [['wide']]],
      [
        from('a:string, b:long', 'packed.csv.gz'),
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
      [from('a:string', 'packed.csv.zip', 'ignoreFirstRecord=true'), [['a'], ['b']]],
      [from('a:string', 'stored.zip'), [['a']]],
      [from('a:string', 'empty.csv'), []],
    ],
  );
});

describe('types', () => {
  checkCases(
    () => engine,
    [
      [
        from('b:bool, l:long, r:real, d:datetime, t:timespan, j:dynamic, g:guid', 'types.csv'),
        [
          [
            true,
            7,
            1.5,
            '2026-01-02T03:04:05.0000000Z',
            '1.02:03:04',
            { k: [1] },
            '74be27de-1e4e-49d9-b579-fe0b331d3642',
          ],
          [null, null, null, null, null, 'x', null],
        ],
      ],
    ],
  );
});

describe('ingestion mappings', () => {
  const mapped = (schema: string, file: string, format: string, mapping: unknown) =>
    `externaldata(${schema})["${host}/${file}"] with (format="${format}", ingestionMapping=${JSON.stringify(JSON.stringify(mapping))})`;
  checkCases(
    () => engine,
    [
      [
        mapped('T:string, V:long, W:string', 'nested.json', 'multijson', [
          { Column: 'T', Properties: { Path: '$.data.tenant' } },
          { Column: 'V', Properties: { Path: '$.data.list[1].v' } },
          { Column: 'W', Properties: { path: "$['a b']" } },
        ]),
        [['t1', 2, 'c']],
      ],
      [
        mapped('At:datetime, Line:long, Where:string, Fixed:string, None:string', 'lines.json', 'json', [
          { column: 'At', path: '$.at', transform: 'DateTimeFromUnixSeconds' },
          { column: 'Line', Properties: { Transform: 'SourceLineNumber' } },
          { column: 'Where', Properties: { Transform: 'SourceLocation' } },
          { column: 'Fixed', Properties: { ConstValue: 'k' } },
        ]),
        [
          ['2023-11-14T22:13:20.0000000Z', 1, `${host}/lines.json`, 'k', ''],
          [null, 2, `${host}/lines.json`, 'k', ''],
        ],
      ],
      [
        mapped('Second:string, First:string', 'semicolons.scsv', 'scsv', [
          { Name: 'First', Ordinal: '0' },
          { Name: 'Second', Ordinal: 1 },
        ]),
        [
          ['1', 'a'],
          ['2', 'b'],
        ],
      ],
      [
        mapped('Status:int', 'iis.log', 'w3clogfile', [
          { Column: 'Status', Properties: { Field: 'sc-status' } },
        ]),
        [[200], [404]],
      ],
    ],
  );
});

describe('in queries', () => {
  checkCases(
    () => engine,
    [
      [`externaldata(l:string)["${host}/list.txt", h@"${host}/bom.txt"] | count`, [[4]]],
      [
        `let List = external_data(l:string)[@"${host}/list.txt"]; print x = "two" | where x in (List) | count`,
        [[1]],
      ],
      [
        `let List = materialize(externaldata(l:string)["${host}/list.txt"]); List | join kind=inner List on l | summarize n = count()`,
        [[3]],
      ],
      [
        `let From = "${host}/list.txt"; externaldata(l:string)[From] | where l startswith "t" | order by l asc`,
        [['three'], ['two']],
      ],
      [`externaldata(l:string)["${host}/list.txt"] | take 1`, [['one']]],
    ],
  );

  it.each([
    [from('a:string', 'broken.gz'), 'externaldata of a damaged compressed file'],
    [from('a:string', 'broken.zip'), 'externaldata of a damaged compressed file'],
    [from('a:string', 'broken.json', 'format="json"'), 'externaldata of line 1 that is not JSON'],
    [from('a:string', 'x.parquet'), 'externaldata of format=parquet, which is not text'],
    [from('a:string', 'x', 'format="nope"'), "externaldata of format='nope'"],
    [from('a:string', 'x', 'nope=1'), 'externaldata with the property nope'],
    [
      from('a:string', 'nested.json', 'format="json", ingestionMapping="[]"').replace('[]', '{'),
      'externaldata of an ingestionMapping that is not JSON',
    ],
  ])('%s is refused by name', (query, construct) => {
    expect(() => engine.rows(query)).toThrow(KqlError);
    expect(() => engine.rows(query)).toThrow(construct);
  });
});
