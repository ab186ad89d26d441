/** Response: machine actions, the signed orders that carry them to devices, and the receipts that prove them. */
import type { Feature, Platform } from '../../feature.ts';
import type { DeviceCaller } from '../../http/route.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceContents } from '../device-content/index.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import { type ApprovalPolicies, approvalPolicies, approvalPolicyOperations } from './approval-policies.ts';
import { approvalRoutes } from './approval-routes.ts';
import { AwaitingElsewhere } from './awaiting.ts';
import { bulkOrderRoute } from './bulk-orders.ts';
import { channelSocket } from './channel.ts';
import { ChannelHub } from './channel-hub.ts';
import { raiseDoubts } from './doubts.ts';
import { type DownloadLinks, downloadLinks } from './download-links.ts';
import { downloadRoutes } from './downloads.ts';
import { startExpiry } from './expiry.ts';
import { isolationAllowanceOperations, isolationAllowances } from './isolation-allowances.ts';
import { LiveAttendance } from './live-attendance.ts';
import { openOrder, orderResultRoutes } from './order-results.ts';
import { startForgetting } from './order-results-retention.ts';
import { type OrderResultsStore, orderResultsStore } from './order-results-store.ts';
import { orderRoutes, orderSpecs } from './order-routes.ts';
import { ACTION_LIFETIME_MS, createOrdering, type Ordering } from './ordering.ts';
import { responseRoutes } from './routes.ts';
import { sendWord } from './sending.ts';
import { type MachineActionRow, responseStore } from './store.ts';

export { type ApprovalPolicies, policyFor } from './approval-policies.ts';
export { requireSecondPerson } from './approval-routes.ts';
export type { AwaitingSource } from './awaiting.ts';
export { linkAnswer } from './download-links.ts';
export { machineActionHistory } from './history.ts';
export type { LiveAttendant, LiveFrame } from './live-attendance.ts';
export { machineActionBody } from './machine-action-entity.ts';
export { responseMigrations } from './migrations.ts';
export { requireAble } from './ordering.ts';

export interface Response extends Feature {
  readonly ordering: Ordering;
  /** An order of this device that is not over. @throws ApiError ResourceNotFound, BadRequest */
  openOrder(device: DeviceCaller, orderId: string): Promise<MachineActionRow>;
  readonly policies: Pick<ApprovalPolicies, 'list'>;
  /** Whatever else waits for a second person's word is listed and decided on beside machine actions. */
  readonly awaiting: Pick<AwaitingElsewhere, 'add'>;
  readonly results: Pick<OrderResultsStore, 'whole'>;
  readonly links: DownloadLinks;
  /** Console sessions speak over the channels of devices, too. */
  readonly live: Pick<LiveAttendance, 'attend'>;
  /** The devices whose channels are open here. */
  readonly channels: Pick<ChannelHub, 'has' | 'send'>;
}

/** Tells the other servers that a device has something to carry out; the one that holds its channel sends it. */
const ORDERS_CHANNEL = 'merlon_orders';

export function createResponse(
  platform: Pick<Platform, 'state' | 'clock' | 'log' | 'audit' | 'metrics'> & {
    tenantOf(nameOrId: string | undefined): Promise<string>;
    couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean>;
  },
  devices: Pick<Devices, 'lookup' | 'require' | 'report' | 'seen' | 'offboard'>,
  commandKey: () => CommandKey,
  content: Pick<DeviceContents, 'heard' | 'left'>,
  alerts: Pick<Alerts, 'raise'>,
): Response {
  const log = platform.log.child({ part: 'response' });
  const store = responseStore(platform.state);
  const results = orderResultsStore(platform.state);
  const hub = new ChannelHub();
  const live = new LiveAttendance();
  const elsewhere = new AwaitingElsewhere();
  const links = downloadLinks({ results, clock: platform.clock });
  const doubt = raiseDoubts(alerts, platform.clock);
  const deps = { ...platform, log, store, results, hub, devices, commandKey, content, doubt, live, links };
  let expiry: { stop(): void } | undefined;
  let forgetting: { stop(): void } | undefined;
  let unlisten: (() => Promise<void>) | undefined;

  const connected = platform.metrics.gauge(
    'merlon_devices_connected',
    'Devices whose command channel is open here.',
  );
  platform.metrics.collect(() => connected.set(hub.size));

  const policies = approvalPolicies(platform.state);
  const allowances = isolationAllowances(platform.state);
  const specs = orderSpecs(allowances);
  const operations = [...approvalPolicyOperations(policies), ...isolationAllowanceOperations(allowances)];
  const send = async (action: MachineActionRow) => {
    if (hub.has(action.machine_id)) await sendWord(deps, action);
    else
      await platform.state.notify(ORDERS_CHANNEL, [action.tenant_id, action.machine_id, action.id].join(' '));
  };
  const ordering = createOrdering({ ...deps, policies, send });

  return {
    name: 'response',
    ordering,
    openOrder: (device, orderId) => openOrder(store, device, orderId),
    policies,
    awaiting: elsewhere,
    results,
    links,
    live,
    channels: hub,
    routes: [
      ...orderRoutes(ordering, specs),
      bulkOrderRoute({ ordering, specs }),
      ...responseRoutes({ ...deps, send }),
      ...approvalRoutes({ ...deps, elsewhere, send, lifetimeMs: ACTION_LIFETIME_MS }),
      ...orderResultRoutes(deps),
      ...downloadRoutes(deps),
      ...operationRoutes(operations, platform.state),
    ],
    admin: operationHandlers(operations, platform),
    sockets: [channelSocket(deps)],
    async start() {
      hub.start();
      expiry = startExpiry(deps);
      forgetting = startForgetting(deps);
      unlisten = await platform.state.listen(ORDERS_CHANNEL, (payload) => {
        const [tenantId = '', deviceId = '', actionId = ''] = payload.split(' ');
        if (!hub.has(deviceId)) return;
        const sending = async () => {
          const action = await store.find(tenantId, actionId);
          if (action) await sendWord(deps, action);
        };
        sending().catch((error: unknown) =>
          log.warn({ err: error, deviceId }, 'orders announced by another server were not sent'),
        );
      });
    },
    async stop() {
      expiry?.stop();
      forgetting?.stop();
      await unlisten?.();
      hub.stop();
    },
  };
}
