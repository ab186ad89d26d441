import { describe, expect, it } from 'vitest';
import { describeEvent } from './describe-event.ts';
import type { TimelineRow, TimelineTable } from './timeline-query.ts';

const row = (Table: TimelineTable, ActionType: string, more: object): TimelineRow => ({
  Table,
  ActionType,
  Timestamp: '2026-11-24T10:00:00Z',
  ReportId: 1,
  InitiatingProcessFileName: 'bash',
  ...more,
});

describe('describeEvent', () => {
  it.each<[TimelineRow, string, string]>([
    [
      row('DeviceProcessEvents', 'ProcessCreated', {
        FileName: 'curl',
        ProcessCommandLine: 'curl -O http://x/',
      }),
      'bash started curl',
      'curl -O http://x/',
    ],
    [
      row('DeviceNetworkEvents', 'ConnectionSuccess', {
        RemoteIP: '10.0.0.1',
        RemotePort: 80,
        Protocol: 'Tcp',
      }),
      'bash connected to 10.0.0.1:80',
      'Tcp',
    ],
    [
      row('DeviceNetworkEvents', 'ConnectionFailed', {
        RemoteIP: '::1',
        RemotePort: 443,
        RemoteUrl: 'x.test',
      }),
      'bash could not connect to x.test',
      '[::1]:443',
    ],
    [
      row('DeviceFileEvents', 'FileCreated', { FileName: 'a.sh', FolderPath: '/tmp/a.sh' }),
      'bash created a.sh',
      '/tmp/a.sh',
    ],
    [
      row('DeviceFileEvents', 'FileRenamed', { FileName: 'b', PreviousFileName: 'a', FolderPath: 'C:\\x' }),
      'bash renamed a to b',
      'C:\\x\\b',
    ],
    [
      row('DeviceRegistryEvents', 'RegistryValueSet', {
        RegistryKey: 'HKEY_LOCAL_MACHINE\\Run',
        RegistryValueName: 'evil',
        RegistryValueData: 'c.exe',
      }),
      'bash set value evil',
      'HKEY_LOCAL_MACHINE\\Run = c.exe',
    ],
    [
      row('DeviceLogonEvents', 'LogonFailed', {
        AccountName: 'root',
        LogonType: 'Network',
        RemoteIP: '10.0.0.9',
      }),
      'root failed to sign in (Network from 10.0.0.9)',
      '',
    ],
    [
      row('DeviceEvents', 'PTraceDetected', { AdditionalFields: { a: 1 } }),
      'bash: PTraceDetected',
      '{"a":1}',
    ],
  ])('%j', (event, sentence, detail) => {
    expect(describeEvent(event)).toMatchObject({ sentence, detail });
  });

  it('speaks of what is not known without a hole in the sentence', () => {
    const event = row('DeviceFileEvents', 'FileDeleted', { InitiatingProcessFileName: null });
    expect(describeEvent(event).sentence).toBe('A process deleted a file');
  });
});
