import { huntingTables } from '@merlon/contract';
import { afterAll, beforeAll, describe } from 'vitest';
import { checkCases } from '../testing/cases.ts';
import { openTestEngine, type TestEngine } from '../testing/engine.ts';

let engine: TestEngine;
const time = '2026-11-24T10:00:00Z';

beforeAll(async () => {
  engine = openTestEngine(huntingTables.map((table) => table.name));
  await engine.insert('DeviceInfo', [
    { Timestamp: time, DeviceId: 'd1', DeviceName: 'alpha', OSPlatform: 'Windows10', OSBuild: 10 },
    { Timestamp: time, DeviceId: 'd2', DeviceName: 'beta', OSPlatform: 'Linux' },
  ]);
  await engine.insert('DeviceProcessEvents', [
    { Timestamp: time, DeviceId: 'd1', DeviceName: 'alpha', FileName: 'cmd.exe', ProcessId: 7 },
  ]);
  await engine.insert('AlertInfo', [{ Timestamp: time, AlertId: 'a1', Title: 'alpha was here' }]);
}, 120_000);
afterAll(() => engine.close());

describe('find', () => {
  checkCases(
    () => engine,
    [
      [
        'find in (DeviceInfo, DeviceProcessEvents) where DeviceName == "alpha" project DeviceName, FileName, OSBuild | sort by source_ asc',
        [
          ['DeviceInfo', 'alpha', '', 10],
          ['DeviceProcessEvents', 'alpha', 'cmd.exe', null],
        ],
      ],
      [
        'find withsource=Table in (Device*) where DeviceName == "alpha" project DeviceId | sort by Table asc',
        [
          ['DeviceInfo', 'd1'],
          ['DeviceProcessEvents', 'd1'],
        ],
      ],
      ['find where Title has "alpha" project AlertId', [['AlertInfo', 'a1']]],
      ['find where ProcessId == 7 project FileName', [['DeviceProcessEvents', 'cmd.exe']]],
      ['find where ProcessId != 7 project FileName', []],
      [
        'find "alpha" | summarize count() by source_ | sort by source_ asc',
        [
          ['AlertInfo', 1],
          ['DeviceInfo', 1],
          ['DeviceProcessEvents', 1],
        ],
      ],
      ['find where * has "alpha" | summarize count()', [[3]]],
      ['find in (DeviceInfo) where OSBuild == 10 project OSBuild:string', [['DeviceInfo', '10']]],
      [
        'find in (DeviceInfo) where OSBuild == 10 project DeviceName, pack(*) | project DeviceName, a = pack_.OSPlatform, b = pack_.DeviceName',
        [['alpha', 'Windows10', 'alpha']],
      ],
      [
        'find in (DeviceInfo) where OSBuild == 10 project DeviceName, pack_all() | project DeviceName, a = pack_.OSPlatform',
        [['alpha', 'Windows10']],
      ],
      [
        'find in (DeviceInfo, DeviceProcessEvents) where DeviceName == "alpha" | project source_, DeviceName, a = tostring(pack_.OSPlatform), b = tostring(pack_.FileName) | sort by source_ asc',
        [
          ['DeviceInfo', 'alpha', 'Windows10', ''],
          ['DeviceProcessEvents', 'alpha', '', 'cmd.exe'],
        ],
      ],
      ['find in (DeviceInfo, AlertInfo) where Timestamp > ago(1d) project-smart | count', [[3]]],
      [
        'let T = DeviceInfo | where OSBuild > 1; find in (T) where DeviceId != "" project DeviceName | project DeviceName',
        [['alpha']],
      ],
      [
        'find in (database("x").DeviceInfo) where DeviceName == "beta" project OSPlatform',
        [['DeviceInfo', 'Linux']],
      ],
      [
        'find in (DeviceInfo, DeviceProcessEvents) where DeviceName == "alpha" and not(* has "windows10") project DeviceId',
        [['DeviceProcessEvents', 'd1']],
      ],
    ],
  );
});
