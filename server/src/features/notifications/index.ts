/** Notifications: people are told of alerts by e-mail, webhook, Slack and Teams. */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import { createSecretSeal } from '../../secrets/secret-seal.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import { notificationOperations } from './operations.ts';
import { createSender } from './sender.ts';
import { notificationsStore } from './store.ts';
import { runTurns } from './turns.ts';

export { notificationsMigrations } from './migrations.ts';

export interface NotificationsDeps
  extends Pick<
    Platform,
    'state' | 'audit' | 'config' | 'clock' | 'log' | 'metrics' | 'stopping' | 'publicOrigin'
  > {
  readonly alerts: Pick<Alerts, 'createdSince'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  /** Finds a tenant by name or id. Throws ApiError naming what is wrong. */
  readonly tenantOf: (nameOrId: string | undefined) => Promise<string>;
}

export function createNotifications(deps: NotificationsDeps): Feature {
  const store = notificationsStore(deps.state);
  const sender = createSender({
    ...deps,
    seal: createSecretSeal(deps.config.home, 'notifications', 'the notification rule'),
    networks: deps.config.streaming.networks,
  });
  const counters = {
    sent: deps.metrics.counter('merlon_notifications_sent_total', 'Notifications sent, by channel.'),
    failed: deps.metrics.counter(
      'merlon_notifications_failed_total',
      'Tries to send one that failed, by channel.',
    ),
    givenUp: deps.metrics.counter(
      'merlon_notification_alerts_given_up_total',
      'Alerts that nobody was told of, since a channel took nothing for a day.',
    ),
  };
  const operations = notificationOperations({ ...deps, store, sender });
  let turns: Promise<void> = Promise.resolve();
  return {
    name: 'notifications',
    routes: operationRoutes(operations, deps.state),
    admin: operationHandlers(operations, deps),
    async start() {
      turns = runTurns({
        ...deps,
        store,
        sender,
        log: deps.log.child({ part: 'notifications' }),
        signal: deps.stopping,
        counted: (what, { kind }, alerts) =>
          counters[what].inc({ channel: kind }, what === 'givenUp' ? alerts : 1),
      });
    },
    async stop() {
      await turns;
    },
  };
}
