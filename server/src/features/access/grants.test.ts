import { describe, expect, it } from 'vitest';
import type { ApiAccess } from '../../http/route.ts';
import { explain } from './explain.ts';
import { grantsOf, type HeldRole, type Holdings } from './grants.ts';
import { allPortalPermissions } from './role.ts';

const through = { kind: 'group', group: 'g' } as const;
const administrator: HeldRole = {
  id: 'r1',
  name: 'Administrator',
  kind: 'administrator',
  permissions: null,
  through,
};
const reader: HeldRole = {
  id: 'r2',
  name: 'Reader',
  kind: 'reader',
  permissions: ['ViewData.SecurityOperations'],
  through,
};
const responder: HeldRole = {
  id: 'r3',
  name: 'Responder',
  kind: 'custom',
  permissions: ['ActiveRemediation.SecurityOperations', 'NoSuch.Permission'],
  through,
};
const deviceGroups = [
  { id: 1, name: 'North', userGroups: ['team-n'] },
  { id: 2, name: 'South', userGroups: ['team-s'] },
  { id: 0, name: 'UnassignedGroup', userGroups: [] },
];
const holdings = (more: Partial<Holdings>): Holdings => ({
  enabled: true,
  mode: 'rbac',
  roles: [],
  userGroups: [],
  deviceGroups,
  ...more,
});
const granted = (more: Partial<Holdings>) => {
  const { permissions, deviceGroups: groups } = grantsOf(holdings(more));
  return [[...permissions], groups];
};

describe('what a person is granted', () => {
  it.each([
    ['nothing, and the open group, without a role', {}, [[], ['0']]],
    ['everything as administrator', { roles: [administrator] }, [[...allPortalPermissions], 'all']],
    [
      'everything as administrator in basic mode',
      { mode: 'basic', roles: [administrator] },
      [[...allPortalPermissions], 'all'],
    ],
    [
      'a reader sees in basic mode',
      { mode: 'basic', roles: [reader] },
      [['ViewData.SecurityOperations'], 'all'],
    ],
    ['a reader no more once roles are on', { roles: [reader] }, [[], ['0']]],
    ['a custom role counts only once roles are on', { mode: 'basic', roles: [responder] }, [[], 'all']],
    [
      'known permissions of custom roles, for the groups of his user groups and the open ones',
      { roles: [responder], userGroups: ['team-s'] },
      [['ActiveRemediation.SecurityOperations'], ['2', '0']],
    ],
    [
      'every device where there are no device groups',
      { roles: [responder], deviceGroups: [] },
      [['ActiveRemediation.SecurityOperations'], 'all'],
    ],
    ['nothing without an account', { enabled: false, roles: [administrator] }, [[], []]],
    ['no device where every group is another’s', { deviceGroups: deviceGroups.slice(0, 2) }, [[], []]],
  ] satisfies [string, Partial<Holdings>, unknown][])('%s', (_, more, expected) => {
    expect(granted(more)).toEqual(expected);
  });
});

describe('what outlasts every elevation', () => {
  it('is what user groups give', () => {
    const elevated = { kind: 'elevation', endsAt: new Date(0) } as const;
    const { permissions, standing } = grantsOf(
      holdings({ roles: [{ ...administrator, through: elevated }, responder] }),
    );
    expect(permissions).toEqual(allPortalPermissions);
    expect([...standing]).toEqual(['ActiveRemediation.SecurityOperations']);
  });
});

describe('an explanation', () => {
  const access = {
    kind: 'api',
    application: [],
    delegated: [],
    role: 'ActiveRemediation.SecurityOperations',
    deviceScope: 'require',
  } as const satisfies ApiAccess;
  const ask = (more: Partial<Holdings>, groupId: number) =>
    explain({
      holdings: holdings(more),
      route: { id: 'x', access },
      device: { name: 'pc', groupId },
    });

  it('says what decides, each step', () => {
    expect(ask({ roles: [responder], userGroups: ['team-s'] }, 2)).toMatchObject({
      allowed: true,
      steps: [
        { ok: true },
        { ok: true, text: expect.stringContaining('"Responder"') },
        { ok: true, text: expect.stringContaining('"South"') },
      ],
    });
    expect(ask({ roles: [responder], userGroups: ['team-s'] }, 1)).toMatchObject({
      allowed: false,
      steps: [{}, { ok: true }, { ok: false }],
    });
    expect(ask({ enabled: false, roles: [responder] }, 0)).toMatchObject({
      allowed: false,
      steps: [{ ok: false, text: 'The account is disabled.' }, {}, {}],
    });
    expect(ask({ mode: 'basic', roles: [responder] }, 0).steps[1]).toEqual({
      ok: false,
      text: 'Role "Responder" would give ActiveRemediation.SecurityOperations, but does not count in basic mode.',
    });
    expect(ask({ roles: [reader] }, 0).steps[1]?.text).toContain('roles held: "Reader"');
  });

  it('says what an elevation does not open', () => {
    const elevated = { kind: 'elevation', endsAt: new Date(0) } as const;
    const about = (held: HeldRole, lasting: boolean | 'unlessOff') =>
      explain({
        holdings: holdings({ roles: [held] }),
        route: { id: 'x', access: { ...access, lasting } },
        device: null,
      });
    expect(about({ ...administrator, through: elevated }, true)).toMatchObject({
      allowed: false,
      steps: [{ ok: true }, { ok: true }, { ok: false, text: expect.stringContaining('outlast') }],
    });
    expect(about({ ...administrator, through: elevated }, 'unlessOff').allowed).toBe(true);
    expect(about({ ...administrator, through: elevated }, false).steps).toHaveLength(2);
    expect(about(administrator, true).allowed).toBe(true);
    expect(about(reader, true).steps).toHaveLength(2);
  });
});
