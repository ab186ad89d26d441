import { permissions, portalPermissions } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { requireApplicationBelow, requireRoleBelow } from './ceiling.ts';

const program = (...held: string[]) => ({
  permissions: new Set(['AccessManagement.ReadWrite.All', ...held]),
});
const everything = program(...permissions.map(({ application }) => application));
const role = (...held: string[]) => ({ name: 'r', kind: 'custom', permissions: held }) as const;
const application = (held: string[], delegated: string[] = []) => ({ permissions: held, delegated });
const refused = { name: 'ApiError', code: 'DisallowedOperation' };

describe('what a program may hand on', () => {
  it('is never the administrator role, whatever it holds', () => {
    expect(() => requireRoleBelow(everything, { name: 'a', kind: 'administrator', permissions: [] })).toThrow(
      expect.objectContaining(refused),
    );
  });

  it('is a portal permission only when its own permissions cover it', () => {
    const investigating = program(
      'Alert.ReadWrite.All',
      'Incident.ReadWrite.All',
      'Machine.ReadWrite.All',
      'Machine.Scan',
      'Machine.CollectForensics',
    );
    expect(() => requireRoleBelow(investigating, role('AlertsInvestigation.Manage'))).not.toThrow();
    for (const name of ['ViewData.SecurityOperations', 'ActiveRemediation.SecurityOperations', 'NoSuch.One'])
      expect(() => requireRoleBelow(investigating, role(name)), name).toThrow(
        expect.objectContaining(refused),
      );
  });

  it('takes no response, settings or unknown permission even of one who holds all', () => {
    const given = Object.keys(portalPermissions).filter((name) => {
      try {
        requireRoleBelow(everything, role(name));
        return true;
      } catch {
        return false;
      }
    });
    expect(given).toEqual([
      'ViewData.SecurityOperations',
      'ViewData.Tvm',
      'AlertsInvestigation.Manage',
      'LiveResponse.Basic',
      'LiveResponse.Advanced',
    ]);
  });

  it('is an API permission only when it holds it, and never access management', () => {
    const reader = program('Machine.ReadWrite.All');
    expect(() =>
      requireApplicationBelow(reader, application(['Machine.Read.All'], ['Machine.Read'])),
    ).not.toThrow();
    for (const [held, delegated] of [
      [['Machine.Isolate'], []],
      [[], ['Machine.Isolate']],
      [['AccessManagement.ReadWrite.All'], []],
      [['AccessManagement.Read.All'], []],
    ] as const)
      expect(() => requireApplicationBelow(reader, application([...held], [...delegated]))).toThrow(
        expect.objectContaining(refused),
      );
  });

  it('is anything for people, whom their role bounds', () => {
    expect(() => requireRoleBelow(null, { name: 'a', kind: 'administrator', permissions: [] })).not.toThrow();
    expect(() => requireApplicationBelow(null, application(['Machine.Isolate']))).not.toThrow();
  });
});
