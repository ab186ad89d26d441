/**
 * The most a program may hand on. Who manages access by a program could otherwise give himself, through a role or another program, what nobody gave
 * the program. Pure.
 *
 *   a program hands on      only if
 *   a portal permission     its own token holds every API permission that `coveredBy` names
 *   an API permission       its own token holds it, or its application twin
 *   sight of devices        it holds what lets it see what people see of them
 *   access management       never
 *   the administrator role  never
 */
import { ApiError, type ApplicationPermission, type PortalPermission, permissions } from '@merlon/contract';
import type { RoleKind } from './role.ts';

/** API permissions that together open what the portal permission opens; null: nothing that a program can hold does. */
const coveredBy: Readonly<Record<PortalPermission, readonly ApplicationPermission[] | null>> = {
  'ViewData.SecurityOperations': [
    'Alert.Read.All',
    'Incident.Read.All',
    'Machine.Read.All',
    'AdvancedQuery.Read.All',
    'File.Read.All',
    'Ip.Read.All',
    'URL.Read.All',
    'User.Read.All',
  ],
  'ViewData.Tvm': [
    'Vulnerability.Read.All',
    'SecurityRecommendation.Read.All',
    'Software.Read.All',
    'Score.Read.All',
    'RemediationTasks.Read.All',
    'SecurityBaselinesAssessment.Read.All',
  ],
  'AlertsInvestigation.Manage': [
    'Alert.ReadWrite.All',
    'Incident.ReadWrite.All',
    'Machine.ReadWrite.All',
    'Machine.Scan',
    'Machine.CollectForensics',
  ],
  // Besides orders it decides on orders that wait for a second person, which is for people alone.
  'ActiveRemediation.SecurityOperations': null,
  'ActiveRemediation.TvmException': null,
  'ActiveRemediation.TvmRemediation': null,
  'ActiveRemediation.TvmApplication': null,
  'SecurityBaselines.Manage': null,
  'SecuritySettings.Manage': null,
  'PortalSettings.Manage': null,
  'LiveResponse.Basic': ['Machine.LiveResponse', 'Machine.Read.All'],
  'LiveResponse.Advanced': ['Machine.LiveResponse', 'Machine.Read.All', 'Library.Manage'],
};

/** Permission to write covers reading. */
const covers: Readonly<Partial<Record<ApplicationPermission, ApplicationPermission>>> = {
  'Alert.Read.All': 'Alert.ReadWrite.All',
  'Incident.Read.All': 'Incident.ReadWrite.All',
  'Machine.Read.All': 'Machine.ReadWrite.All',
};

/** Null: people and the command line, whom the administrator role bounds. */
export type Program = { readonly permissions: ReadonlySet<string> } | null;

/** @throws DisallowedOperation when the role, as it is or as it will be, is above the program */
export function requireRoleBelow(
  program: Program,
  role: { readonly name: string; readonly kind: RoleKind; readonly permissions: readonly string[] },
): void {
  if (program === null) return;
  if (role.kind === 'administrator') throw above(`the role "${role.name}"`);
  for (const name of role.permissions) requirePortalPermission(program, name);
}

/** @throws DisallowedOperation when an application with these permissions would be above the program */
export function requireApplicationBelow(
  program: Program,
  application: { readonly permissions: readonly string[]; readonly delegated: readonly string[] },
): void {
  if (program === null) return;
  for (const name of application.permissions)
    if (name.startsWith('AccessManagement.') || !holds(program, name)) throw above(name);
  for (const name of application.delegated) {
    const twins = permissions.filter(({ delegated }) => delegated === name);
    if (!twins.some(({ application: twin }) => holds(program, twin))) throw above(name);
  }
}

/** Whoever enters a group that device groups name sees those devices. @throws DisallowedOperation */
export function requireSightBelow(program: Program): void {
  if (program !== null) requirePortalPermission(program, 'ViewData.SecurityOperations');
}

function requirePortalPermission(program: NonNullable<Program>, name: string): void {
  const needed = (coveredBy as Readonly<Record<string, readonly string[] | null>>)[name];
  if (needed === undefined || needed === null || !needed.every((one) => holds(program, one)))
    throw above(name);
}

function holds(program: NonNullable<Program>, name: string): boolean {
  const stronger = (covers as Readonly<Record<string, string>>)[name];
  return program.permissions.has(name) || (stronger !== undefined && program.permissions.has(stronger));
}

function above(what: string): ApiError {
  return new ApiError(
    'DisallowedOperation',
    `A program cannot hand on, change or take away what it does not hold itself: ${what}.`,
  );
}
