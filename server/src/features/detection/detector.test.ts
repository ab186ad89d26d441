import { DEVICE_TABLES, huntingTable, validateRow } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockOfRows } from '../ingest/batch-record.ts';
import { builtinRulesFolder, readBuiltinRules } from './builtin-rules.ts';
import { Detector, type DeviceBatch } from './detector.ts';

const pack = readBuiltinRules(builtinRulesFolder());
const T = (second: number) =>
  new Date(Date.UTC(2026, 10, 24, 10, 0, second)).toISOString().replace('Z', '0000Z');

const NOW = new Date('2026-11-24T12:00:00Z');
let reportId = 0;
function started(
  pid: number,
  image: string,
  command: string,
  parent: { pid: number; image: string; parentPid?: number; parentName?: string },
  second = pid,
) {
  return {
    Timestamp: T(second),
    ReportId: ++reportId,
    ActionType: 'ProcessCreated',
    ProcessId: pid,
    ProcessCreationTime: T(pid),
    FileName: image.slice(image.lastIndexOf('/') + 1),
    FolderPath: image,
    ProcessCommandLine: command,
    AccountName: 'www-data',
    InitiatingProcessId: parent.pid,
    InitiatingProcessCreationTime: T(parent.pid),
    InitiatingProcessFileName: parent.image.slice(parent.image.lastIndexOf('/') + 1),
    InitiatingProcessFolderPath: parent.image,
    InitiatingProcessCommandLine: parent.image,
    InitiatingProcessParentId: parent.parentPid ?? 1,
    InitiatingProcessParentCreationTime: T(parent.parentPid ?? 1),
    InitiatingProcessParentFileName: parent.parentName ?? 'systemd',
  };
}

function batch(rows: readonly object[], over: Partial<DeviceBatch> & { table?: string } = {}): DeviceBatch {
  const { table = 'DeviceProcessEvents', ...rest } = over;
  return {
    tenantId: 't',
    deviceId: 'd',
    deviceName: 'web1',
    osPlatform: 'Linux',
    machineGroup: '',
    sections: [{ table, block: blockOfRows(table, rows as Record<string, unknown>[]) }],
    ...rest,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function detector(): Detector {
  const made = new Detector();
  expect(made.setBuiltin(pack)).toEqual([]);
  return made;
}

const nginx = { pid: 5, image: '/usr/sbin/nginx' };

describe('Detector', () => {
  it('makes a candidate with all that an alert says', () => {
    const row = started(9, '/usr/bin/dash', 'sh -c id', nginx);
    const { candidates, rows, matches } = detector().detect([batch([row])]);
    expect({ rows, matches }).toEqual({ rows: 1, matches: 1 });
    expect(candidates).toEqual([
      expect.objectContaining({
        tenantId: 't',
        deviceId: 'd',
        deviceName: 'web1',
        title: 'Shell started by a web server',
        severity: 'High',
        category: 'Execution',
        techniques: ['T1059.004', 'T1505.003'],
        firstEventTime: T(9),
        lastEventTime: T(9),
        events: [
          {
            table: 'DeviceProcessEvents',
            reportId: row.ReportId,
            timestamp: T(9),
            facts: {
              fileName: 'dash',
              filePath: '/usr/bin',
              commandLine: 'sh -c id',
              userName: 'www-data',
            },
          },
        ],
        relatedUser: { userName: 'www-data', domainName: '' },
      }),
    ]);
    expect(candidates[0]?.ruleId).toMatch(/^[0-9a-f-]{36}$/);
    expect(candidates[0]?.recommendedAction).toContain('command line of the shell');
    expect(candidates[0]?.evidence.filter((e) => e.entityType === 'Process').map((e) => e.fileName)).toEqual([
      'dash',
      'nginx',
      'systemd',
    ]);
  });

  it('shows a device only rules of its system', () => {
    const row = started(9, '/usr/bin/dash', 'sh -c id', nginx);
    for (const osPlatform of ['Windows11', 'macOS', '', 'OpenBSD']) {
      expect(detector().detect([batch([row], { osPlatform })]).matches).toBe(0);
    }
  });

  it('joins a burst of one root, and parts what is an hour away', () => {
    const rows = [9, 10, 11, 5_000].map((pid) => started(pid, '/usr/bin/dash', `sh -c ${pid}`, nginx));
    const { candidates, matches } = detector().detect([batch([...rows].reverse())]);
    expect(matches).toBe(4);
    expect(candidates.map((c) => [c.firstEventTime, c.lastEventTime, c.events.length])).toEqual([
      [T(9), T(11), 3],
      [T(5_000), T(5_000), 1],
    ]);
    expect(candidates[0]?.dedupKey).toBe(candidates[1]?.dedupKey);
    const lines = candidates[0]?.evidence
      .filter((e) => e.entityType === 'Process')
      .map((e) => e.processCommandLine);
    expect(lines).toEqual(expect.arrayContaining(['sh -c 9', 'sh -c 10', 'sh -c 11']));
    // What all three have in common is there once.
    expect(candidates[0]?.evidence.filter((e) => e.fileName === 'nginx')).toHaveLength(1);
  });

  it('gives the same keys and events when it sees the same rows again, with nothing remembered', () => {
    const rows = [
      started(9, '/usr/bin/dash', 'sh -c id', nginx),
      started(12, '/tmp/x', '/tmp/x', { pid: 9, image: '/usr/bin/dash', parentPid: 5, parentName: 'nginx' }),
    ];
    const used = detector();
    used.detect([batch([started(5, '/usr/sbin/nginx', 'nginx', { pid: 1, image: '/lib/systemd/systemd' })])]);
    const identity = (from: Detector) =>
      from
        .detect([batch(rows)])
        .candidates.map(({ dedupKey, events, ruleId }) => ({ dedupKey, events, ruleId }));
    expect(identity(used)).toEqual(identity(detector()));
    expect(identity(used)).toHaveLength(2);
  });

  it('knows the tree across sections and batches', () => {
    const made = detector();
    made.detect([
      batch([started(5, '/usr/sbin/nginx', 'nginx -g x', { pid: 1, image: '/lib/systemd/systemd' })]),
    ]);
    const file = {
      Timestamp: T(20),
      ReportId: ++reportId,
      ActionType: 'FileCreated',
      FileName: 'x',
      FolderPath: '/etc/cron.d/x',
      InitiatingProcessId: 9,
      InitiatingProcessCreationTime: T(9),
      InitiatingProcessFileName: 'dash',
      InitiatingProcessFolderPath: '/usr/bin/dash',
    };
    const both = batch([file], { table: 'DeviceFileEvents' });
    const processes = batch([started(9, '/usr/bin/dash', 'sh -c "echo > /etc/cron.d/x"', nginx)]);
    const { candidates } = made.detect([{ ...both, sections: [...both.sections, ...processes.sections] }]);
    const cron = candidates.find((c) => c.title === 'Cron job written');
    expect(cron?.evidence.filter((e) => e.entityType === 'Process').map((e) => e.processCommandLine)).toEqual(
      ['sh -c "echo > /etc/cron.d/x"', 'nginx -g x', '/lib/systemd/systemd'],
    );
  });

  it("runs a tenant's own rules for it alone, and not those it has switched off", () => {
    const made = detector();
    const row = started(9, '/usr/bin/dash', 'sh -c id', nginx);
    const web = made.detect([batch([row])]).candidates[0]?.ruleId ?? '';
    const own =
      'title: Ours\nlogsource: { category: process_creation }\ndetection: { s: { CommandLine|endswith: id }, condition: s }\n';
    expect(made.setTenant('t', { without: [web], own: [{ text: own, file: 'ours.yml' }] })).toEqual([]);
    const titles = (tenantId: string) =>
      made.detect([batch([row], { tenantId })]).candidates.map((c) => [c.title, c.category, c.severity]);
    expect(titles('t')).toEqual([['Ours', 'SuspiciousActivity', 'Medium']]);
    expect(titles('other')).toEqual([['Shell started by a web server', 'Execution', 'High']]);
    made.forgetTenant('t');
    expect(titles('t')).toEqual(titles('other'));
  });

  it('leaves out a rule that cannot run, says so, and runs the rest', () => {
    const made = new Detector();
    const bad = {
      text: 'title: x\nlogsource: { category: proxy }\ndetection: { s: { a: b }, condition: s }',
      file: 'bad.yml',
    };
    const unusable = made.setBuiltin([bad, { text: 'title: [', file: 'worse.yml' }, ...pack]);
    expect(unusable.map(({ file }) => file)).toEqual(['bad.yml', 'worse.yml']);
    expect(made.detect([batch([started(9, '/usr/bin/dash', 'sh -c id', nginx)])]).matches).toBe(1);
  });

  it('counts sections that it cannot read, and is not disturbed by odd values', () => {
    const odd = {
      ...started(9, '/usr/bin/dash', 'sh -c id', nginx),
      ProcessId: '9007199254740993',
      InitiatingProcessId: null,
      AdditionalFields: 7,
      ReportId: '5',
      ProcessCreationTime: null,
    };
    const good = batch([odd]);
    const cut = { table: 'DeviceProcessEvents', block: Buffer.from('{"cut') };
    const found = detector().detect([{ ...good, sections: [cut, ...good.sections] }]);
    expect(found).toMatchObject({ rows: 1, unreadable: 1, matches: 1 });
    expect(found.candidates[0]?.events).toMatchObject([
      { table: 'DeviceProcessEvents', reportId: 5, timestamp: T(9) },
    ]);
  });

  it('throws at nothing that stands in a row', () => {
    const made = detector();
    const catchAll =
      'title: All\nlogsource: { category: TABLE }\ndetection: { s: { Timestamp|exists: true }, t: { Timestamp: null }, condition: 1 of them }\n';
    made.setTenant('t', {
      without: [],
      own: DEVICE_TABLES.map((table) => ({ text: catchAll.replace('TABLE', table), file: null })),
    });
    const table = fc.constantFrom(...DEVICE_TABLES);
    const rows = table.chain((name) => {
      const columns = fc.constantFrom(...(huntingTable(name)?.columns.map((column) => column.name) ?? []));
      const value = fc.oneof(
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom(
          '/a/b',
          'C:\\a.exe',
          '2026-11-24T10:00:00Z',
          'FileCreated',
          'http://a 1.2.3.4',
          '\\',
          '/',
        ),
      );
      return fc.tuple(
        fc.constant(name),
        fc.array(fc.oneof({ weight: 5, arbitrary: fc.dictionary(columns, value) }, fc.jsonValue()), {
          maxLength: 5,
        }),
      );
    });
    let found = 0;
    fc.assert(
      fc.property(rows, ([name, list]) => {
        const table = huntingTable(name);
        // What has passed the front door: of each row the columns that fit.
        const fits = (row: Record<string, unknown>) =>
          table !== undefined && validateRow(table, row, NOW) === null;
        const valid = (list as unknown[]).filter(isRecord).map((row) => {
          const time = { Timestamp: fits({ Timestamp: row.Timestamp }) ? row.Timestamp : T(1) };
          const fitting = Object.entries(row).filter(([name, value]) => fits({ ...time, [name]: value }));
          return { ...Object.fromEntries(fitting), ...time };
        });
        const detected = made.detect([batch(valid, { table: name })]);
        expect(detected).toMatchObject({ rows: valid.length, unreadable: 0 });
        found += detected.candidates.length;
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(100);
  }, 60_000);
});
