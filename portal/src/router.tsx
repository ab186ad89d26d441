/** Every address of the portal. Each page is a chunk of its own, fetched when first opened. */
import {
  alertSeverities,
  alertStatuses,
  healthStatuses,
  incidentStatuses,
  machineActionStatuses,
  machineActionTypes,
  riskScores,
} from '@merlon/contract';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { auditActors, auditOutcomes } from './api/audit.ts';
import { choices, readList, text } from './shell/address.ts';
import { NotThere, RouteFailed } from './shell/fallbacks.tsx';
import { Shell } from './shell/shell.tsx';
import { Waiting } from './ui/states.tsx';

const root = createRootRoute({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/dashboard', replace: true });
  },
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/dashboard',
  component: lazyRouteComponent(() => import('./dashboard/dashboard.tsx'), 'Dashboard'),
});

const devices = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('health', search, healthStatuses),
    ...choices('risk', search, riskScores),
    ...choices('os', search),
    ...choices('group', search),
    ...text('tag', search),
  }),
  component: lazyRouteComponent(() => import('./devices/device-list.tsx'), 'DeviceList'),
});

export const deviceTabs = ['timeline', 'alerts', 'users', 'software', 'actions'] as const;
export type DeviceTab = (typeof deviceTabs)[number];

const device = createRoute({
  getParentRoute: () => root,
  path: '/devices/$deviceId',
  validateSearch: (search: Record<string, unknown>) => ({
    ...(deviceTabs.some((tab) => tab === search.tab) ? { tab: search.tab as DeviceTab } : {}),
    /** Where the timeline begins, going back in time. */
    ...text('until', search),
    ...text('q', search),
    ...choices('kind', search),
    ...text('days', search),
  }),
  component: lazyRouteComponent(() => import('./devices/device-page.tsx'), 'DevicePage'),
});

const liveConsole = createRoute({
  getParentRoute: () => root,
  path: '/devices/$deviceId/console/$sessionId',
  component: lazyRouteComponent(() => import('./console/console-page.tsx'), 'ConsolePage'),
});

const incidents = createRoute({
  getParentRoute: () => root,
  path: '/incidents',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('severity', search, alertSeverities),
    ...choices('status', search, incidentStatuses),
    ...text('assigned', search),
  }),
  component: lazyRouteComponent(() => import('./incidents/incident-list.tsx'), 'IncidentList'),
});

export const incidentTabs = ['alerts', 'devices', 'users', 'evidence'] as const;
export type IncidentTab = (typeof incidentTabs)[number];

const incident = createRoute({
  getParentRoute: () => root,
  path: '/incidents/$incidentId',
  validateSearch: (search: Record<string, unknown>) => ({
    ...(incidentTabs.some((tab) => tab === search.tab) ? { tab: search.tab as IncidentTab } : {}),
  }),
  component: lazyRouteComponent(() => import('./incidents/incident-page.tsx'), 'IncidentPage'),
});

/** Where links of SIEM connectors lead; the page of the alert names its incident. */
const incidentByAlert = createRoute({
  getParentRoute: () => root,
  path: '/incidents/byalert',
  validateSearch: (search: Record<string, unknown>) => text('alertId', search),
  beforeLoad: ({ search: { alertId } }) => {
    throw alertId === undefined
      ? redirect({ to: '/incidents', replace: true })
      : redirect({ to: '/alerts/$alertId', params: { alertId }, replace: true });
  },
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('severity', search, alertSeverities),
    ...choices('status', search, alertStatuses),
    ...choices('source', search),
    ...text('assigned', search),
  }),
  component: lazyRouteComponent(() => import('./alerts/alert-list.tsx'), 'AlertList'),
});

const alert = createRoute({
  getParentRoute: () => root,
  path: '/alerts/$alertId',
  component: lazyRouteComponent(() => import('./alerts/alert-page.tsx'), 'AlertPage'),
});

const file = createRoute({
  getParentRoute: () => root,
  path: '/files/$hash',
  component: lazyRouteComponent(() => import('./entities/file-page.tsx'), 'FilePage'),
});

const address = createRoute({
  getParentRoute: () => root,
  path: '/ips/$address',
  component: lazyRouteComponent(() => import('./entities/network-pages.tsx'), 'AddressPage'),
});

const domain = createRoute({
  getParentRoute: () => root,
  path: '/domains/$host',
  component: lazyRouteComponent(() => import('./entities/network-pages.tsx'), 'DomainPage'),
});

const user = createRoute({
  getParentRoute: () => root,
  path: '/users/$user',
  component: lazyRouteComponent(() => import('./entities/user-page.tsx'), 'UserPage'),
});

const hunting = createRoute({
  getParentRoute: () => root,
  path: '/hunting',
  validateSearch: (search: Record<string, unknown>) => ({
    ...text('query', search),
    /** Run the query on arrival. */
    ...(search.run === true ? { run: true as const } : {}),
  }),
  component: lazyRouteComponent(() => import('./hunting/hunting-page.tsx'), 'HuntingPage'),
});

export const actionTabs = ['pending', 'history'] as const;
export type ActionTab = (typeof actionTabs)[number];

const actions = createRoute({
  getParentRoute: () => root,
  path: '/actions',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...(actionTabs.some((tab) => tab === search.tab) ? { tab: search.tab as ActionTab } : {}),
    ...choices('status', search, machineActionStatuses),
    ...choices('type', search, machineActionTypes),
  }),
  component: lazyRouteComponent(() => import('./actions/action-center.tsx'), 'ActionCenter'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings/settings-frame.tsx'), 'SettingsFrame'),
});

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: '/',
  component: lazyRouteComponent(() => import('./settings/settings-home.tsx'), 'SettingsHome'),
});

const audit = createRoute({
  getParentRoute: () => settings,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('actor', search, auditActors),
    ...choices('outcome', search, auditOutcomes),
  }),
  component: lazyRouteComponent(() => import('./settings/audit-page.tsx'), 'AuditPage'),
});

const tree = root.addChildren([
  home,
  dashboard,
  incidents,
  incident,
  incidentByAlert,
  alerts,
  alert,
  devices,
  device,
  liveConsole,
  file,
  address,
  domain,
  user,
  hunting,
  actions,
  settings.addChildren([settingsHome, audit]),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Waiting label="Loading…" />,
  defaultErrorComponent: ({ error, reset }) => <RouteFailed error={error} reset={reset} />,
  defaultNotFoundComponent: () => <NotThere />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
