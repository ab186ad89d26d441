/** From what a person holds to what he may do. Pure: the same steps decide and explain. */
import { isPortalPermission, type PortalPermission } from '@merlon/contract';
import { type AccessMode, allPortalPermissions, type RoleKind } from './role.ts';

/** A role that reaches a person, and how. */
export interface HeldRole {
  readonly id: string;
  readonly name: string;
  readonly kind: RoleKind;
  /** Null: all. */
  readonly permissions: readonly string[] | null;
  readonly through:
    | { readonly kind: 'group'; readonly group: string }
    | { readonly kind: 'elevation'; readonly endsAt: Date };
}

/** A device group as far as access goes. */
export interface GuardedGroup {
  readonly id: number;
  readonly name: string;
  /** Ids of the user groups that may see it. Empty: everybody. */
  readonly userGroups: readonly string[];
}

export interface Holdings {
  /** False also for an account that is no more. */
  readonly enabled: boolean;
  readonly mode: AccessMode;
  readonly roles: readonly HeldRole[];
  readonly userGroups: readonly string[];
  readonly deviceGroups: readonly GuardedGroup[];
}

export interface Grants {
  readonly enabled: boolean;
  readonly permissions: ReadonlySet<PortalPermission>;
  /** Those of them that no elevation gave. */
  readonly standing: ReadonlySet<PortalPermission>;
  /** Ids, as the stores take them. */
  readonly deviceGroups: 'all' | readonly string[];
}

/** Whether the role counts in this mode. */
export function counts(role: Pick<HeldRole, 'kind'>, mode: AccessMode): boolean {
  switch (role.kind) {
    case 'administrator':
      return true;
    case 'reader':
      return mode === 'basic';
    case 'custom':
      return mode === 'rbac';
  }
}

/** An elevation ends; a role held through a group stays. */
export function standsAsAdministrator(roles: readonly Pick<HeldRole, 'kind' | 'through'>[]): boolean {
  return roles.some(({ kind, through }) => kind === 'administrator' && through.kind === 'group');
}

function permissionsOf(roles: readonly HeldRole[]): ReadonlySet<PortalPermission> {
  if (roles.some(({ permissions }) => permissions === null)) return allPortalPermissions;
  return new Set(roles.flatMap((role) => role.permissions ?? []).filter(isPortalPermission));
}

export function maySeeGroup(group: GuardedGroup, userGroups: readonly string[]): boolean {
  return group.userGroups.length === 0 || group.userGroups.some((id) => userGroups.includes(id));
}

export function grantsOf({ enabled, mode, roles, userGroups, deviceGroups }: Holdings): Grants {
  // A token outlives the account by up to an hour.
  if (!enabled) return { enabled, permissions: new Set(), standing: new Set(), deviceGroups: [] };
  const counting = roles.filter((role) => counts(role, mode));
  const permissions = permissionsOf(counting);
  const standing = permissionsOf(counting.filter(({ through }) => through.kind === 'group'));
  if (mode === 'basic' || counting.some(({ kind }) => kind === 'administrator'))
    return { enabled, permissions, standing, deviceGroups: 'all' };
  const visible = deviceGroups.filter((group) => maySeeGroup(group, userGroups));
  // A tenant without device groups has nothing to tell apart.
  return {
    enabled,
    permissions,
    standing,
    deviceGroups: deviceGroups.length === 0 ? 'all' : visible.map(({ id }) => String(id)),
  };
}
