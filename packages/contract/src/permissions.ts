/** What a token may do. An application token carries names of the first column in `roles`, a user's token those of the second in `scp`. */
export interface PermissionSpec {
  /** Name in an application token; the key of the catalogue. */
  readonly application: string;
  /** Name in a user's token; null where only applications can hold it. */
  readonly delegated: string | null;
  readonly displayName: string;
}

const catalogue = [
  ['Alert.Read.All', 'Alert.Read', 'Read alerts'],
  ['Alert.ReadWrite.All', 'Alert.ReadWrite', 'Read and write alerts'],
  ['Incident.Read.All', 'Incident.Read', 'Read incidents'],
  ['Incident.ReadWrite.All', 'Incident.ReadWrite', 'Read and write incidents'],
  ['SecurityAlert.Read.All', 'SecurityAlert.Read.All', 'Read alerts through Graph'],
  ['SecurityAlert.ReadWrite.All', 'SecurityAlert.ReadWrite.All', 'Read and write alerts through Graph'],
  ['SecurityIncident.Read.All', 'SecurityIncident.Read.All', 'Read incidents through Graph'],
  [
    'SecurityIncident.ReadWrite.All',
    'SecurityIncident.ReadWrite.All',
    'Read and write incidents through Graph',
  ],
  ['Machine.Read.All', 'Machine.Read', 'Read machine profiles'],
  ['Machine.ReadWrite.All', 'Machine.ReadWrite', 'Read and write machine information'],
  ['Machine.Isolate', 'Machine.Isolate', 'Isolate machine'],
  ['Machine.RestrictExecution', 'Machine.RestrictExecution', 'Restrict code execution'],
  ['Machine.Scan', 'Machine.Scan', 'Scan machine'],
  ['Machine.Offboard', 'Machine.Offboard', 'Offboard machine'],
  ['Machine.StopAndQuarantine', 'Machine.StopAndQuarantine', 'Stop and quarantine file'],
  ['Machine.CollectForensics', 'Machine.CollectForensics', 'Collect forensics'],
  ['Machine.LiveResponse', 'Machine.LiveResponse', 'Run live response on a machine'],
  ['Library.Manage', 'Library.Manage', 'Manage the live response library'],
  ['AdvancedQuery.Read.All', 'AdvancedQuery.Read', 'Run advanced queries'],
  ['AdvancedHunting.Read.All', 'AdvancedHunting.Read', 'Run hunting queries'],
  ['ThreatHunting.Read.All', 'ThreatHunting.Read.All', 'Run hunting queries through Graph'],
  ['File.Read.All', 'File.Read.All', 'Read file profiles'],
  ['Ip.Read.All', 'Ip.Read.All', 'Read IP address profiles'],
  ['URL.Read.All', 'URL.Read.All', 'Read URLs'],
  ['User.Read.All', 'User.Read.All', 'Read user profiles'],
  ['Ti.ReadWrite', 'Ti.ReadWrite', 'Read and write own indicators'],
  ['Ti.ReadWrite.All', null, 'Read and write all indicators'],
  ['Vulnerability.Read.All', 'Vulnerability.Read', 'Read vulnerabilities'],
  ['SecurityRecommendation.Read.All', 'SecurityRecommendation.Read', 'Read security recommendations'],
  ['Software.Read.All', 'Software.Read', 'Read software inventory'],
  ['Score.Read.All', 'Score.Read', 'Read exposure and secure scores'],
  ['RemediationTasks.Read.All', 'RemediationTask.Read', 'Read remediation tasks'],
  [
    'SecurityBaselinesAssessment.Read.All',
    'SecurityBaselinesAssessment.Read',
    'Read security baseline assessments',
  ],
  // Merlon's own: the real service has no API for access.
  ['AccessManagement.Read.All', null, 'Read roles, groups, applications and consents'],
  ['AccessManagement.ReadWrite.All', null, 'Manage roles, groups, applications and consents'],
] as const satisfies readonly (readonly [string, string | null, string])[];

export type ApplicationPermission = (typeof catalogue)[number][0];
export type DelegatedPermission = NonNullable<(typeof catalogue)[number][1]>;
/** Any name that may stand in a token. */
export type Permission = ApplicationPermission | DelegatedPermission;

export const permissions: readonly (PermissionSpec & {
  readonly application: ApplicationPermission;
  readonly delegated: DelegatedPermission | null;
})[] = catalogue.map(([application, delegated, displayName]) => ({ application, delegated, displayName }));

const applicationNames: ReadonlySet<string> = new Set(catalogue.map((row) => row[0]));
const delegatedNames: ReadonlySet<string> = new Set(
  catalogue.flatMap((row) => (row[1] === null ? [] : [row[1]])),
);

export function isApplicationPermission(name: string): name is ApplicationPermission {
  return applicationNames.has(name);
}

export function isDelegatedPermission(name: string): name is DelegatedPermission {
  return delegatedNames.has(name);
}

/** Resource application for which tokens are asked. */
export const resourceApplicationName = 'WindowsDefenderATP';

/** Audiences (`resource` in v1, the part of `scope` before `/.default` in v2) that mean this API. Addresses of the real service, which clients have built in. */
export const acceptedAudiences = [
  'https://api.securitycenter.microsoft.com',
  'https://api.securitycenter.windows.com',
  'https://securitycenter.onmicrosoft.com/windowsatpservice',
  'https://api.security.microsoft.com',
  // Of `/api/incidents` and advanced hunting over all products.
  'https://security.microsoft.com/mtp',
  'https://graph.microsoft.com',
] as const;

/** Whether the audience means this API; a trailing slash does not matter. */
export function isAcceptedAudience(audience: string): boolean {
  const bare = audience.endsWith('/') ? audience.slice(0, -1) : audience;
  return (acceptedAudiences as readonly string[]).includes(bare);
}

/** The audience under which SIEM connectors ask for their token: it opens the detections feed and nothing else (siem.md, section 4). */
export const siemAudience = 'https://graph.windows.net';

export function isSiemAudience(audience: string): boolean {
  return audience === siemAudience || audience === `${siemAudience}/`;
}
