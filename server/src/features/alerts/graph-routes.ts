/** Alerts and incidents at Graph's addresses, for clients that moved there. */
import {
  type AlertStatus,
  collectionAnswer,
  entityAnswer,
  GraphAlert,
  GraphAlertUpdate,
  GraphComment,
  GraphCommentRequest,
  GraphIncident,
  GraphIncidentUpdate,
  graphAlertStatusOf,
  graphClassificationOf,
  graphDeterminationOf,
  graphIncidentStatusOf,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import { collectionBody, expands, readQuery, shaped, sqlPage } from '../../odata/page.ts';
import type { AlertWork } from './alert-work.ts';
import { graphAlert, graphComment, graphIncident } from './graph-entity.ts';
import { graphAlertColumns, graphAlertSet, graphIncidentColumns, graphIncidentSet } from './graph-sets.ts';
import type { FullIncident, IncidentChange } from './incident-store.ts';
import { type IncidentWork, incidentNumber } from './incident-work.ts';
import type { AlertChange } from './store.ts';

const idParams = Type.Object({ id: Type.String() });
const read = (application: 'SecurityAlert' | 'SecurityIncident') =>
  ({
    kind: 'api',
    application: [`${application}.Read.All`, `${application}.ReadWrite.All`],
    delegated: [`${application}.Read.All`, `${application}.ReadWrite.All`],
    role: 'ViewData.SecurityOperations',
  }) as const;
const write = (application: 'SecurityAlert' | 'SecurityIncident') =>
  ({
    kind: 'api',
    application: [`${application}.ReadWrite.All`],
    delegated: [`${application}.ReadWrite.All`],
    role: 'AlertsInvestigation.Manage',
    deviceScope: 'require',
  }) as const;
const comments = Type.Object({
  '@odata.context': Type.String(),
  value: Type.Array(GraphComment),
});

const contextOf = (origin: string, path: string) => `${origin}/v1.0/$metadata#${path}`;

export function graphRoutes(alerts: AlertWork, incidents: IncidentWork): Route[] {
  const incidentBody = async (
    request: Pick<RouteRequest<unknown, unknown, unknown, Caller>, 'caller' | 'origin'>,
    incident: FullIncident,
    withAlerts: boolean,
  ) => ({
    '@odata.context': contextOf(request.origin, 'security/incidents/$entity'),
    ...graphIncident(incident, await incidents.machinesOf(request.caller, withAlerts ? [incident] : []), {
      origin: request.origin,
      tenantId: request.caller.tenantId,
      withAlerts,
    }),
  });

  return [
    defineRoute({
      id: 'graphAlerts.list',
      method: 'GET',
      path: '/v1.0/security/alerts_v2',
      summary: 'List alerts, as Graph does.',
      access: { ...read('SecurityAlert'), deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(GraphAlert) },
      collection: { name: 'alerts_v2', entity: 'alert', key: 'id', set: graphAlertSet },
      async handle(request) {
        const query = readQuery(request, graphAlertSet);
        const page = sqlPage(query, graphAlertSet, graphAlertColumns);
        const { alerts: found, total } = await alerts.list(request.caller, page, null, true);
        const machines = await alerts.machinesOf(request.caller, found);
        const rows = found.map((alert) => graphAlert(alert, machines, request.origin));
        return {
          status: 200,
          body: {
            ...collectionBody(request, query, graphAlertSet, 'Alerts', rows, total),
            '@odata.context': contextOf(request.origin, 'security/alerts_v2'),
          },
        };
      },
    }),
    defineRoute({
      id: 'graphAlerts.get',
      method: 'GET',
      path: '/v1.0/security/alerts_v2/:id',
      summary: 'One alert with its evidence, as Graph shows it.',
      access: { ...read('SecurityAlert'), deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: entityAnswer(GraphAlert) },
      async handle(request) {
        const alert = await alerts.get(request.caller, request.params.id);
        const machines = await alerts.machinesOf(request.caller, [alert]);
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(request.origin, 'security/alerts_v2/$entity'),
            ...graphAlert(alert, machines, request.origin),
          },
        };
      },
    }),
    defineRoute({
      id: 'graphAlerts.update',
      method: 'PATCH',
      path: '/v1.0/security/alerts_v2/:id',
      summary: 'Change the status, owner or verdict of an alert, as Graph does.',
      access: write('SecurityAlert'),
      audit: 'alert.update',
      params: idParams,
      body: GraphAlertUpdate,
      responses: { 200: entityAnswer(GraphAlert) },
      async handle(request) {
        const alert = await alerts.update(request, request.params.id, {
          ...verdictOf(request.body),
          ...(request.body.status === undefined ? {} : { status: ourAlertStatus(request.body.status) }),
        });
        const machines = await alerts.machinesOf(request.caller, [alert]);
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(request.origin, 'security/alerts_v2/$entity'),
            ...graphAlert(alert, machines, request.origin),
          },
        };
      },
    }),
    defineRoute({
      id: 'graphAlerts.comment',
      method: 'POST',
      path: '/v1.0/security/alerts_v2/:id/comments',
      summary: 'Comment on an alert, as Graph does; the answer is all its comments.',
      access: write('SecurityAlert'),
      audit: 'alert.update',
      params: idParams,
      body: GraphCommentRequest,
      responses: { 200: comments },
      async handle(request) {
        const { comments: all } = await alerts.update(request, request.params.id, {
          comment: request.body.comment,
        });
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(
              request.origin,
              `security/alerts_v2('${request.params.id}')/comments`,
            ),
            value: all.map(graphComment),
          },
        };
      },
    }),
    defineRoute({
      id: 'graphIncidents.list',
      method: 'GET',
      path: '/v1.0/security/incidents',
      summary: 'List incidents, as Graph does, with their alerts if they are asked for.',
      access: { ...read('SecurityIncident'), deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(GraphIncident) },
      collection: { name: 'incidents', entity: 'incident', key: 'id', set: graphIncidentSet },
      async handle(request) {
        const query = readQuery(request, graphIncidentSet);
        const page = sqlPage(query, graphIncidentSet, graphIncidentColumns);
        const withAlerts = expands(query, 'alerts');
        const { incidents: found, total } = await incidents.list(request.caller, page, withAlerts);
        const machines = await incidents.machinesOf(request.caller, found);
        const context = { origin: request.origin, tenantId: request.caller.tenantId, withAlerts };
        const rows = found.map((incident) => graphIncident(incident, machines, context));
        return {
          status: 200,
          body: {
            ...collectionBody(request, query, graphIncidentSet, 'Incidents', rows, total),
            '@odata.context': contextOf(request.origin, 'security/incidents'),
          },
        };
      },
    }),
    defineRoute({
      id: 'graphIncidents.get',
      method: 'GET',
      path: '/v1.0/security/incidents/:id',
      summary: 'One incident, as Graph shows it, with its alerts if they are asked for.',
      access: { ...read('SecurityIncident'), deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: entityAnswer(GraphIncident) },
      async handle(request) {
        const query = readQuery(request, graphIncidentSet);
        const incident = await incidents.get(request.caller, incidentNumber(request.params.id));
        const body = await incidentBody(request, incident, expands(query, 'alerts'));
        return { status: 200, body: { '@odata.context': body['@odata.context'], ...shaped(body, query) } };
      },
    }),
    defineRoute({
      id: 'graphIncidents.update',
      method: 'PATCH',
      path: '/v1.0/security/incidents/:id',
      summary: 'Change the status, owner, verdict, name or tags of an incident, as Graph does.',
      access: write('SecurityIncident'),
      audit: 'incident.update',
      params: idParams,
      body: GraphIncidentUpdate,
      responses: { 200: entityAnswer(GraphIncident) },
      async handle(request) {
        const { status, displayName, customTags } = request.body;
        const change: IncidentChange = {
          ...verdictOf(request.body),
          ...(status === undefined ? {} : { status: ourIncidentStatus(status) }),
          ...(displayName === undefined ? {} : { name: displayName }),
          ...(customTags === undefined ? {} : { tags: customTags }),
        };
        const incident = await incidents.update(request, incidentNumber(request.params.id), change);
        return { status: 200, body: await incidentBody(request, incident, false) };
      },
    }),
    defineRoute({
      id: 'graphIncidents.comment',
      method: 'POST',
      path: '/v1.0/security/incidents/:id/comments',
      summary: 'Comment on an incident, as Graph does; the answer is all its comments.',
      access: write('SecurityIncident'),
      audit: 'incident.update',
      params: idParams,
      body: GraphCommentRequest,
      responses: { 200: comments },
      async handle(request) {
        const { comments: all } = await incidents.update(request, incidentNumber(request.params.id), {
          comment: request.body.comment,
        });
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(
              request.origin,
              `security/incidents('${request.params.id}')/comments`,
            ),
            value: all.map(graphComment),
          },
        };
      },
    }),
  ];
}

/** Our word for one of Graph's. */
function ours<T extends string>(words: Readonly<Record<T, string>>, theirs: string): T | null {
  const found = (Object.keys(words) as T[]).find((word) => words[word] === theirs);
  return found ?? null;
}

function ourAlertStatus(status: 'new' | 'inProgress' | 'resolved'): AlertStatus {
  return ours(graphAlertStatusOf, status) ?? 'New';
}

function ourIncidentStatus(
  status: 'active' | 'inProgress' | 'resolved',
): 'Active' | 'InProgress' | 'Resolved' {
  const word = ours(graphIncidentStatusOf, status);
  return word === 'InProgress' || word === 'Resolved' ? word : 'Active';
}

function verdictOf(
  update: Pick<GraphAlertUpdate, 'assignedTo' | 'classification' | 'determination'>,
): Pick<AlertChange, 'assignedTo' | 'classification' | 'determination'> {
  const { assignedTo, classification, determination } = update;
  return {
    ...(assignedTo === undefined ? {} : { assignedTo: assignedTo || null }),
    ...(classification === undefined ? {} : { classification: ours(graphClassificationOf, classification) }),
    ...(determination === undefined ? {} : { determination: ours(graphDeterminationOf, determination) }),
  };
}
