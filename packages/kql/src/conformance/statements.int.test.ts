import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from '../kql-error.ts';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = openTestEngine(['DeviceInfo', 'DeviceNetworkInfo']);
  await engine.insert('DeviceInfo', [
    { Timestamp: '2026-11-24T10:00:00Z', DeviceId: 'a', DeviceName: 'alpha', OSPlatform: 'Linux' },
    { Timestamp: '2026-11-24T10:01:00Z', DeviceId: 'b', DeviceName: 'beta', OSPlatform: 'Linux' },
    { Timestamp: '2026-11-24T10:02:00Z', DeviceId: 'c', DeviceName: 'beta', OSPlatform: 'Windows' },
  ]);
  await engine.insert('DeviceNetworkInfo', [
    { Timestamp: '2026-11-24T10:00:00Z', DeviceId: 'a', DeviceName: 'alpha' },
  ]);
});
afterAll(() => engine.close());
const open = () => engine;

/** What the query is refused with. */
function refusal(query: string): string {
  try {
    engine.rows(query);
  } catch (error) {
    if (error instanceof KqlError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('a query of several results answers with the first', () => {
  checkCases(open, [
    ['print a = 1; print b = 2', [[1]]],
    ['let x = 3; print a = x; print b = 2; print c = 4', [[3]]],
    ['range n from 1 to 5 step 1 | fork (where n > 3 | project m = n * 2) (count)', [[8], [10]]],
    ['range n from 1 to 5 step 1 | fork few = (take 0) (count)', []],
    ['range n from 1 to 5 step 1 | fork (summarize total = sum(n) | as Totals) (count)', [[15]]],
    [
      'DeviceInfo | facet by DeviceName, OSPlatform with (where OSPlatform == "Linux" | project DeviceId | sort by DeviceId asc)',
      [['a'], ['b']],
    ],
    ['range n from 1 to 3 step 1 | extend k = "x" | facet by k, n', [['x', 3]]],
  ]);

  it('under the columns of the first', () => {
    const { columns } = engine.table('DeviceInfo | facet by OSPlatform, DeviceName');
    expect(columns).toEqual([
      { name: 'OSPlatform', type: 'string' },
      { name: 'count_OSPlatform', type: 'long' },
    ]);
    expect(engine.table('print a = 1; print b = "x"').columns).toEqual([{ name: 'a', type: 'long' }]);
  });

  it('and consume with nothing', () => {
    expect(engine.table('DeviceInfo | consume')).toEqual({ columns: [], rows: [] });
    expect(engine.table('print x = 1 | consume decodeblocks=true')).toEqual({ columns: [], rows: [] });
  });
});

describe('declare pattern', () => {
  const capitals =
    'declare pattern country = (name:string)[state:string] { ("USA").["New York"] = { print Capital = "Albany" }; ("Canada").["Alberta"] = { print Capital = "Edmonton" }; };';
  checkCases(open, [
    [`${capitals} country("Canada").Alberta`, [['Edmonton']]],
    [`${capitals} country('USA').['New York'] | extend n = strlen(Capital)`, [['Albany', 6]]],
    [`${capitals} union country("USA").["New York"], country("Canada").["Alberta"] | count`, [[2]]],
    [
      'declare pattern p = (a:string) { ("x") = { print y = a }; ("z") = { print y = "q" }; }; p("x")',
      [['x']],
    ],
    [
      'declare pattern p = (a:string, b:string) { ("x", "y") = { let n = strcat(a, b); print v = n }; }; p("x", "y")',
      [['xy']],
    ],
    [
      'declare pattern p = (a:string) { ("x") = { DeviceInfo | where OSPlatform == "Linux" }; }; p("x") | count',
      [[2]],
    ],
  ]);

  it('refuses a call that it maps nothing to', () => {
    const known = 'declare pattern p = (a:string) { ("x") = { print y = a }; };';
    expect(refusal(`${known} p("10.1.1.1")`)).toBe('No pattern matches the specified arguments.');
    expect(refusal(`${capitals} country("USA").["*"] | count`)).toContain("The name '*' does not refer");
    expect(refusal('declare pattern place; place("10.1.1.1")')).toBe('No arguments expected.');
  });
});

describe('restrict access', () => {
  checkCases(open, [
    ['restrict access to (DeviceInfo); DeviceInfo | count', [[3]]],
    ['restrict access to (database().DeviceInfo); DeviceInfo | count', [[3]]],
    ['restrict access to (database().Device*); DeviceNetworkInfo | count', [[1]]],
    // A view that stands before goes on seeing what it names.
    [
      'let Own = view () { DeviceInfo | where DeviceId == "a" }; restrict access to (Own); Own | count',
      [[1]],
    ],
    ['let Own = DeviceInfo | where DeviceId == "a"; restrict access to (*); Own | count', [[1]]],
    ['restrict access to (DeviceInfo); let Later = DeviceInfo | take 1; Later | count', [[1]]],
    ['let n = 2; restrict access to (DeviceInfo); DeviceInfo | take n | count', [[2]]],
    ['restrict access to (DeviceInfo); union Device* | count', [[3]]],
    ['restrict access to (DeviceNetworkInfo); search "alpha" | count', [[1]]],
    [
      'restrict access to (DeviceNetworkInfo); find where DeviceName == "alpha" project DeviceId | count',
      [[1]],
    ],
  ]);

  it.each([
    ['restrict access to (DeviceInfo); DeviceNetworkInfo | count', 'DeviceNetworkInfo'],
    ['restrict access to (DeviceInfo); union DeviceInfo, DeviceNetworkInfo | count', 'DeviceNetworkInfo'],
    ['restrict access to (DeviceInfo); DeviceInfo | join DeviceNetworkInfo on DeviceId', 'DeviceNetworkInfo'],
    ['restrict access to (DeviceInfo); table("DeviceNetworkInfo") | count', 'DeviceNetworkInfo'],
    ['restrict access to (DeviceInfo); print toscalar(DeviceNetworkInfo | count)', 'DeviceNetworkInfo'],
    ['let Own = view () { DeviceInfo }; restrict access to (Own); DeviceInfo | count', 'DeviceInfo'],
    ['let Own = DeviceInfo | take 1; restrict access to (database().*); Own', 'Own'],
    ['let F = () { DeviceInfo }; restrict access to (*); F() | union DeviceInfo', 'DeviceInfo'],
    [
      'declare pattern p = (a:string) { ("x") = { print y = a }; }; restrict access to (DeviceInfo); p("x")',
      'p',
    ],
  ])('%s', (query, name) => {
    expect(refusal(query)).toContain(`The name '${name}' does not refer to any known table`);
  });
});

describe('table() by a name that is computed', () => {
  checkCases(open, [
    ['table(strcat("Device", "Info")) | count', [[3]]],
    ['let rest = "Info"; table(strcat("Device", rest)) | count', [[3]]],
    [
      'table(toscalar(DeviceInfo | where DeviceId == "a" | project strcat("Device", "NetworkInfo"))) | count',
      [[1]],
    ],
    ['table(strcat("Device", "Info")) | where DeviceId == "a" | project DeviceName', [['alpha']]],
  ]);

  it('refuses a name of no table', () => {
    expect(refusal('table(strcat("Device", "Nothing")) | count')).toContain("The name 'DeviceNothing'");
  });
});
