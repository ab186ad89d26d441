import { collectionAnswer, entityAnswer, Incident, IncidentUpdate } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { collectionBody, contextOf, readQuery, sqlPage } from '../../odata/page.ts';
import { incidentEntity } from './incident-entity.ts';
import { incidentColumns, incidentSet } from './incident-set.ts';
import type { IncidentChange } from './incident-store.ts';
import { type IncidentWork, incidentNumber } from './incident-work.ts';

const idParams = Type.Object({ id: Type.String() });
const readAccess = {
  kind: 'api',
  application: ['Incident.Read.All', 'Incident.ReadWrite.All'],
  delegated: ['Incident.Read', 'Incident.ReadWrite'],
  role: 'ViewData.SecurityOperations',
} as const;

export function incidentRoutes(work: IncidentWork): Route[] {
  return [
    defineRoute({
      id: 'incidents.list',
      method: 'GET',
      path: '/api/incidents',
      summary: 'List incidents, each with its alerts.',
      access: { ...readAccess, deviceScope: 'filter' },
      audit: null,
      responses: { 200: collectionAnswer(Incident) },
      collection: { name: 'Incidents', entity: 'Incident', key: 'incidentId', set: incidentSet },
      async handle(request) {
        const query = readQuery(request, incidentSet);
        const page = sqlPage(query, incidentSet, incidentColumns);
        const { incidents, total } = await work.list(request.caller, page, true);
        const machines = await work.machinesOf(request.caller, incidents);
        const rows = incidents.map((incident) => incidentEntity(incident, machines, request.origin));
        return { status: 200, body: collectionBody(request, query, incidentSet, 'Incidents', rows, total) };
      },
    }),
    defineRoute({
      id: 'incidents.get',
      method: 'GET',
      path: '/api/incidents/:id',
      summary: 'One incident with its alerts.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: entityAnswer(Incident) },
      async handle(request) {
        const incident = await work.get(request.caller, incidentNumber(request.params.id));
        const machines = await work.machinesOf(request.caller, [incident]);
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(request.origin, 'Incidents/$entity'),
            ...incidentEntity(incident, machines, request.origin),
          },
        };
      },
    }),
    defineRoute({
      id: 'incidents.update',
      method: 'PATCH',
      path: '/api/incidents/:id',
      summary: 'Change the status, owner, verdict or tags of an incident, or comment on it.',
      access: {
        kind: 'api',
        application: ['Incident.ReadWrite.All'],
        delegated: ['Incident.ReadWrite'],
        role: 'AlertsInvestigation.Manage',
        deviceScope: 'require',
      },
      audit: 'incident.update',
      params: idParams,
      body: IncidentUpdate,
      responses: { 200: entityAnswer(Incident) },
      async handle(request) {
        const incident = await work.update(
          request,
          incidentNumber(request.params.id),
          changeOf(request.body),
        );
        const machines = await work.machinesOf(request.caller, [incident]);
        return {
          status: 200,
          body: {
            '@odata.context': contextOf(request.origin, 'Incidents/$entity'),
            ...incidentEntity(incident, machines, request.origin),
          },
        };
      },
    }),
  ];
}

function changeOf(update: IncidentUpdate): IncidentChange {
  const { status, assignedTo, classification, determination, tags, comment } = update;
  return {
    ...(status === undefined ? {} : { status }),
    ...(assignedTo === undefined ? {} : { assignedTo: assignedTo || null }),
    ...(classification === undefined
      ? {}
      : { classification: classification === 'Unknown' ? null : classification }),
    ...(determination === undefined
      ? {}
      : { determination: determination === 'NotAvailable' ? null : determination }),
    ...(tags === undefined ? {} : { tags }),
    ...(comment === undefined ? {} : { comment }),
  };
}
