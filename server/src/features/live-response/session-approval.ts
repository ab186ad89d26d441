/** A second person's word on a console session, wherever it is given: at the session itself, or beside the machine actions that wait. */
import { ApiError, type MachineAction } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import { type AwaitingSource, requireSecondPerson } from '../response/index.ts';
import type { Consoles } from './consoles.ts';
import { sessionEntity } from './session-entity.ts';
import type { SessionRow, SessionStore } from './session-store.ts';

type Word = Parameters<AwaitingSource['decide']>[2];

export interface SessionApproval {
  /** The session as it stands afterwards; null: there is none. @throws ApiError ResourceNotFound (it does not wait), Forbidden, DisallowedOperation, Conflict */
  decide(id: string, decision: 'approve' | 'reject', word: Word): Promise<SessionRow | null>;
  readonly source: AwaitingSource;
}

export function sessionApproval(deps: {
  readonly sessions: SessionStore;
  readonly consoles: Pick<Consoles, 'announce' | 'end'>;
  readonly devices: Pick<Devices, 'require'>;
  readonly clock: Clock;
  couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean>;
}): SessionApproval {
  const { sessions, consoles, devices, clock } = deps;

  const decide: SessionApproval['decide'] = async (id, decision, { caller, audit, comment }) => {
    const { tenantId, name } = caller;
    const session = await sessions.find(tenantId, id);
    if (!session) return null;
    audit.target('liveSession', id);
    if (session.state !== 'AwaitingApproval')
      throw new ApiError('ResourceNotFound', `No live response session ${id} waits for approval.`);
    await devices.require(caller, session.machine_id, 'act');
    await requireSecondPerson(deps, { id: session.requestor_id, at: session.created_at }, caller);
    if (decision === 'reject') {
      const reason = `${name} rejected it. ${comment ?? ''}`.trimEnd();
      const rejected = await consoles.end(tenantId, id, reason, (db) => audit.recordIn(db));
      if (!rejected) throw over(id);
      return rejected;
    }
    const approved = await sessions.approve(tenantId, id, { by: name, comment }, clock.now(), (db) =>
      audit.recordIn(db),
    );
    if (!approved) throw over(id);
    await consoles.announce(tenantId, approved);
    return approved;
  };

  return {
    decide,
    source: {
      async waiting(caller, limit) {
        const waiting = await sessions.list(caller, 'AwaitingApproval', limit);
        return waiting.map(sessionAction).reverse();
      },
      async decide(id, decision, word) {
        const decided = await decide(id, decision, word);
        return decided && sessionAction(decided);
      },
    },
  };
}

export function over(id: string): ApiError {
  return new ApiError('Conflict', `Live response session ${id} was decided on, or ended, in the meantime.`);
}

/** As one of the machine actions among which it waits; it is none, and no list of those has it. */
function sessionAction(row: SessionRow): MachineAction {
  const session = sessionEntity(row);
  const rejected = row.state === 'Ended';
  return {
    id: session.id,
    type: 'LiveResponse',
    title: 'Live response console',
    scope: null,
    requestor: session.requestor,
    requestorComment: session.comment,
    requestSource: row.requestor_kind === 'user' ? 'Portal' : 'PublicApi',
    externalId: null,
    status: rejected ? 'Cancelled' : row.state === 'AwaitingApproval' ? 'Pending' : 'InProgress',
    machineId: session.machineId,
    computerDnsName: session.computerDnsName,
    creationDateTimeUtc: session.creationDateTimeUtc,
    lastUpdateDateTimeUtc: session.lastActivityDateTimeUtc,
    cancellationRequestor: null,
    cancellationComment: null,
    cancellationDateTimeUtc: session.endDateTimeUtc,
    errorHResult: 0,
    troubleshootInfo: rejected
      ? session.endReason
      : row.state === 'AwaitingApproval'
        ? `Waits for the approval of a second person (policy "${row.policy}").`
        : null,
    commands: null,
    relatedFileInfo: null,
  };
}
