import { describe, expect, it } from 'vitest';
import { factsOf } from './event-facts.ts';
import { evidenceOf } from './evidence.ts';
import { Lineage } from './lineage.ts';

const facts = (table: string, row: Record<string, unknown>) =>
  factsOf(row, evidenceOf(table, row, 'd', new Lineage()));
const shell = {
  InitiatingProcessId: 7,
  InitiatingProcessFileName: 'dash',
  InitiatingProcessFolderPath: '/usr/bin/dash',
  InitiatingProcessCommandLine: 'sh -c curl',
  InitiatingProcessSHA1: 'a'.repeat(40),
  InitiatingProcessMD5: 'b'.repeat(32),
  InitiatingProcessAccountName: 'ann',
  InitiatingProcessAccountDomain: 'CONTOSO',
};

describe('what an event says by itself', () => {
  it('is the file it is about, and the process that did it', () => {
    const row = { ...shell, FileName: 'x', FolderPath: '/tmp/x', SHA1: 'c'.repeat(40), MD5: 'd'.repeat(32) };
    expect(facts('DeviceFileEvents', row)).toEqual({
      fileName: 'x',
      filePath: '/tmp',
      sha1: 'c'.repeat(40),
      md5: 'd'.repeat(32),
      commandLine: 'sh -c curl',
      userName: 'ann',
      userDomain: 'CONTOSO',
    });
  });

  it('is the process where there is no file, and where it led', () => {
    const row = { ...shell, RemoteIP: '203.0.113.7', RemoteUrl: 'bad.example' };
    expect(facts('DeviceNetworkEvents', row)).toMatchObject({
      fileName: 'dash',
      sha1: 'a'.repeat(40),
      md5: 'b'.repeat(32),
      ipAddress: '203.0.113.7',
      url: 'bad.example',
    });
  });

  it('is what the antivirus said', () => {
    const said = {
      ThreatName: 'Eicar',
      Action: 'None',
      WasRemediated: false,
      WasExecutingWhileDetected: true,
    };
    const row = { ActionType: 'AntivirusDetection', FileName: 'x', AdditionalFields: JSON.stringify(said) };
    expect(facts('DeviceEvents', row).antivirus).toEqual({
      threatName: 'Eicar',
      action: 'None',
      remediated: false,
      executing: true,
    });
    for (const odd of [
      '',
      '{',
      '7',
      'null',
      '{"ThreatName":7,"WasRemediated":"yes"}',
      '{"ThreatName":"\\u0000","Action":"\\ud800"}',
      JSON.stringify({ ThreatName: `${'x'.repeat(499)}😀` }),
    ])
      expect(facts('DeviceEvents', { ...row, AdditionalFields: odd }).antivirus).toEqual({});
    expect(facts('DeviceEvents', { ...row, ActionType: 'UsbDriveMounted' }).antivirus).toBeUndefined();
  });
});
