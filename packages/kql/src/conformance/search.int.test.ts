import { huntingTables } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
const time = '2026-11-24T10:00:00Z';

beforeAll(async () => {
  engine = openTestEngine(huntingTables.map((table) => table.name));
  await engine.insert('DeviceInfo', [
    { Timestamp: time, DeviceId: 'd1', DeviceName: 'alpha-one', OSPlatform: 'Windows10', OSBuild: 19045 },
    { Timestamp: time, DeviceId: 'd2', DeviceName: 'beta', OSPlatform: 'Linux', OSBuild: 7 },
  ]);
  await engine.insert('DeviceProcessEvents', [
    {
      Timestamp: time,
      DeviceId: 'd1',
      DeviceName: 'alpha-one',
      FileName: 'cmd.exe',
      ProcessCommandLine: 'cmd.exe /c whoami',
      ProcessId: 7,
      AdditionalFields: '{"note":"gamma"}',
    },
    { Timestamp: time, DeviceId: 'd2', FileName: 'bash', ProcessCommandLine: 'bash -c Whoami', ProcessId: 8 },
  ]);
  await engine.insert('AlertInfo', [{ Timestamp: time, AlertId: 'a1', Title: 'Whoami was run' }]);
}, 120_000);
afterAll(() => engine.close());

describe('search', () => {
  checkCases(
    () => engine,
    [
      [
        'search "whoami" | summarize count() by $table | sort by $table asc',
        [
          ['AlertInfo', 1],
          ['DeviceProcessEvents', 2],
        ],
      ],
      ['search "nowhere" | count', [[0]]],
      ['search in (AlertInfo) "whoami" | project $table, Title', [['AlertInfo', 'Whoami was run']]],
      ['search in (Alert*, DeviceInfo) "whoami" | count', [[1]]],
      ['search kind=case_sensitive "Whoami" | count', [[2]]],
      ['search kind=case_sensitive in (DeviceProcessEvents) ProcessCommandLine has "Whoami" | count', [[1]]],
      ['search kind=default "WHOAMI" | count', [[3]]],
      ['search kind=case_insensitive "WHOAMI" | count', [[3]]],
      ['search "who" | count', [[0]]],
      ['search "who*" | count', [[3]]],
      ['search "*ami" | count', [[3]]],
      ['search "*hoam*" | count', [[3]]],
      ['search "wh*mi" | count', [[3]]],
      ['search "cmd*whoami" | project FileName', [['cmd.exe']]],
      ['search in (DeviceInfo) * | count', [[2]]],
      [
        'search in (DeviceInfo, AlertInfo) * | summarize count() by $table | sort by count_ desc',
        [
          ['DeviceInfo', 2],
          ['AlertInfo', 1],
        ],
      ],
      ['search FileName:"cmd" | project $table, DeviceId', [['DeviceProcessEvents', 'd1']]],
      ['search FileName:"cm*" | count', [[1]]],
      ['search *:"gamma" | project ProcessId', [[7]]],
      ['search "gamma" | project ProcessId', [[7]]],
      ['search DeviceName == "beta" | project $table', [['DeviceInfo']]],
      [
        'search DeviceName == "beta" or FileName == "bash" | summarize count() by $table | sort by $table asc',
        [
          ['DeviceInfo', 1],
          ['DeviceProcessEvents', 1],
        ],
      ],
      ['search "whoami" and "alpha" | project $table', [['DeviceProcessEvents']]],
      ['search "alpha" and ("linux" or "windows10") | project $table', [['DeviceInfo']]],
      ['search in (DeviceProcessEvents) "whoami" and not(* has "bash") | project FileName', [['cmd.exe']]],
      ['search "whoami" and ProcessId > 7 | project FileName', [['bash']]],
      ['search "whoami" and Timestamp > ago(1h) | count', [[0]]],
      ['search "whoami" and Timestamp > ago(1d) | count', [[3]]],
      ['search ProcessCommandLine matches regex "who.mi$" | count', [[1]]],
      ['search "19045" | project $table, OSBuild', [['DeviceInfo', 19045]]],
      ['DeviceInfo | search "linux" | project $table, DeviceName', [['DeviceInfo', 'beta']]],
      [
        'DeviceInfo | where OSBuild > 7 | search "alpha" | project $table, DeviceName',
        [['search_arg0', 'alpha-one']],
      ],
      [
        'DeviceInfo | project DeviceName, OSPlatform | search "alpha"',
        [['search_arg0', 'alpha-one', 'Windows10']],
      ],
      ['let T = DeviceInfo; search in (T) "beta" | project DeviceName', [['beta']]],
      // No text goes on in the next column.
      ['print a = "one", b = "two" | search "one two" | count', [[0]]],
      ['print a = "one", b = "two" | search "*onetwo*" | count', [[0]]],
      ['print a = "one", b = "two" | search "one*two" | count', [[0]]],
      ['print a = "one x two", b = "" | search "one*two" | count', [[1]]],
      ['print a = "one", b = "two", c = 7 | search "two" and "7" | count', [[1]]],
      ['print a = "one", b = "two" | search "*wo" | count', [[1]]],
      ['print a = "one", b = "two" | search "tw*" | count', [[1]]],
      ['search "whoami" | search "bash" | count', [[1]]],
      ['search in (DeviceProcessEvents) "cmd.exe" | count', [[1]]],
      [
        'let Lower = view () { range Number from 1 to 3 step 1 }; let Upper = view () { range Number from 3 to 4 step 1 }; let Other = () { range Number from 1 to 9 step 1 }; search Number == 3 | project $table, Number | sort by $table asc',
        [
          ['Lower', 3],
          ['Upper', 3],
        ],
      ],
      ['DeviceProcessEvents | where * has "gamma" | project FileName', [['cmd.exe']]],
      ['DeviceProcessEvents | where * contains "hoam" | count', [[2]]],
      ['DeviceProcessEvents | where * !contains "alpha" | project FileName', [['bash']]],
    ],
  );

  it('has the columns of every table that it looks in', () => {
    const [row] = engine.query('search "beta"');
    expect(row).toMatchObject({ $table: 'DeviceInfo', DeviceName: 'beta', OSPlatform: 'Linux', Title: '' });
  });
});
