/** Has remediations carried out: orders what is approved, follows the machine actions to their end, and lets what nobody decided on expire. */
import { ApiError } from '@merlon/contract';
import type { Logger } from '../../telemetry/log.ts';
import type { AuditEntry } from '../audit/index.ts';
import type { Response } from '../response/index.ts';
import { AUTOMATION, follow, type ProgressDeps } from './progress.ts';
import type { RemediationEvent } from './remediation-state.ts';
import { changeRemediation, type FinishedRemediation, type RemediationRow } from './store.ts';

const PER_ROUND = 200;
const RETRY_MS = 5_000;
/** A device may say what became of an order so long after the order's time. */
const LATE_MS = 7 * 86_400_000;

export interface CarryOutDeps extends ProgressDeps {
  readonly ordering: Response['ordering'];
  readonly log: Logger;
}

/** @returns how much was done */
export async function carryOut(deps: CarryOutDeps): Promise<number> {
  const now = deps.clock.now();
  const expired = await deps.store.expired(now, PER_ROUND);
  for (const one of expired) await expire(deps, one);
  const finished = await deps.store.finished(new Date(now.getTime() - LATE_MS), PER_ROUND);
  for (const one of finished) await finish(deps, one);
  const approved = await deps.store.approved(now, PER_ROUND);
  for (const one of approved) await order(deps, one);
  return expired.length + finished.length + approved.length;
}

/** Somebody else ordered it at the same moment. */
class OrderedMeanwhile extends Error {}

async function order(deps: CarryOutDeps, remediation: RemediationRow): Promise<void> {
  const { tenant_id: tenantId, id, decided_by: by, decided_at: at, comment } = remediation;
  try {
    await deps.ordering.order({
      caller: {
        tenantId,
        kind: 'application',
        id: AUTOMATION.id,
        name: AUTOMATION.name,
        deviceGroups: 'all',
      },
      automation: { approvedBy: by !== null && at !== null ? { name: by, comment, at } : null },
      audit: ownAudit(deps, tenantId, {
        investigation: remediation.investigation,
        remediation: id,
        reason: remediation.reason,
      }),
      machine: remediation.machine_id,
      content: {
        kind: 'StopAndQuarantineFile',
        params: { file: { algorithm: remediation.file_algorithm, value: remediation.file_hash } },
      },
      comment: `Investigation ${remediation.investigation}: ${remediation.reason}`,
      async alongside(db, actionId) {
        const details = { action_id: actionId };
        if (!(await changeRemediation(db, id, 'order', details, deps.clock.now())))
          throw new OrderedMeanwhile();
      },
    });
  } catch (error) {
    if (error instanceof OrderedMeanwhile) return;
    if (!(error instanceof ApiError) || error.status >= 500 || error.code === 'ActiveRequestAlreadyExists') {
      if (!(error instanceof ApiError && error.status < 500))
        deps.log.warn({ err: error, tenantId, remediation: id }, 'a remediation could not be ordered');
      return deps.store.postpone(tenantId, id, new Date(deps.clock.now().getTime() + RETRY_MS));
    }
    await change(deps, remediation, 'refuse', error.publicMessage);
  }
}

/** As the call that gives the same order leaves it. */
function ownAudit(
  { audit }: CarryOutDeps,
  tenantId: string,
  why: Readonly<Record<string, unknown>>,
): Parameters<CarryOutDeps['ordering']['order']>[0]['audit'] {
  let target: AuditEntry['target'];
  let details: Readonly<Record<string, unknown>> = why;
  return {
    target(kind, id) {
      target = { kind, id };
    },
    details(facts) {
      details = { ...details, ...facts };
    },
    recordIn: (db) =>
      audit.record(
        {
          tenantId,
          actor: AUTOMATION,
          action: 'machine.stopAndQuarantineFile',
          ...(target ? { target } : {}),
          outcome: 'success',
          details,
        },
        db,
      ),
  };
}

async function finish(
  deps: CarryOutDeps,
  { action_status: status, action_details: said, ...remediation }: FinishedRemediation,
): Promise<void> {
  const succeeded = status === 'Succeeded';
  await change(
    deps,
    remediation,
    succeeded ? 'succeed' : 'fail',
    succeeded ? null : (said ?? `The action ended as ${status}.`),
  );
}

function expire(deps: CarryOutDeps, remediation: RemediationRow): Promise<void> {
  return change(deps, remediation, 'expire', 'Nobody decided on it in 7 days.');
}

/** Each leaves its record, and its investigation follows. */
function change(
  deps: CarryOutDeps,
  { tenant_id: tenantId, id, investigation }: Pick<RemediationRow, 'tenant_id' | 'id' | 'investigation'>,
  event: RemediationEvent,
  details: string | null,
): Promise<void> {
  return deps.alerts.investigations.change(tenantId, async () => {
    const row = await deps.store.changeRemediation(
      tenantId,
      id,
      event,
      { details },
      deps.clock.now(),
      (db, changed) =>
        deps.audit.record(
          {
            tenantId,
            actor: AUTOMATION,
            action: 'remediation.state',
            target: { kind: 'remediation', id },
            outcome: changed.state === 'Failed' ? 'failed' : 'success',
            details: { state: changed.state, investigation, ...(details === null ? {} : { details }) },
          },
          db,
        ),
    );
    return row ? follow(deps, tenantId, investigation, 'remediated') : null;
  });
}
