import { describe, expect, it } from 'vitest';
import {
  isAcceptedAudience,
  isApplicationPermission,
  isDelegatedPermission,
  isDeviceId,
  isPortalPermission,
  isSiemAudience,
  permissions,
} from './index.ts';

describe('permissions', () => {
  it('are 35, each named once', () => {
    expect(permissions).toHaveLength(35);
    expect(new Set(permissions.map((p) => p.application)).size).toBe(35);
  });

  it('are told apart by the kind of token that may carry them', () => {
    expect(isApplicationPermission('Alert.Read.All')).toBe(true);
    expect(isApplicationPermission('Alert.Read')).toBe(false);
    expect(isDelegatedPermission('Alert.Read')).toBe(true);
    expect(isDelegatedPermission('Alert.Read.All')).toBe(false);
    expect(isDelegatedPermission('Machine.Isolate')).toBe(true);
    expect(isDelegatedPermission('Ti.ReadWrite.All')).toBe(false);
    expect(isPortalPermission('AlertsInvestigation.Manage')).toBe(true);
    expect(isPortalPermission('toString')).toBe(false);
  });
});

describe('an audience', () => {
  it.each([
    ['https://api.securitycenter.microsoft.com', true],
    ['https://api.securitycenter.windows.com/', true],
    ['https://securitycenter.onmicrosoft.com/windowsatpservice', true],
    ['https://security.microsoft.com/mtp', true],
    ['https://api.security.microsoft.com//', false],
    ['https://graph.microsoft.com', true],
    ['https://graph.windows.net', false],
    ['', false],
  ])('%s: %s', (audience, accepted) => {
    expect(isAcceptedAudience(audience)).toBe(accepted);
  });

  it('of the detections feed is one of its own', () => {
    expect(['https://graph.windows.net', 'https://graph.windows.net/'].every(isSiemAudience)).toBe(true);
    expect(['https://graph.windows.net//', 'https://graph.microsoft.com', ''].some(isSiemAudience)).toBe(
      false,
    );
  });
});

describe('a device id', () => {
  it('is 40 lower-case hex digits', () => {
    expect(isDeviceId('0123456789abcdef0123456789abcdef01234567')).toBe(true);
    expect(isDeviceId('0123456789ABCDEF0123456789abcdef01234567')).toBe(false);
    expect(isDeviceId('0123456789abcdef0123456789abcdef0123456')).toBe(false);
    expect(isDeviceId('0123456789abcdef0123456789abcdef01234567\n')).toBe(false);
  });
});
