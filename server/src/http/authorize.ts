/** May this caller use this route? Pure: the table of the route against what the caller holds. */
import { ApiError } from '@merlon/contract';
import type { ApiAccess, Caller } from './route.ts';

export function authorize(access: ApiAccess, caller: Caller): void {
  if (caller.audience === 'siem' && access.audience !== 'siem')
    throw new ApiError('Unauthorized', 'The token is for the detections feed of SIEM connectors.');
  if (caller.kind === 'application') {
    requireAny(access.application, caller);
    return;
  }
  if (access.delegated === 'portal') {
    if (!caller.portal) throw new ApiError('Forbidden', 'This operation belongs to the portal.');
  } else {
    requireAny(access.delegated, caller);
  }
  if (access.role !== null && !caller.roles.has(access.role)) {
    throw new ApiError('Forbidden', `The user's role lacks the permission ${access.role}.`);
  }
  if (access.lasting === true) requireStanding(access, caller);
}

/** @throws DisallowedOperation when the person may use the route by an elevation only */
export function requireStanding(
  { role }: Pick<ApiAccess, 'role'>,
  { kind, standing }: Pick<Caller, 'kind' | 'standing'>,
): void {
  if (kind === 'user' && role !== null && !standing.has(role))
    throw new ApiError(
      'DisallowedOperation',
      `What this gives would outlast the elevation by which you may do it: only somebody who holds ${role} through a user group may.`,
    );
}

function requireAny(needed: ApiAccess['application'], caller: Caller): void {
  if (needed.some((permission) => caller.permissions.has(permission))) return;
  const message =
    needed.length === 0
      ? `This operation is not open to ${caller.kind === 'application' ? 'applications' : 'users'}.`
      : `Missing application roles. API required roles: ${needed.join(', ')}; application roles: ${[...caller.permissions].join(', ') || 'none'}.`;
  throw new ApiError('Forbidden', message);
}
