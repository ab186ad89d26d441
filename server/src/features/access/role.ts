/** Roles and user groups as data. */
import { isPortalPermission, type PortalPermission, portalPermissions } from '@merlon/contract';
import { type Static, Type } from 'typebox';

/**
 * `administrator`: everything, every device, and the only one that manages the portal's own settings. `reader`: sees everything in basic mode;
 * counts no more once roles are switched on. `custom`: what it says, for the devices that its groups may see; counts once roles are switched on.
 */
export const roleKinds = ['administrator', 'reader', 'custom'] as const;
export type RoleKind = (typeof roleKinds)[number];

/** `basic`: the built-in roles decide, there is no device scope. `rbac`: roles and device groups decide. There is no way back (rbac.md section 1). */
export const accessModes = ['basic', 'rbac'] as const;
export type AccessMode = (typeof accessModes)[number];

export const readerRole = 'Merlon reader (default)';

/** Rights over the portal's own settings go with the built-in role alone. */
export const grantablePermissions = Object.keys(portalPermissions)
  .filter(isPortalPermission)
  .filter((name) => name !== 'PortalSettings.Manage');

export const allPortalPermissions: ReadonlySet<PortalPermission> = new Set(
  Object.keys(portalPermissions).filter(isPortalPermission),
);

export const Role = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  kind: Type.Enum([...roleKinds]),
  permissions: Type.Array(Type.String()),
  /** Ids of the user groups that hold it. */
  userGroups: Type.Array(Type.String()),
});
export type Role = Static<typeof Role>;

export const UserGroup = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  /** `local`, or who provisions it. */
  source: Type.String(),
  externalId: Type.Union([Type.String(), Type.Null()]),
  /** Ids. */
  roles: Type.Array(Type.String()),
  members: Type.Integer(),
});
export type UserGroup = Static<typeof UserGroup>;

export const Elevation = Type.Object({
  id: Type.String(),
  userId: Type.String(),
  roleId: Type.String(),
  reason: Type.String(),
  grantedBy: Type.String(),
  grantedAt: Type.String(),
  endsAt: Type.String(),
  endedBy: Type.Union([Type.String(), Type.Null()]),
});
export type Elevation = Static<typeof Elevation>;
