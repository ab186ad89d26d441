/** A filter must let through exactly the rows that the same predicate finds on the engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from '../kql-error.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';
import { compileRowFilter } from './compile-row-filter.ts';
import { rowFilter } from './row-filter.ts';

const TABLE = 'DeviceNetworkEvents';
const texts = [
  '',
  'powershell.exe -enc AAAA',
  'C:\\Windows\\System32\\cmd.exe',
  'PowerShell',
  'foo-bar baz',
  'xfoo-bar',
  '—foo bar—',
  'naïve café',
  'KELVIN \u212A',
  'İstanbul',
  'a.b.c',
  '10.0.0.1',
  'straße',
  'tab\tand\nline',
];
const times = ['2026-11-24T10:00:00.0000000Z', '2026-11-24T10:00:00.1234567Z'];
const rows = texts.flatMap((text, i) =>
  [null, 0, 443, -7].map((port, j) => ({
    Timestamp: times[(i + j) % 2],
    DeviceId: `d${i}`,
    ReportId: i * 10 + j + 1,
    ActionType: ['ConnectionSuccess', 'connectionfailed', ''][(i + j) % 3],
    RemoteUrl: text,
    RemotePort: port,
    InitiatingProcessFileSize: j === 0 ? null : j === 1 ? '9007199254740993' : i,
    IsInitiatingProcessRemoteSession: j === 0 ? null : j === 1,
  })),
);

const predicates = [
  'RemoteUrl == "PowerShell"',
  'RemoteUrl != "PowerShell"',
  '"PowerShell" == RemoteUrl',
  'RemoteUrl =~ "POWERSHELL"',
  'RemoteUrl !~ "powershell"',
  'RemoteUrl has "powershell"',
  'RemoteUrl !has "powershell"',
  'RemoteUrl has_cs "powershell"',
  'RemoteUrl has "foo"',
  'RemoteUrl has "foo bar"',
  'RemoteUrl has "foo-bar"',
  'RemoteUrl has ".exe"',
  'RemoteUrl has "b"',
  'RemoteUrl has "caf"',
  'RemoteUrl has ""',
  'RemoteUrl has "-"',
  'RemoteUrl hasprefix "power"',
  'RemoteUrl hasprefix "cmd.e"',
  'RemoteUrl hassuffix "shell"',
  'RemoteUrl !hassuffix_cs "Shell"',
  'RemoteUrl contains "EXE"',
  'RemoteUrl contains_cs "EXE"',
  'RemoteUrl contains "k"',
  'RemoteUrl contains "i"',
  'RemoteUrl startswith "POWER"',
  'RemoteUrl endswith ".exe"',
  'RemoteUrl !endswith_cs ".EXE"',
  'RemoteUrl has_any ("foo", "10.0.0.1", "cmd")',
  'RemoteUrl has_all ("foo", "bar")',
  'RemoteUrl in ("PowerShell", "straße")',
  'RemoteUrl !in ("PowerShell", "")',
  'RemoteUrl in~ ("powershell", "a.B.c")',
  'RemoteUrl !in~ ("powershell")',
  'isempty(RemoteUrl)',
  'isnotempty(RemoteUrl) and not(RemoteUrl has "foo")',
  'isnull(RemoteUrl)',
  'RemotePort == 443',
  'RemotePort != 443',
  'not(RemotePort == 443)',
  'RemotePort > 0',
  'not(RemotePort > 0)',
  'RemotePort >= -7 and RemotePort < 443.5',
  '443 >= RemotePort',
  'RemotePort in (0, 443)',
  'RemotePort !in (0, 443)',
  'RemotePort between (0 .. 100)',
  'RemotePort !between (0 .. 100)',
  'isnull(RemotePort)',
  'isnotnull(RemotePort) or RemoteUrl == ""',
  'isempty(RemotePort)',
  'InitiatingProcessFileSize == 9007199254740993',
  'InitiatingProcessFileSize == 9007199254740992',
  'InitiatingProcessFileSize > 9007199254740992',
  'InitiatingProcessFileSize < 9007199254740993.0',
  'InitiatingProcessFileSize in (9007199254740993, 3)',
  'IsInitiatingProcessRemoteSession',
  'not(IsInitiatingProcessRemoteSession)',
  'IsInitiatingProcessRemoteSession == false',
  'IsInitiatingProcessRemoteSession != true',
  'Timestamp >= datetime(2026-11-24T10:00:00.1234567Z)',
  'Timestamp < datetime(2026-11-24T10:00:00.1234567Z)',
  'Timestamp == datetime(2026-11-24 10:00)',
  'Timestamp between (datetime(2026-11-24) .. datetime(2026-11-24T10:00:00.1Z))',
  'ActionType in~ ("ConnectionFailed") and (RemotePort == 443 or RemoteUrl has "exe") // and a comment',
  'true',
  'false or RemotePort == 0',
];

let engine: TestEngine;
beforeAll(async () => {
  engine = openTestEngine([TABLE]);
  await engine.insert(TABLE, rows);
});
afterAll(() => engine.close());

describe('a row filter', () => {
  it.each(predicates)('lets through what the engine finds: %s', (predicate) => {
    const found = engine.rows(`${TABLE} | where ${predicate}\n| project ReportId | sort by ReportId asc`);
    // Through JSON, as it is stored.
    const passes = rowFilter(JSON.parse(JSON.stringify(compileRowFilter(TABLE, predicate))));
    expect(rows.filter(passes).map(({ ReportId }) => ReportId)).toEqual(found.map(([id]) => id));
  });

  it('tells rows apart by most of them, so that the comparison means something', () => {
    const dull = predicates.filter((predicate) => {
      const passes = rows.filter(rowFilter(compileRowFilter(TABLE, predicate))).length;
      return passes === 0 || passes === rows.length;
    });
    expect(dull.length).toBeLessThan(10);
  });

  it.each([
    ['Timestamp > ago(1d)', /function ago|not a column/],
    ['Timestamp < datetime(now)', /not a column on one side/],
    ['RemoteUrl matches regex "a+"', /operator matches regex/],
    ['RemoteUrl has "café"', /beyond ASCII/],
    ['AdditionalFields.x == 1', /not a column/],
    ['AdditionalFields has "x"', /column of type dynamic/],
    ['RemotePort == LocalPort', /not a column on one side/],
    ['RemoteUrl == strcat("a", "b")', /not a column on one side/],
    ['RemoteUrl in (DeviceInfo | project DeviceName)', /not a column on one side/],
    ['strlen(RemoteUrl) > 3', /not a column on one side/],
    ['RemotePort == 1) | where (true', /anything beside one predicate/],
    ['true) | project (DeviceId', /anything beside one predicate/],
  ])('refuses by name what it could not answer exactly: %s', (predicate, why) => {
    expect(() => compileRowFilter(TABLE, predicate)).toThrow(why);
    expect(() => compileRowFilter(TABLE, predicate)).toThrow(KqlError);
  });

  it.each(['Nonsense == 1', 'RemotePort ==', '', 'RemoteUrl + 1'])(
    'says what is wrong with %j, and where',
    (predicate) => {
      let error: unknown;
      try {
        compileRowFilter(TABLE, predicate);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(KqlError);
      expect((error as KqlError).start).toBeLessThanOrEqual(predicate.length);
    },
  );
});
