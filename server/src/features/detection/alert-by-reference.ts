/** `CreateAlertByReference`: a person or program makes an alert of an event that hunting showed. */
import { createHash } from 'node:crypto';
import { Alert, AlertByReference, ApiError, entityAnswer, parseTicks } from '@merlon/contract';
import type { EventStore } from '@merlon/event-store';
import { defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import type { Alerts } from '../alerts/index.ts';
import type { Devices } from '../devices/index.ts';
import { eventByReference } from './event-by-reference.ts';
import { factsOf } from './event-facts.ts';
import { evidenceOf } from './evidence.ts';
import { Lineage } from './lineage.ts';

/** What the service calls alerts that customers make. */
const DETECTION_SOURCE = 'CustomDetection';

export function alertByReference(deps: {
  events: Pick<EventStore, 'query'>;
  alerts: Pick<Alerts, 'raise' | 'find'>;
  devices: Pick<Devices, 'require'>;
}): Route {
  return defineRoute({
    id: 'alerts.createByReference',
    method: 'POST',
    path: '/api/alerts/CreateAlertByReference',
    summary: 'Make an alert of an event, which its device, time and report id name.',
    access: {
      kind: 'api',
      application: ['Alert.ReadWrite.All'],
      delegated: ['Alert.ReadWrite'],
      role: 'AlertsInvestigation.Manage',
      deviceScope: 'require',
    },
    audit: 'alert.create',
    body: AlertByReference,
    responses: { 200: entityAnswer(Alert) },
    async handle({ body, caller, audit, origin, signal }) {
      audit.target('machine', body.machineId);
      audit.details({ ...body });
      const reportId = reportIdOf(body.reportId);
      if (parseTicks(body.eventTime) === null)
        throw new ApiError('InvalidInput', `eventTime: '${body.eventTime}' is not a time.`);
      const device = await deps.devices.require(caller, body.machineId, 'act');
      const event = await eventByReference(
        deps.events,
        { tenantId: caller.tenantId, deviceId: device.deviceId, eventTime: body.eventTime, reportId },
        signal,
      );
      if (event === null)
        throw new ApiError(
          'ResourceNotFound',
          `Machine ${body.machineId} has no event of report ${body.reportId} at ${body.eventTime}.`,
        );
      const found = evidenceOf(event.table, event.row, device.deviceId, new Lineage());
      const { alertId } = await deps.alerts.raise(
        {
          tenantId: caller.tenantId,
          deviceId: device.deviceId,
          deviceName: device.name,
          dedupKey: dedupKeyOf(body.title, device.deviceId),
          ruleId: '',
          detectionSource: DETECTION_SOURCE,
          title: body.title,
          description: body.description,
          severity: body.severity,
          category: body.category,
          techniques: [],
          recommendedAction: body.recommendedAction,
          firstEventTime: body.eventTime,
          lastEventTime: body.eventTime,
          events: [
            { table: event.table, reportId, timestamp: body.eventTime, facts: factsOf(event.row, found) },
          ],
          ...found,
        },
        // Merged into an open alert of the same title on the same device, however old: create-alert-by-reference.md.
        { windowMs: Number.POSITIVE_INFINITY, linkWithin: 'device', alongside: (db) => audit.recordIn(db) },
      );
      const alert = await deps.alerts.find(caller, alertId);
      if (alert === null) throw new ApiError('ResourceNotFound', `Alert ${alertId} was not found.`);
      return { status: 200, body: { '@odata.context': contextOf(origin, 'Alerts/$entity'), ...alert } };
    },
  });
}

function reportIdOf(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(id)) throw new ApiError('InvalidInput', `reportId: '${text}' is not a number.`);
  return id;
}

function dedupKeyOf(title: string, deviceId: string): string {
  return createHash('sha256').update(`by reference\n${deviceId}\n${title}`).digest('hex');
}
