/** Alerts: raised by detectors, worked on by people and programs, mirrored in the hunting tables. */
import { randomInt } from 'node:crypto';
import { type Alert, type AlertSeverity, type RiskScore, riskScores, ticksFromDate } from '@merlon/contract';
import type { TenantScope } from '@merlon/state-store';
import type { Feature, Platform } from '../../feature.ts';
import type { Caller, Reply, RouteRequest } from '../../http/route.ts';
import type { Devices } from '../devices/index.ts';
import type { AlertCandidate } from './alert-candidate.ts';
import { alertEntity } from './alert-entity.ts';
import { alertWork } from './alert-work.ts';
import { type CreatedSince, createdSince } from './created-since.ts';
import { type Detections, detectionsStore } from './detections.ts';
import { graphRoutes } from './graph-routes.ts';
import { incidentRoutes } from './incident-routes.ts';
import { incidentsStore } from './incident-store.ts';
import { incidentWork } from './incident-work.ts';
import { type InvestigationLink, investigationLink } from './investigation-link.ts';
import { runHuntingOutbox } from './outbox.ts';
import { alertRoutes, alertsAbout } from './routes.ts';
import { type AlertSubject, alertsStore, type RaiseOptions } from './store.ts';

export type { AlertCandidate } from './alert-candidate.ts';
export { alertCollection } from './alert-set.ts';
export { type DetectionFacts, factsOfEvidence, known } from './detection-facts.ts';
export type { Detection, Detections, DetectionsAsked } from './detections.ts';
export type { AlertEventRef, UntriagedAlert } from './investigation-link.ts';
export { alertsMigrations } from './migrations.ts';
export type { AlertSubject } from './store.ts';

export interface Alerts extends Feature {
  /**
   * A page of the alerts about something, among those the caller may see: the answer of `/api/files/{id}/alerts` and its like, query options and all.
   * @throws ApiError ODataError
   */
  listAbout(
    request: Pick<RouteRequest, 'url' | 'origin'>,
    caller: Caller,
    subject: AlertSubject,
  ): Promise<Reply>;
  /** Opens an alert, or adds to the open one of the same key. Saying the same thing twice changes nothing. */
  raise(candidate: AlertCandidate, options?: RaiseOptions): Promise<{ alertId: string; created: boolean }>;
  /** What automated investigations ask of alerts, and tell them. */
  readonly investigations: Omit<InvestigationLink, 'about'> & {
    /** Those of an investigation, or the open ones of a device, newest first. */
    about(
      tenantId: string,
      subject: { readonly investigation: number } | { readonly machineId: string },
      limit: number,
    ): Promise<Alert[]>;
  };
  /** One row for each event that gave an alert away. */
  readonly detections: Detections;
  /** Those of some severities that came after a time, oldest first, among those of some groups. */
  createdSince(
    scope: { readonly tenantId: string; readonly deviceGroups: 'all' | readonly string[] },
    asked: { readonly after: Date; readonly severities: readonly AlertSeverity[]; readonly limit: number },
  ): Promise<CreatedSince>;
  /** Null: there is none that the caller may see. */
  find(caller: TenantScope, alertId: string): Promise<Alert | null>;
}

/** Findings of one key closer together than this, by the time of their events, are one alert. */
const DEDUP_WINDOW_MS = 3_600_000;

export function createAlerts(
  platform: Pick<Platform, 'state' | 'eventLog' | 'clock' | 'log' | 'metrics' | 'stopping'>,
  devices: Pick<Devices, 'require' | 'setRisk' | 'machines' | 'lookup'>,
): Alerts {
  const log = platform.log.child({ part: 'alerts' });
  const store = alertsStore(platform.state, platform.clock);
  const raised = platform.metrics.counter('merlon_alerts_raised_total', 'Alerts opened, by severity.');
  let outbox: Promise<void> = Promise.resolve();

  const reassess = async (tenantId: string, machineId: string) => {
    const gravest = await store.gravestOpen(tenantId, machineId);
    await devices.setRisk(tenantId, machineId, riskOf(gravest));
  };

  const link = investigationLink(platform.state, platform.clock);
  const work = alertWork({ store, devices, reassess });
  const incidents = incidentWork({
    store: incidentsStore(platform.state, platform.clock),
    devices,
    reassess,
  });

  return {
    name: 'alerts',
    routes: [...alertRoutes(work, devices), ...incidentRoutes(incidents), ...graphRoutes(work, incidents)],
    investigations: {
      ...link,
      about: async (tenantId, subject, limit) =>
        (await link.about(tenantId, subject, limit)).map(alertEntity),
    },
    detections: detectionsStore(platform.state, platform.clock),
    createdSince: (scope, asked) => createdSince(platform.state, scope, asked),
    listAbout: (request, caller, subject) => alertsAbout(work, request, caller, subject),
    async find(caller, alertId) {
      const alert = await store.find(caller, alertId);
      return alert ? alertEntity(alert) : null;
    },
    async raise(candidate, options = {}) {
      const { alertId, created, changed } = await store.raise(candidate, newAlertId(platform.clock.now()), {
        ...options,
        windowMs: options.windowMs ?? DEDUP_WINDOW_MS,
      });
      if (created) {
        raised.inc({ severity: candidate.severity });
        log.info({ alertId, title: candidate.title, device: candidate.deviceName }, 'alert raised');
      }
      if (changed) await reassess(candidate.tenantId, candidate.deviceId);
      return { alertId, created };
    },
    async start() {
      outbox = runHuntingOutbox({ ...platform, log, store, devices, signal: platform.stopping });
    },
    async stop() {
      await outbox;
    },
  };
}

/** `da<ticks>_<signed integer>`, as the service writes them. */
function newAlertId(at: Date): string {
  return `da${ticksFromDate(at)}_${randomInt(2 ** 32) - 2 ** 31}`;
}

function riskOf(severity: string | null): RiskScore {
  return riskScores.find((score) => score === severity) ?? 'None';
}
