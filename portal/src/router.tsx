/** Every address of the portal. Each page is a chunk of its own, fetched when first opened. */
import {
  alertSeverities,
  alertStatuses,
  healthStatuses,
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
    throw redirect({ to: '/devices', replace: true });
  },
});

const devices = createRoute({
  getParentRoute: () => root,
  path: '/devices',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('health', search, healthStatuses),
    ...choices('risk', search, riskScores),
    ...choices('os', search),
    ...text('tag', search),
  }),
  component: lazyRouteComponent(() => import('./devices/device-list.tsx'), 'DeviceList'),
});

export const deviceTabs = ['timeline', 'alerts', 'actions'] as const;
export type DeviceTab = (typeof deviceTabs)[number];

const device = createRoute({
  getParentRoute: () => root,
  path: '/devices/$deviceId',
  validateSearch: (search: Record<string, unknown>) => ({
    ...(deviceTabs.some((tab) => tab === search.tab) ? { tab: search.tab as DeviceTab } : {}),
    /** Where the timeline begins, going back in time. */
    ...text('until', search),
  }),
  component: lazyRouteComponent(() => import('./devices/device-page.tsx'), 'DevicePage'),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('severity', search, alertSeverities),
    ...choices('status', search, alertStatuses),
    ...text('assigned', search),
  }),
  component: lazyRouteComponent(() => import('./alerts/alert-list.tsx'), 'AlertList'),
});

const alert = createRoute({
  getParentRoute: () => root,
  path: '/alerts/$alertId',
  component: lazyRouteComponent(() => import('./alerts/alert-page.tsx'), 'AlertPage'),
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

const actions = createRoute({
  getParentRoute: () => root,
  path: '/actions',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('status', search, machineActionStatuses),
    ...choices('type', search, machineActionTypes),
  }),
  component: lazyRouteComponent(() => import('./actions/action-center.tsx'), 'ActionCenter'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>) => ({
    ...readList(search),
    ...choices('actor', search, auditActors),
    ...choices('outcome', search, auditOutcomes),
  }),
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([home, devices, device, alerts, alert, hunting, actions, audit]),
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
