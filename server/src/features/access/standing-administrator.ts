/**
 * Who holds the administrator role is for those to change who hold it for good: by an elevation one could make oneself an administrator for longer than
 * anybody decided. Programs are held back by their ceiling, and the command line is the machine's own administrator.
 */
import { ApiError } from '@merlon/contract';
import type { OperationCaller } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { standsAsAdministrator } from './grants.ts';
import type { AccessStore } from './store.ts';

interface Deps {
  readonly store: Pick<AccessStore, 'holdings'>;
  readonly clock: Clock;
}

async function stands({ store, clock }: Deps, tenantId: string, userId: string): Promise<boolean> {
  return standsAsAdministrator((await store.holdings(tenantId, userId, clock.now())).roles);
}

/** @throws DisallowedOperation */
export async function requireStandingAdministrator(
  deps: Deps,
  { tenantId, userId }: OperationCaller,
): Promise<void> {
  if (userId !== null && !(await stands(deps, tenantId, userId)))
    throw new ApiError(
      'DisallowedOperation',
      'Who holds the administrator role is changed only by somebody who holds it through a user group, not by an elevation.',
    );
}

/** Before a person is removed for good. @throws DisallowedOperation */
export async function requireRemovable(deps: Deps, caller: OperationCaller, userId: string): Promise<void> {
  if (await stands(deps, caller.tenantId, userId)) await requireStandingAdministrator(deps, caller);
}
