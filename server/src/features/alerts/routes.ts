import {
  Alert,
  AlertBatchUpdate,
  type AlertClassification,
  type AlertDetermination,
  AlertUpdate,
  ApiError,
  alertClassificationAliases,
  alertDeterminationAliases,
  collectionAnswer,
  entityAnswer,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Reply, type Route, type RouteRequest } from '../../http/route.ts';
import { collectionReply, contextOf, expands } from '../../odata/page.ts';
import type { Devices } from '../devices/index.ts';
import { alertEntity } from './alert-entity.ts';
import { alertCollection, alertColumns, alertSet } from './alert-set.ts';
import type { AlertWork } from './alert-work.ts';
import type { AlertChange, AlertSubject } from './store.ts';

const readAccess = {
  kind: 'api',
  application: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  delegated: ['Alert.Read', 'Alert.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;
const writeAccess = {
  kind: 'api',
  application: ['Alert.ReadWrite.All'],
  delegated: ['Alert.ReadWrite'],
  role: 'AlertsInvestigation.Manage',
  deviceScope: 'require',
} as const;
const idParams = Type.Object({ id: Type.String() });
const alertAnswer = entityAnswer(Alert);
/** The documentation names no bound; the portal's own selection ends here. */
const MAX_BATCH = 500;
const alertsAnswer = collectionAnswer(Alert);

/** A page of alerts about something, as `/api/alerts` would list them. */
export async function alertsAbout(
  work: Pick<AlertWork, 'list'>,
  request: Pick<RouteRequest, 'url' | 'origin'>,
  caller: Caller,
  about: AlertSubject | null,
): Promise<Reply> {
  return collectionReply(
    request,
    { set: alertSet, columns: alertColumns, context: 'Alerts' },
    async (page, query) => {
      const { alerts, total } = await work.list(caller, page, about, expands(query, 'evidence'));
      return { entities: alerts.map(alertEntity), total };
    },
  );
}

export function alertRoutes(work: AlertWork, devices: Pick<Devices, 'require'>): Route[] {
  const body = (origin: string, alert: Alert) => ({
    '@odata.context': contextOf(origin, 'Alerts/$entity'),
    ...alert,
  });

  return [
    defineRoute({
      id: 'alerts.list',
      method: 'GET',
      path: '/api/alerts',
      summary: 'List alerts of the devices the caller may see.',
      access: { ...readAccess, deviceScope: 'filter' },
      audit: null,
      responses: { 200: alertsAnswer },
      collection: alertCollection,
      handle: (request) => alertsAbout(work, request, request.caller, null),
    }),
    defineRoute({
      id: 'machines.alerts',
      method: 'GET',
      path: '/api/machines/:id/alerts',
      summary: 'List the alerts of one device.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: alertsAnswer },
      collection: alertCollection,
      async handle(request) {
        const device = await devices.require(request.caller, request.params.id, 'read');
        return alertsAbout(work, request, request.caller, {
          kind: 'machine',
          deviceId: device.deviceId,
        });
      },
    }),
    defineRoute({
      id: 'alerts.get',
      method: 'GET',
      path: '/api/alerts/:id',
      summary: 'One alert with its evidence.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: alertAnswer },
      async handle(request) {
        const alert = await work.get(request.caller, request.params.id);
        return { status: 200, body: body(request.origin, alertEntity(alert)) };
      },
    }),
    defineRoute({
      id: 'alerts.update',
      method: 'PATCH',
      path: '/api/alerts/:id',
      summary: 'Change the status, owner, classification or determination of an alert, or comment on it.',
      access: writeAccess,
      audit: 'alert.update',
      params: idParams,
      body: AlertUpdate,
      responses: { 200: alertAnswer },
      async handle(request) {
        const alert = await work.update(request, request.params.id, changeOf(request.body));
        return { status: 200, body: body(request.origin, alertEntity(alert)) };
      },
    }),
    defineRoute({
      id: 'alerts.batchUpdate',
      method: 'POST',
      path: '/api/alerts/batchUpdate',
      summary: 'Make one change to many alerts, to all of them or to none.',
      access: writeAccess,
      audit: 'alert.update',
      body: AlertBatchUpdate,
      responses: { 200: Type.Null() },
      async handle(request) {
        const { alertIds, ...update } = request.body;
        if (alertIds.length > MAX_BATCH)
          throw new ApiError('MaximumBatchSizeExceeded', `At most ${MAX_BATCH} alerts are changed at once.`);
        await work.updateAll(request, [...new Set(alertIds)], changeOf(update));
        return { status: 200 };
      },
    }),
  ];
}

function changeOf(update: AlertUpdate): AlertChange {
  return {
    ...(update.status === undefined ? {} : { status: update.status }),
    ...(update.assignedTo === undefined ? {} : { assignedTo: update.assignedTo || null }),
    ...(update.classification === undefined
      ? {}
      : {
          classification: canonical<AlertClassification>(update.classification, alertClassificationAliases),
        }),
    ...(update.determination === undefined
      ? {}
      : { determination: canonical<AlertDetermination>(update.determination, alertDeterminationAliases) }),
    ...(update.comment === undefined ? {} : { comment: update.comment }),
  };
}

/** Another spelling becomes the kept one, or null where it takes the answer back. */
function canonical<T extends string>(value: string, aliases: Readonly<Record<string, T | null>>): T | null {
  const kept = aliases[value];
  return kept === undefined ? (value as T) : kept;
}
