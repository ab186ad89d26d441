/** What the dashboard counts: sets by their counts alone, and what only events tell by queries. */
import { queryOptions } from '@tanstack/react-query';
import { fetchAlerts } from '../api/alerts.ts';
import { hunt } from '../api/hunting.ts';
import { fetchIncidents } from '../api/incidents.ts';
import { fetchMachines } from '../api/machines.ts';
import { and, type Condition, equal } from '../api/odata.ts';
import { REFRESH_MS } from '../api/refresh.ts';

const EVENTS_REFRESH_MS = 5 * 60_000;
export const severities = ['High', 'Medium', 'Low', 'Informational'] as const;

const counted = (filter: Condition) => ({ filter, top: 0, count: true });

async function alertsCounted(filter: Condition, signal: AbortSignal): Promise<number> {
  return (await fetchAlerts(counted(filter), signal))['@odata.count'] ?? 0;
}

/** Begins with the key of the set, so that what makes the set stale makes its counts stale. */
export const activeAlertsQuery = queryOptions({
  queryKey: ['alerts', 'active'],
  queryFn: async ({ signal }) => {
    const of = (status: string) =>
      Promise.all(
        severities.map((severity) =>
          alertsCounted(and(equal('status', status), equal('severity', severity)), signal),
        ),
      );
    const [fresh, begun, unowned] = await Promise.all([
      of('New'),
      of('InProgress'),
      alertsCounted("status ne 'Resolved' and assignedTo eq null", signal),
    ]);
    return {
      unowned,
      bySeverity: severities.map((severity, index) => ({
        severity,
        fresh: fresh[index] ?? 0,
        begun: begun[index] ?? 0,
      })),
    };
  },
  refetchInterval: REFRESH_MS,
});

export const activeIncidentsQuery = queryOptions({
  queryKey: ['incidents', 'active'],
  queryFn: async ({ signal }) => {
    const count = async (filter: Condition) =>
      (await fetchIncidents({ filter, top: 0, count: true }, signal))['@odata.count'] ?? 0;
    const [active, begun] = await Promise.all([count("status eq 'Active'"), count("status eq 'InProgress'")]);
    return { active, begun };
  },
  refetchInterval: REFRESH_MS,
});

export const devicesAtRiskQuery = queryOptions({
  queryKey: ['machines', 'atRisk'],
  queryFn: ({ signal }) =>
    fetchMachines(
      {
        filter: "riskScore eq 'High' or riskScore eq 'Medium'",
        orderBy: 'riskScore desc',
        top: 5,
        count: true,
      },
      signal,
    ),
  refetchInterval: REFRESH_MS,
});

export const sensorHealthQuery = queryOptions({
  queryKey: ['machines', 'health'],
  queryFn: async ({ signal }) => {
    const count = async (filter: Condition) =>
      (await fetchMachines({ filter, top: 0, count: true }, signal))['@odata.count'] ?? 0;
    const [all, active, inactive, silent] = await Promise.all([
      count(null),
      count(equal('healthStatus', 'Active')),
      count(equal('healthStatus', 'Inactive')),
      count(equal('healthStatus', 'NoSensorData')),
    ]);
    return { all, active, inactive, silent };
  },
  refetchInterval: REFRESH_MS,
});

export const usersAtRiskKql = [
  'AlertEvidence',
  '| where Timestamp > ago(30d) and EntityType == "User" and isnotempty(AccountName)',
  '| summarize Alerts = dcount(AlertId) by AccountDomain, AccountName',
  '| top 5 by Alerts desc',
].join('\n');

export const usersAtRiskQuery = queryOptions({
  queryKey: ['alerts', 'usersAtRisk'],
  queryFn: async ({ signal }) =>
    (await hunt(usersAtRiskKql, signal)).Results.map(({ AccountDomain, AccountName, Alerts }) => ({
      user: [AccountDomain, AccountName].filter(Boolean).join('\\'),
      alerts: Number(Alerts),
    })),
  staleTime: EVENTS_REFRESH_MS,
  refetchInterval: EVENTS_REFRESH_MS,
});

export const reportingKql = [
  'DeviceInfo',
  '| where Timestamp > ago(30d)',
  '| summarize Devices = dcount(DeviceId) by Day = startofday(Timestamp)',
  '| sort by Day asc',
].join('\n');

export const reportingQuery = queryOptions({
  queryKey: ['dashboard', 'reporting'],
  queryFn: async ({ signal }) =>
    (await hunt(reportingKql, signal)).Results.map(({ Day, Devices }) => ({
      day: String(Day),
      devices: Number(Devices),
    })),
  staleTime: EVENTS_REFRESH_MS,
  refetchInterval: EVENTS_REFRESH_MS,
});

export const ingestKql = [
  'union DeviceProcessEvents, DeviceNetworkEvents, DeviceFileEvents, DeviceLogonEvents, DeviceEvents',
  '| where Timestamp > ago(1h)',
  '| summarize Events = count(), Newest = max(Timestamp)',
].join('\n');

export const ingestQuery = queryOptions({
  queryKey: ['dashboard', 'ingest'],
  queryFn: async ({ signal }) => {
    const [row] = (await hunt(ingestKql, signal)).Results;
    const newest = typeof row?.Newest === 'string' ? row.Newest : null;
    return { lastHour: Number(row?.Events ?? 0), newest };
  },
  staleTime: EVENTS_REFRESH_MS,
  refetchInterval: EVENTS_REFRESH_MS,
});

/** Whether each store of the service answers. It says so to whoever asks, and with 503 when one does not. */
export const serviceHealthQuery = queryOptions({
  queryKey: ['dashboard', 'service'],
  queryFn: async ({ signal }) => {
    const answer = await fetch('/readyz', { signal });
    return (await answer.json()) as {
      readonly status: string;
      readonly stores: Readonly<Record<string, boolean>>;
    };
  },
  refetchInterval: REFRESH_MS,
});
