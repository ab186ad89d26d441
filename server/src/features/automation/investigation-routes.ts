/** The investigations set, what an investigation found, and starting one by hand. */
import { ApiError, CommentRequest, collectionAnswer, entityAnswer, Investigation } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteAudit } from '../../http/route.ts';
import { collectionReply, contextOf } from '../../odata/page.ts';
import type { Devices } from '../devices/index.ts';
import { type BeginDeps, start } from './begin.ts';
import {
  InvestigatedEntity,
  investigatedEntity,
  investigationColumns,
  investigationEntity,
  investigationSet,
  investigationsAnswer,
} from './investigation-entity.ts';
import type { InvestigationRow } from './store.ts';

const read = {
  kind: 'api',
  application: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  delegated: ['Alert.Read', 'Alert.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;
const write = {
  kind: 'api',
  application: ['Alert.ReadWrite.All'],
  delegated: ['Alert.ReadWrite'],
  deviceScope: 'require',
} as const;
const idParams = Type.Object({ id: Type.String() });

export interface InvestigationRouteDeps extends BeginDeps {
  readonly devices: Pick<Devices, 'lookup' | 'require'>;
  /** There is something to run. */
  begun(): void;
}

export function investigationRoutes(deps: InvestigationRouteDeps): Route[] {
  const { store } = deps;
  const found = async (caller: Caller, id: string): Promise<InvestigationRow> => {
    const row = await store.find(caller, id);
    if (!row) throw new ApiError('ResourceNotFound', `Investigation ${id} was not found.`);
    return row;
  };
  const begin = async (request: {
    readonly params: { readonly id: string };
    readonly caller: Caller;
    readonly audit: RouteAudit;
    readonly body: { readonly Comment: string };
  }): Promise<InvestigationRow> => {
    const { params, caller, audit, body } = request;
    audit.target('machine', params.id);
    const device = await deps.devices.require(caller, params.id, 'act');
    audit.target('machine', device.deviceId);
    const row = await start(deps, device, caller, body.Comment, (db, id) => {
      audit.details({ comment: body.Comment, investigation: id });
      return audit.recordIn(db);
    });
    deps.begun();
    return row;
  };

  return [
    defineRoute({
      id: 'investigations.list',
      method: 'GET',
      path: '/api/investigations',
      summary: 'List automated investigations, newest first.',
      access: { ...read, deviceScope: 'filter' },
      audit: null,
      responses: { 200: investigationsAnswer },
      collection: { name: 'Investigations', entity: 'Investigation', key: 'id', set: investigationSet },
      handle: (request) =>
        collectionReply(
          request,
          { set: investigationSet, columns: investigationColumns, context: 'Investigations' },
          async (page) => {
            const { rows, total } = await store.investigations(request.caller, page);
            return { entities: rows.map(investigationEntity), total };
          },
        ),
    }),
    defineRoute({
      id: 'investigations.get',
      method: 'GET',
      path: '/api/investigations/:id',
      summary: 'One automated investigation, by its number or the alert that began it.',
      access: { ...read, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: entityAnswer(Investigation) },
      async handle({ caller, params, origin }) {
        const row = await found(caller, params.id);
        return { status: 200, body: body(origin, row) };
      },
    }),
    defineRoute({
      id: 'investigations.entities',
      method: 'GET',
      path: '/api/merlon/investigations/:id/entities',
      summary: 'What an investigation looked at: each entity with its verdict, and why.',
      access: { ...read, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: collectionAnswer(InvestigatedEntity) },
      async handle({ caller, params, origin }) {
        const { id } = await found(caller, params.id);
        const value = (await store.entities(caller, id)).map(investigatedEntity);
        return { status: 200, body: { '@odata.context': contextOf(origin, 'InvestigatedEntities'), value } };
      },
    }),
    defineRoute({
      id: 'machines.startInvestigation',
      method: 'POST',
      path: '/api/machines/:id/startInvestigation',
      summary: 'Start an automated investigation on a device.',
      access: { ...write, role: 'ActiveRemediation.SecurityOperations' },
      audit: 'machine.startInvestigation',
      params: idParams,
      body: CommentRequest,
      responses: { 201: entityAnswer(Investigation) },
      handle: async (request) => ({ status: 201, body: body(request.origin, await begin(request)) }),
    }),
    defineRoute({
      id: 'machines.initiateInvestigation',
      method: 'POST',
      path: '/api/machines/:id/InitiateInvestigation',
      summary: 'Start an automated investigation on a device, as the call of 2019 did.',
      access: { ...write, role: 'AlertsInvestigation.Manage' },
      audit: 'machine.startInvestigation',
      params: idParams,
      body: CommentRequest,
      responses: { 200: entityAnswer(Type.Object({ value: Type.Integer() })) },
      async handle(request) {
        const { id } = await begin(request);
        return {
          status: 200,
          body: { '@odata.context': contextOf(request.origin, 'Edm.Int64'), value: Number(id) },
        };
      },
    }),
  ];
}

function body(origin: string, row: InvestigationRow): object {
  return { '@odata.context': contextOf(origin, 'Investigations/$entity'), ...investigationEntity(row) };
}
