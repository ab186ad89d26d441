/** Where an investigation stands after something happened to it: the state that follows, its record, and what its alerts show. */
import type { InvestigationState } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Alerts } from '../alerts/index.ts';
import type { Audit, AuditActor } from '../audit/index.ts';
import type { InvestigationEvent, Settled } from './investigation-state.ts';
import { outcomeOf } from './outcome.ts';
import type { AutomationStore, AutomationTransaction, InvestigationRow } from './store.ts';

/** The platform itself, where no person decided. */
export const AUTOMATION: AuditActor = { kind: 'system', id: 'automation', name: 'Automation' };

export interface ProgressDeps {
  readonly store: AutomationStore;
  readonly alerts: Pick<Alerts, 'investigations'>;
  readonly audit: Audit;
  readonly clock: Clock;
}

export type Shown = { readonly id: number; readonly state: InvestigationState } | null;

/** What its remediations make of it. Within a change of alerts, to which its answer goes. */
export async function follow(
  deps: ProgressDeps,
  tenantId: string,
  id: string,
  kind: 'settled' | 'remediated',
): Promise<Shown> {
  const row = await deps.store.changeInvestigation(
    tenantId,
    id,
    (investigation, remediations) => {
      const { state, details } = outcomeOf(
        remediations.map((one) => one.state),
        investigation,
      );
      const rejected = remediations.filter((one) => one.state === 'Rejected').at(-1);
      const cancelledBy = state === 'TerminatedByUser' ? (rejected?.decided_by ?? null) : null;
      return { event: eventOf(kind, state), details, cancelledBy };
    },
    deps.clock.now(),
    (db, changed) => recordState(deps.audit, db, changed),
  );
  return row && { id: Number(row.id), state: row.state };
}

/** A state that only the run itself leads to: the next attempt, or giving up. */
export function leave(
  deps: ProgressDeps,
  { tenant_id: tenantId, id }: InvestigationRow,
  event: InvestigationEvent,
  { details, dueAt }: { readonly details: string; readonly dueAt?: Date },
): Promise<void> {
  return deps.alerts.investigations.change(tenantId, async () => {
    const row = await deps.store.changeInvestigation(
      tenantId,
      id,
      () => ({ event, details, ...(dueAt ? { dueAt } : {}) }),
      deps.clock.now(),
      (db, changed) => recordState(deps.audit, db, changed),
    );
    return row && { id: Number(row.id), state: row.state };
  });
}

export function recordState(
  audit: Audit,
  db: AutomationTransaction,
  { tenant_id: tenantId, id, state, machine_id: machineId, status_details: details }: InvestigationRow,
): Promise<void> {
  const failed = state === 'InnerFailure' || state === 'Failed';
  return audit.record(
    {
      tenantId,
      actor: AUTOMATION,
      action: 'investigation.state',
      target: { kind: 'investigation', id },
      outcome: failed ? 'failed' : 'success',
      details: { state, machineId, ...(details === null ? {} : { details }) },
    },
    db,
  );
}

function eventOf(kind: 'settled' | 'remediated', state: Settled): InvestigationEvent {
  return { kind, state };
}
