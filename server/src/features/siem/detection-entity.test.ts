import { SiemDetection } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { outputProblem } from '../../http/validation.ts';
import type { Detection } from '../alerts/index.ts';
import { detectionEntity } from './detection-entity.ts';

const kept: Detection = {
  alertId: 'da639000000000000000_-7',
  part: 2,
  processedAt: new Date('2026-11-25T12:00:00.123Z'),
  eventTime: '2026-11-25T11:59:58.7654321Z',
  reportId: '4711',
  signedIn: [
    { UserName: 'ann', DomainName: 'CONTOSO' },
    { UserName: 'root', DomainName: '' },
  ],
  facts: {
    fileName: 'eicar.com',
    filePath: '/tmp',
    sha1: 'a'.repeat(40),
    sha256: 'b'.repeat(64),
    md5: 'c'.repeat(32),
    commandLine: 'cat eicar.com',
    ipAddress: '203.0.113.7',
    url: 'http://bad.example',
    userName: 'ann',
    userDomain: 'CONTOSO',
    antivirus: {
      threatName: 'Trojan:Win32/Emotet.A',
      action: 'Quarantine',
      remediated: true,
      executing: false,
    },
  },
  title: 'Malware found on the device',
  description: 'A scan found it.',
  category: 'Execution',
  severity: 'Medium',
  detectorId: 'b31ca97f-38eb-576f-b2b9-f2120a6b695b',
  incident: '9',
  deviceId: 'd'.repeat(40),
  deviceName: 'ws-1.contoso.example',
  deviceGroup: 'Paris',
  deviceTag: 'Lab',
  manualTags: ['a', 'b'],
  addresses: [{ ipAddress: '10.0.0.4' }, { ipAddress: 'fe80::1' }, { ipAddress: '10.0.0.5' }],
};

describe('a detection on the wire', () => {
  it('has every property filled', () => {
    const entity = detectionEntity(kept, 'https://merlon.example');
    expect(outputProblem(SiemDetection, entity)).toBeNull();
    expect(Object.entries(entity).filter(([, value]) => value === '' || value === null)).toEqual([
      ['Actor', ''],
      ['IocName', ''],
      ['IocValue', ''],
      ['CreatorIocName', ''],
      ['CreatorIocValue', ''],
    ]);
    expect(entity).toMatchObject({
      AlertTime: '2026-11-25T11:59:58.7654321Z',
      LastProcessedTimeUtc: '2026-11-25T12:00:00.1230000Z',
      AlertPart: 2,
      MachineName: 'ws-1',
      MachineDomain: 'contoso.example',
      LogOnUsers: 'CONTOSO\\ann;root',
      InternalIPv4List: '10.0.0.4;10.0.0.5',
      InternalIPv6List: 'fe80::1',
      ThreatCategory: 'Trojan',
      ThreatFamily: 'Emotet',
      RemediationIsSuccess: true,
      WasExecutingWhileDetected: false,
      Source: 'Antivirus',
      CloudCreatedMachineTags: 'a;b',
      ReportID: 4711,
      LinkToWDATP: 'https://merlon.example/alerts/da639000000000000000_-7',
      IncidentLinkToMTP:
        'https://merlon.example/incidents/byalert?alertId=da639000000000000000_-7&source=SIEM',
    });
    expect(entity.FullId).toBe(`${entity.AlertId}:${entity.IocUniqueId}`);
    expect(entity.ExternalId).toMatch(/^[0-9A-F]{40}$/);
    expect(Buffer.from(entity.IocUniqueId, 'base64')).toHaveLength(32);
  });

  it('is empty, not null, where nothing is known', () => {
    const entity = detectionEntity(
      {
        ...kept,
        reportId: null,
        signedIn: [],
        facts: {},
        detectorId: 'indicator-3',
        deviceName: 'ws-1',
        deviceGroup: null,
        deviceTag: null,
        manualTags: [],
        addresses: [],
      },
      'https://merlon.example',
    );
    expect(outputProblem(SiemDetection, entity)).toBeNull();
    expect(Object.values(entity).filter((value) => value === '')).toHaveLength(28);
    expect(entity).toMatchObject({
      RemediationIsSuccess: null,
      WasExecutingWhileDetected: null,
      Source: 'EDR',
      ReportID: 0,
    });
  });

  it('has an id of its own', () => {
    const ids = [kept, { ...kept, part: 3 }, { ...kept, alertId: 'da1_1' }].map(
      (one) => detectionEntity(one, '').ExternalId,
    );
    expect(new Set(ids).size).toBe(3);
    expect(detectionEntity(kept, '').ExternalId).toBe(ids[0]);
  });
});
