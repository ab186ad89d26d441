/** The action center: what waits for a decision, the decisions, taking back what was done, and the history of it all. */
import { ApiError, collectionAnswer, isGuid } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import { collectionReply } from '../../odata/page.ts';
import type { Devices } from '../devices/index.ts';
import type { Response } from '../response/index.ts';
import {
  HistoricalAction,
  historicalAction,
  historyColumns,
  historySet,
  PendingAction,
  pendingAction,
  pendingColumns,
  pendingSet,
} from './action-center-entity.ts';
import { follow, type ProgressDeps } from './progress.ts';
import { changeRemediation, type RemediationRow } from './store.ts';

const ROOT = '/api/merlon/actioncenter';
const portal = { kind: 'api', application: [], delegated: 'portal' } as const;
const view = { ...portal, role: 'ViewData.SecurityOperations', deviceScope: 'filter' } as const;
const act = { ...portal, role: 'ActiveRemediation.SecurityOperations' } as const;
const idParams = Type.Object({ id: Type.String() });
const comment = Type.Optional(Type.String({ maxLength: 4_000 }));
const Word = Type.Object({ comment }, { additionalProperties: false });
/** As many as the portal lets one select of other things. */
const MAX_AT_ONCE = 500;

const Outcome = Type.Object({
  id: Type.String(),
  action: Type.Union([PendingAction, Type.Null()], {
    description: 'As it stands; null when it was not decided on.',
  }),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
});

type Decision = 'approve' | 'reject';
const AUDITED = { approve: 'remediation.approve', reject: 'remediation.reject' } as const;

export interface ActionCenterDeps extends ProgressDeps {
  readonly devices: Pick<Devices, 'require'>;
  readonly ordering: Response['ordering'];
  /** There is something to order. */
  decided(): void;
}

export function actionCenterRoutes(deps: ActionCenterDeps): Route[] {
  const { store, clock } = deps;

  /** @throws ApiError ResourceNotFound, Forbidden (the device) */
  async function found(
    caller: Caller,
    id: string,
    audit: Pick<RouteAudit, 'target'>,
  ): Promise<RemediationRow> {
    audit.target('remediation', id);
    const row = isGuid(id) ? await store.remediation(caller.tenantId, id) : undefined;
    if (!row) throw new ApiError('ResourceNotFound', `Remediation ${id} was not found.`);
    await deps.devices.require(caller, row.machine_id, 'act');
    return row;
  }

  async function decide(
    caller: Caller,
    id: string,
    decision: Decision,
    word: string | null,
    audit: RouteAudit,
  ): Promise<RemediationRow> {
    const { tenant_id: tenantId, investigation, machine_id: machineId } = await found(caller, id, audit);
    audit.details({ investigation, machineId, ...(word === null ? {} : { comment: word }) });
    const now = clock.now();
    let decided: RemediationRow | undefined;
    await deps.alerts.investigations.change(tenantId, async () => {
      decided = await store.changeRemediation(
        tenantId,
        id,
        decision,
        { decided_by: caller.name, decided_at: now, comment: word },
        now,
        (db) => audit.recordIn(db),
      );
      return decided ? follow(deps, tenantId, investigation, 'remediated') : null;
    });
    if (!decided) throw new ApiError('Conflict', `Remediation ${id} does not wait for a decision any more.`);
    return decided;
  }

  const decisionRoute = (decision: Decision, summary: string) =>
    defineRoute({
      id: `actioncenter.${decision}`,
      method: 'POST',
      path: `${ROOT}/actions/:id/${decision}`,
      summary,
      access: { ...act, deviceScope: 'require' },
      audit: AUDITED[decision],
      params: idParams,
      body: Word,
      responses: { 200: PendingAction },
      async handle({ caller, params, body, audit }) {
        const row = await decide(caller, params.id, decision, body.comment ?? null, audit);
        deps.decided();
        return { status: 200, body: pendingAction(row) };
      },
    });

  return [
    defineRoute({
      id: 'actioncenter.pending',
      method: 'GET',
      path: `${ROOT}/pending`,
      summary: 'List the remediations that wait for a decision, newest first.',
      access: view,
      audit: null,
      responses: { 200: collectionAnswer(PendingAction) },
      collection: { name: 'PendingActions', entity: 'PendingAction', key: 'id', set: pendingSet },
      handle: (request) =>
        collectionReply(
          request,
          { set: pendingSet, columns: pendingColumns, context: 'PendingActions' },
          async (page) => {
            const { rows, total } = await store.pending(request.caller, page);
            return { entities: rows.map(pendingAction), total };
          },
        ),
    }),
    defineRoute({
      id: 'actioncenter.history',
      method: 'GET',
      path: `${ROOT}/history`,
      summary: 'List all that was done on devices, by itself and by people, the last change first.',
      access: view,
      audit: null,
      responses: { 200: collectionAnswer(HistoricalAction) },
      collection: { name: 'ActionHistory', entity: 'HistoricalAction', key: 'id', set: historySet },
      handle: (request) =>
        collectionReply(
          request,
          { set: historySet, columns: historyColumns, context: 'ActionHistory' },
          async (page) => {
            const { rows, total } = await store.history(request.caller, page);
            return { entities: rows.map(historicalAction), total };
          },
        ),
    }),
    decisionRoute('approve', 'Approve a remediation; it is ordered.'),
    decisionRoute('reject', 'Reject a remediation.'),
    defineRoute({
      id: 'actioncenter.decide',
      method: 'POST',
      path: `${ROOT}/decide`,
      summary: 'Approve or reject many remediations; the answer tells of each.',
      access: { ...act, deviceScope: 'filter' },
      audit: 'remediation.decide',
      body: Type.Object(
        {
          decision: Type.Enum(['approve', 'reject']),
          ids: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_AT_ONCE, uniqueItems: true }),
          comment,
        },
        { additionalProperties: false },
      ),
      responses: { 200: Type.Object({ value: Type.Array(Outcome) }) },
      async handle({ caller, body, audit }) {
        const { decision, ids } = body;
        audit.target('remediations', `${ids.length} remediations`);
        const value: { id: string; action: object | null; error: object | null }[] = [];
        for (const id of ids) {
          const own = audit.part(AUDITED[decision]);
          try {
            const row = await decide(caller, id, decision, body.comment ?? null, own);
            value.push({ id, action: pendingAction(row), error: null });
          } catch (error) {
            if (!(error instanceof ApiError) || error.status >= 500) throw error;
            await own.refused(error);
            value.push({ id, action: null, error: { code: error.code, message: error.publicMessage } });
          }
        }
        audit.details({ decision, decided: value.filter(({ action }) => action !== null).length });
        deps.decided();
        return { status: 200, body: { value } };
      },
    }),
    defineRoute({
      id: 'actioncenter.undo',
      method: 'POST',
      path: `${ROOT}/actions/:id/undo`,
      summary: 'Take a remediation back: its file is ordered back to where it was.',
      access: { ...act, deviceScope: 'require' },
      audit: 'remediation.undo',
      params: idParams,
      body: Word,
      responses: { 200: PendingAction },
      async handle({ caller, params, body, audit }) {
        const row = await found(caller, params.id, audit);
        const taken = new ApiError(
          'Conflict',
          `Remediation ${row.id} is ${row.state}, and nothing to take back.`,
        );
        if (row.state !== 'Succeeded') throw taken;
        await deps.ordering.order({
          caller,
          audit,
          machine: row.machine_id,
          content: {
            kind: 'RestoreQuarantinedFile',
            params: { file: { algorithm: row.file_algorithm, value: row.file_hash } },
          },
          comment: body.comment ?? `Undo of investigation ${row.investigation}`,
          async alongside(db, actionId) {
            if (!(await changeRemediation(db, row.id, 'undo', { undo_id: actionId }, clock.now())))
              throw taken;
          },
        });
        const undone = await found(caller, row.id, audit);
        return { status: 200, body: pendingAction(undone) };
      },
    }),
  ];
}
