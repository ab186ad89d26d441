/** What there is to know of each kind of machine action: who may order it, and what it leaves behind. */
import {
  ApiError,
  type MachineActionType,
  type OrderKind,
  type Permission,
  type PortalPermission,
} from '@merlon/contract';
import type { Caller } from '../../http/route.ts';

export interface ActionKind {
  /** For people, on the action itself. */
  readonly title: string;
  readonly permission: Permission;
  readonly role: PortalPermission;
  /** Name of the event in the audit trail. */
  readonly audit: string;
  /** The status of a successful order: api-endpoints.yaml. */
  readonly orderedStatus: 200 | 201;
}

const ordered = { orderedStatus: 201 } as const;
const remediation = { role: 'ActiveRemediation.SecurityOperations', ...ordered } as const;

export const actionKinds = {
  Isolate: {
    ...remediation,
    title: 'Isolate device',
    permission: 'Machine.Isolate',
    audit: 'machine.isolate',
  },
  Unisolate: {
    ...remediation,
    title: 'Release device from isolation',
    permission: 'Machine.Isolate',
    audit: 'machine.unisolate',
  },
  RestrictCodeExecution: {
    ...remediation,
    title: 'Restrict app execution',
    permission: 'Machine.RestrictExecution',
    audit: 'machine.restrictCodeExecution',
  },
  UnrestrictCodeExecution: {
    ...remediation,
    title: 'Remove app restriction',
    permission: 'Machine.RestrictExecution',
    audit: 'machine.unrestrictCodeExecution',
  },
  // The page of the call says active remediation, the page of the roles alerts investigation; who may do more may do this.
  RunAntiVirusScan: {
    ...ordered,
    role: 'AlertsInvestigation.Manage',
    title: 'Run antivirus scan',
    permission: 'Machine.Scan',
    audit: 'machine.runAntiVirusScan',
  },
  StopAndQuarantineFile: {
    ...remediation,
    title: 'Stop and quarantine file',
    permission: 'Machine.StopAndQuarantine',
    audit: 'machine.stopAndQuarantineFile',
  },
  RestoreQuarantinedFile: {
    ...remediation,
    title: 'Restore file from quarantine',
    permission: 'Machine.StopAndQuarantine',
    audit: 'machine.restoreQuarantinedFile',
  },
  CollectInvestigationPackage: {
    ...ordered,
    role: 'AlertsInvestigation.Manage',
    title: 'Collect investigation package',
    permission: 'Machine.CollectForensics',
    audit: 'machine.collectInvestigationPackage',
  },
  Offboard: {
    orderedStatus: 200,
    role: 'SecuritySettings.Manage',
    title: 'Offboard device',
    permission: 'Machine.Offboard',
    audit: 'machine.offboard',
  },
  // To put files there and to run scripts takes more, which the call itself asks for.
  LiveResponse: {
    ...ordered,
    role: 'LiveResponse.Basic',
    title: 'Live response',
    permission: 'Machine.LiveResponse',
    audit: 'machine.liveResponse',
  },
} as const satisfies Record<MachineActionType & OrderKind, ActionKind>;

/**
 * Of calls that any order's permission opens: holds the caller to what this kind of action asks for.
 * @throws Forbidden, naming `what` he wanted and all that he lacks
 */
export function requireMayOrder(
  caller: Pick<Caller, 'kind' | 'permissions' | 'roles'>,
  kind: OrderKind,
  what: string,
): void {
  const { permission, role } = actionKinds[kind];
  const missing = [
    ...(caller.permissions.has(permission) ? [] : [permission]),
    ...(caller.kind === 'application' || caller.roles.has(role) ? [] : [role]),
  ];
  if (missing.length > 0)
    throw new ApiError('Forbidden', `${what} of type ${kind} needs ${missing.join(' and ')}.`);
}
