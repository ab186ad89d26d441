import {
  Alert,
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
import { type Caller, defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import { collectionBody, contextOf, readQuery, sqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import { alertEntity } from './alert-entity.ts';
import { alertColumns, alertSet } from './alert-set.ts';
import type { AlertChange, AlertsStore } from './store.ts';

const readAccess = {
  kind: 'api',
  application: ['Alert.Read.All', 'Alert.ReadWrite.All'],
  delegated: ['Alert.Read', 'Alert.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;
const idParams = Type.Object({ id: Type.String() });
const alertAnswer = entityAnswer(Alert);
const alertsAnswer = collectionAnswer(Alert);

export function alertRoutes(deps: {
  store: AlertsStore;
  devices: Pick<Devices, 'require'>;
  clock: Clock;
  /** The device's alerts changed in a way that may change its risk. */
  reassess(tenantId: string, machineId: string): Promise<void>;
}): Route[] {
  const list = async (
    request: Pick<RouteRequest, 'url' | 'origin'>,
    caller: Caller,
    machineId: string | null,
  ) => {
    const query = readQuery(request, alertSet);
    const page = sqlPage(query, alertSet, alertColumns);
    const { alerts, total } = await deps.store.list(
      caller,
      page,
      machineId,
      query.expand.includes('evidence'),
    );
    return {
      status: 200,
      body: collectionBody(request, query, alertSet, 'Alerts', alerts.map(alertEntity), total),
    };
  };
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
      handle: (request) => list(request, request.caller, null),
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
      async handle(request) {
        const device = await deps.devices.require(request.caller, request.params.id, 'read');
        return list(request, request.caller, device.deviceId);
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
        const alert = await deps.store.find(request.caller, request.params.id);
        if (!alert) throw notFound(request.params.id);
        return { status: 200, body: body(request.origin, alertEntity(alert)) };
      },
    }),
    defineRoute({
      id: 'alerts.update',
      method: 'PATCH',
      path: '/api/alerts/:id',
      summary: 'Change the status, owner, classification or determination of an alert, or comment on it.',
      access: {
        kind: 'api',
        application: ['Alert.ReadWrite.All'],
        delegated: ['Alert.ReadWrite'],
        role: 'AlertsInvestigation.Manage',
        deviceScope: 'require',
      },
      audit: 'alert.update',
      params: idParams,
      body: AlertUpdate,
      responses: { 200: alertAnswer },
      async handle(request) {
        const { id } = request.params;
        const { tenantId, name } = request.caller;
        request.audit.target('alert', id);
        request.audit.details({ ...request.body });
        const alert = await deps.store.update(
          request.caller,
          id,
          changeOf(request.body),
          name,
          deps.clock.now(),
          (db) => request.audit.recordIn(db),
        );
        if (!alert) {
          if (await deps.store.exists(tenantId, id))
            throw new ApiError('Forbidden', `Alert ${id} is about a device that you may not act on.`);
          throw notFound(id);
        }
        await deps.reassess(tenantId, alert.alert.machine_id);
        return { status: 200, body: body(request.origin, alertEntity(alert)) };
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

function notFound(id: string): ApiError {
  return new ApiError('ResourceNotFound', `Alert ${id} was not found.`);
}
