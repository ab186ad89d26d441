import { describe, expect, it } from 'vitest';
import { dedupKey } from './dedup-key.ts';
import type { Row } from './row-processes.ts';

const key = (row: Row, table = 'DeviceProcessEvents', rule = 'r', device = 'd') =>
  dedupKey(rule, device, table, row);

const row: Row = {
  ProcessId: 30,
  FolderPath: '/usr/bin/nmap',
  InitiatingProcessId: 20,
  InitiatingProcessCreationTime: 't20',
  InitiatingProcessFileName: 'sh',
  InitiatingProcessParentId: 10,
  InitiatingProcessParentCreationTime: 't10',
  InitiatingProcessParentFileName: 'attack.sh',
};

describe('dedupKey', () => {
  it('is one for all that a script does through its shells', () => {
    expect(
      key({ ...row, ProcessId: 31, InitiatingProcessId: 21, InitiatingProcessCreationTime: 't21' }),
    ).toBe(key(row));
    expect(key({ ...row, FolderPath: '/etc/cron.d/x' }, 'DeviceFileEvents')).toBe(key(row));
  });

  it('differs by rule, device and root', () => {
    const keys = [
      key(row),
      key(row, 'DeviceProcessEvents', 'other'),
      key(row, 'DeviceProcessEvents', 'r', 'other'),
      key({ ...row, InitiatingProcessParentId: 11 }),
      key({ ...row, InitiatingProcessParentCreationTime: 't11' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    for (const one of keys) expect(one).toMatch(/^[0-9a-f]{40}$/);
  });

  it('takes the nearer process where the farther is a starter of everything', () => {
    const session = { ...row, InitiatingProcessParentFileName: 'sshd' };
    expect(key({ ...session, InitiatingProcessParentId: 11 })).toBe(key(session));
    expect(key({ ...session, InitiatingProcessId: 21 })).not.toBe(key(session));
  });

  it('tells programs apart that a starter started, and knows the same one again', () => {
    const service = {
      ...row,
      InitiatingProcessFileName: 'systemd',
      InitiatingProcessId: 1,
      InitiatingProcessParentId: undefined,
    };
    expect(key({ ...service, ProcessId: 31 })).toBe(key(service));
    expect(key({ ...service, FolderPath: '/tmp/x' })).not.toBe(key(service));
  });

  it('takes the file, key or user where no process is known', () => {
    const none = { ProcessId: undefined };
    const rows: Row[] = [
      { ...none, FolderPath: '/a' },
      { ...none, FolderPath: '/b' },
      { RegistryKey: 'HKLM\\a' },
      { AccountName: 'bob', RemoteIP: '1' },
      { AccountName: 'eve', RemoteIP: '1' },
      { ActionType: 'a' },
    ];
    expect(new Set(rows.map((one) => key(one))).size).toBe(rows.length);
    expect(key({ FolderPath: '/a', InitiatingProcessId: 7 })).toBe(
      key({ FolderPath: '/a', InitiatingProcessId: 8 }),
    );
  });
});
