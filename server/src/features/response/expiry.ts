/** Ends actions whose time has passed: the device never took them, or never said what became of them. */
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Audit } from '../audit/index.ts';
import type { ResponseStore } from './store.ts';

const EVERY_MS = 15_000;
const PER_SWEEP = 1_000;

export function startExpiry(deps: { store: ResponseStore; audit: Audit; clock: Clock; log: Logger }): {
  stop(): void;
} {
  const timer = setInterval(
    () =>
      void expireActions(deps).catch((error: unknown) =>
        deps.log.warn({ err: error }, 'the expiry sweep failed'),
      ),
    EVERY_MS,
  );
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

export async function expireActions(deps: {
  store: Pick<ResponseStore, 'expired' | 'change'>;
  audit: Audit;
  clock: Clock;
}): Promise<void> {
  const now = deps.clock.now();
  for (const { tenant_id: tenantId, id, approval } of await deps.store.expired(now, PER_SWEEP)) {
    // What nobody approved counts as rejected (rbac.md, remediation levels).
    const unapproved = approval === 'Required';
    await deps.store.change(
      tenantId,
      id,
      { kind: unapproved ? 'cancelled' : 'expired' },
      now,
      {
        troubleshoot_info: unapproved
          ? 'Nobody approved it in time.'
          : 'The device did not report back in time.',
      },
      {
        alongside: (db, row) =>
          deps.audit.record(
            {
              tenantId,
              actor: { kind: 'system', id: 'response', name: 'Merlon' },
              action: 'machineAction.complete',
              target: { kind: 'machineAction', id },
              outcome: 'failed',
              details: { type: row.type, status: row.status, machineId: row.machine_id },
            },
            db,
          ),
      },
    );
  }
}
