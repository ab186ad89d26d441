/** What a role in the product lets people do. A user's call needs the token's permission and the role's; an application's needs only the token's. */
export interface PortalPermissionSpec {
  /** Heading under which the portal shows it. */
  readonly group: string;
  /** Part within the group; null where the group has only one. */
  readonly part: string | null;
  readonly allows: string;
}

const spec = (group: string, part: string | null, allows: string): PortalPermissionSpec => ({
  group,
  part,
  allows,
});

export const portalPermissions = {
  'ViewData.SecurityOperations': spec(
    'View data',
    'Security operations',
    'Read devices, alerts, actions and hunting data',
  ),
  'ViewData.Tvm': spec(
    'View data',
    'Threat and vulnerability management',
    'Read vulnerability-management data',
  ),
  'ActiveRemediation.SecurityOperations': spec(
    'Active remediation actions',
    'Security operations',
    'Act on devices and files, decide on pending remediation, write indicators',
  ),
  'ActiveRemediation.TvmException': spec(
    'Active remediation actions',
    'Exception handling',
    'Make and manage exceptions from recommendations',
  ),
  'ActiveRemediation.TvmRemediation': spec(
    'Active remediation actions',
    'Remediation handling',
    'Ask for remediation, follow tickets and activities',
  ),
  'ActiveRemediation.TvmApplication': spec(
    'Active remediation actions',
    'Application handling',
    'Block and unblock vulnerable applications',
  ),
  'SecurityBaselines.Manage': spec('Security baselines', null, 'Manage baseline assessment profiles'),
  'AlertsInvestigation.Manage': spec(
    'Alerts investigation',
    null,
    'Manage alerts, start investigations, scan devices, collect packages, set tags, fetch files',
  ),
  'PortalSettings.Manage': spec(
    'Manage portal system settings',
    null,
    'Storage, exports, roles, device groups, advanced features; only in the built-in administrator role',
  ),
  'SecuritySettings.Manage': spec(
    'Manage security settings',
    null,
    'Suppression, exclusions, on- and offboarding, notifications, indicator lists, custom detections',
  ),
  'LiveResponse.Basic': spec(
    'Live response capabilities',
    'Basic',
    'Start a session, run reading commands, fetch a file',
  ),
  'LiveResponse.Advanced': spec(
    'Live response capabilities',
    'Advanced',
    'Put files, run scripts of the library',
  ),
} as const satisfies Record<string, PortalPermissionSpec>;

export type PortalPermission = keyof typeof portalPermissions;

export function isPortalPermission(name: string): name is PortalPermission {
  return Object.hasOwn(portalPermissions, name);
}

/** Holds every permission, sees every device, cannot be deleted. */
export const builtInAdministratorRole = 'Merlon administrator (default)';
