import type { IndicatorItem } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { executionRow, networkHitRow, remediationRow } from './enforcement-rows.ts';
import type { ExecutionHit } from './guard-protocol.ts';
import { decodeHit } from './network-programs.ts';
import { nameKey } from './network-rules.ts';

const item: IndicatorItem = {
  id: '7',
  type: 'FileSha256',
  value: 'a'.repeat(64),
  action: 'Block',
  title: 'a title',
  severity: 'High',
};
const hit: ExecutionHit = {
  outcome: 'denied',
  ground: { kind: 'indicator', value: item.value },
  pid: 5,
  path: '/tmp/evil (deleted)',
  device: 1,
  inode: 2,
  size: 3,
  hashes: { sha256: item.value, sha1: 'b'.repeat(40), md5: 'c'.repeat(32) },
  atMs: Date.parse('2026-01-02T03:04:05.678Z'),
};
const fields = (row: Record<string, unknown>) => JSON.parse(String(row.AdditionalFields));

describe('rows of enforcement', () => {
  it('tell of a file as the product does of a custom indicator', () => {
    const row = executionRow(hit, item);
    expect(row).toMatchObject({
      Table: 'DeviceEvents',
      Timestamp: '2026-01-02T03:04:05.6780000Z',
      ActionType: 'AntivirusDetection',
      FileName: 'evil',
      FolderPath: '/tmp/evil',
      FileSize: 3,
      SHA256: item.value,
    });
    expect(fields(row)).toMatchObject({
      ThreatName: 'EUS:Win32/CustomEnterpriseBlock!cl',
      Action: 'Block',
      WasRemediated: true,
      WasExecutingWhileDetected: false,
      IndicatorId: '7',
      IndicatorAction: 'Block',
    });
    const late = fields(executionRow({ ...hit, outcome: 'late' }, item));
    expect(late).toMatchObject({ Action: 'Stop', WasExecutingWhileDetected: true, WasRemediated: false });
  });

  it('tell of a restriction without an indicator', () => {
    const row = executionRow({ ...hit, ground: { kind: 'restriction' }, hashes: null }, null);
    expect(row.ActionType).toBe('AppControlExecutableBlocked');
    expect(fields(row)).toEqual({ Restriction: 'RestrictCodeExecution', HashMissing: 'unread' });
    expect(row).not.toHaveProperty('SHA256');
  });

  it('tell of what was put away', () => {
    const evidence = {
      killed: [4, 5],
      moved: [{ path: '/tmp/evil', id: 'q1', sha1: 'b', sha256: 'a', size: 3 }],
    };
    const row = remediationRow({ item, path: null, evidence }, '2026-01-02T03:04:05.0000000Z');
    expect(row).toMatchObject({ FolderPath: '/tmp/evil', FileName: 'evil', SHA256: 'a', FileSize: 3 });
    expect(fields(row)).toMatchObject({
      Action: 'Quarantine',
      QuarantineId: 'q1',
      StoppedProcessIds: [4, 5],
    });
    const stopped = remediationRow({ item, path: '/x', evidence: { killed: [4], moved: [] } }, '');
    expect(fields(stopped)).toMatchObject({ Action: 'Stop' });
  });

  it('tell of a name that was asked for, out of what the kernel wrote', () => {
    const record = Buffer.alloc(336);
    const key = nameKey('www.evil.example') ?? Buffer.alloc(0);
    record.writeUInt32LE(2, 0);
    record.writeBigUInt64LE(9n, 16);
    record.writeUInt32LE(42, 24);
    record.writeUInt32LE(77, 36);
    record.writeUInt16LE(53, 42);
    record.writeUInt16LE(key.readUInt32LE(0) / 8, 44);
    record.writeUInt8(17, 46);
    record.writeUInt8(1, 47);
    record.write('curl', 64);
    key.copy(record, 80, 4);
    const decoded = decodeHit(record, 0, 336);
    expect(decoded).toMatchObject({
      met: { kind: 'name', name: 'www.evil.example' },
      indicator: 77,
      pid: 42,
      start: 9,
      protocol: 'Udp',
      refused: true,
      comm: 'curl',
    });
    if (decoded === null) return;
    const named: IndicatorItem = { ...item, type: 'DomainName', value: 'evil.example' };
    const row = networkHitRow({ item: named, hit: decoded, timestamp: 'then', name: null });
    expect(row).toMatchObject({
      ActionType: 'ExploitGuardNetworkProtectionBlocked',
      RemoteUrl: 'www.evil.example',
      RemotePort: 53,
    });
    expect(fields(row)).toMatchObject({
      ResponseCategory: 'CustomBlockList',
      IsAudit: false,
      DisplayName: 'a title',
    });
  });

  it('makes nothing of a record it does not know', () => {
    const record = Buffer.alloc(336);
    expect(decodeHit(record, 0, 336)).toBeNull();
    record.writeUInt32LE(2, 0);
    record.writeUInt16LE(9_999, 44);
    expect(decodeHit(record, 0, 336)).toBeNull();
    expect(decodeHit(record, 0, 100)).toBeNull();
  });
});
