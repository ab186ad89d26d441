/**
 * What devices enforce until they are told otherwise, by topic: versions, deltas, and the word that there is something new. A feature keeps what its topic is
 * made of, and says each change here in the transaction that makes it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError, type ContentTopic, contentTopics, isContentTopic } from '@merlon/contract';
import type { Transaction } from 'kysely';
import type { Feature, Platform } from '../../feature.ts';
import type { DeviceCaller } from '../../http/route.ts';
import { DEVICE_GROUPS_CHANNEL, DEVICES_MOVED_CHANNEL } from '../device-groups/index.ts';
import type { CommandKey } from '../onboarding/index.ts';
import { ContentDevices, type HeldTopics, type SayToDevice } from './content-devices.ts';
import { type HeadsKeeper, headsKeeper } from './heads-keeper.ts';
import { KeptSteps } from './kept-steps.ts';
import { contentRoutes } from './routes.ts';
import { contentSigner } from './signed-content.ts';
import { Soon } from './soon.ts';
import { type ContentChange, type ContentTransaction, contentStore } from './store.ts';

export type { SayToDevice } from './content-devices.ts';
export { deviceContentMigrations } from './migrations.ts';
export type { ContentChange } from './store.ts';

export interface DeviceContents extends Feature {
  /** Makes one new version of the topic, in the caller's transaction. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  change(db: Transaction<any>, topic: ContentTopic, change: ContentChange): Promise<void>;
  /** The change stands: devices are told. */
  changed(tenantId: string, topic: ContentTopic): Promise<void>;
  /** A connected device says what it holds; it is told when there is something newer. */
  heard(device: DeviceCaller, held: HeldTopics, say: SayToDevice): void;
  /** That connection is over. */
  left(device: DeviceCaller, say: SayToDevice): void;
}

const CHANNEL = 'device_content';
/** Changes that come closer together than this are one message to a device. */
const TELL_AFTER_MS = 100;
const LOCATE_AFTER_MS = 20;
const TOLD_AT_ONCE = 1_000;
const SWEEP_MS = 60_000;
const PER_SWEEP = 5_000;
/** How long what was removed is remembered. A device that was away for longer gets all there is. */
const REMEMBERED_MS = 30 * 86_400_000;

export function createDeviceContent(
  platform: Pick<Platform, 'state' | 'clock' | 'log' | 'metrics'>,
  commandKey: () => CommandKey,
): DeviceContents {
  const log = platform.log.child({ part: 'device-content' });
  const { clock } = platform;
  const store = contentStore(platform.state);
  const devices = new ContentDevices();
  const heads: HeadsKeeper = headsKeeper(store, clock);
  const steps = new KeptSteps();
  const told = platform.metrics.counter(
    'merlon_device_content_told_total',
    'Messages to devices that there is newer content, by topic.',
  );
  const stopListening: (() => Promise<void>)[] = [];
  let sweep: NodeJS.Timeout | undefined;

  const now = () => clock.now().getTime();
  const tell = async (tenantId: string, topic: ContentTopic, deviceIds: readonly string[]) => {
    if (deviceIds.length === 0) return;
    const newest = await heads.of(tenantId, topic);
    for (let at = 0; at < deviceIds.length; at += TOLD_AT_ONCE) {
      // Others have their turn in between.
      if (at > 0) await nextTurn();
      const count = devices.tell(tenantId, topic, newest, deviceIds.slice(at, at + TOLD_AT_ONCE), now());
      if (count > 0) told.inc({ topic }, count);
    }
  };
  const failed = (error: unknown) =>
    log.warn({ err: error }, 'devices could not be told of content; will try again');

  /** Tenant and topic: all its devices. */
  const telling = new Soon(TELL_AFTER_MS, failed, async (key) => {
    const [tenantId = '', topic = ''] = key.split(' ');
    if (isContentTopic(topic)) await tell(tenantId, topic, devices.idsOf(tenantId));
  });
  /** Tenant: where its devices are now. */
  const locating = new Soon(LOCATE_AFTER_MS, failed, async (tenantId) => {
    const asked = [...(unplaced.get(tenantId) ?? [])];
    unplaced.delete(tenantId);
    try {
      devices.place(tenantId, await store.scopes(tenantId, asked));
    } catch (error) {
      for (const id of asked) unplacedOf(tenantId).add(id);
      throw error;
    }
    for (const topic of contentTopics) await tell(tenantId, topic, asked);
  });
  const unplaced = new Map<string, Set<string>>();
  const unplacedOf = (tenantId: string) => {
    const ids = unplaced.get(tenantId) ?? new Set<string>();
    unplaced.set(tenantId, ids);
    return ids;
  };
  const locate = (tenantId: string, deviceIds: Iterable<string>) => {
    const ids = unplacedOf(tenantId);
    for (const id of deviceIds) ids.add(id);
    if (ids.size > 0) locating.start(tenantId);
  };

  const stale = (tenantId: string, topic: ContentTopic) => {
    heads.forget(tenantId, topic);
    steps.forget(`${tenantId} ${topic} `);
    telling.start(`${tenantId} ${topic}`);
  };

  return {
    name: 'device-content',
    routes: contentRoutes({
      clock,
      sign: contentSigner(commandKey),
      async step({ tenantId, deviceId }, topic, held) {
        const scope =
          devices.scopeOf(tenantId, deviceId) ??
          (await store.scopes(tenantId, [deviceId])).get(deviceId) ??
          '';
        const read = async () => {
          const step = await store.step(tenantId, topic, scope, held, clock.now());
          if (step !== 'lying') return step;
          throw new ApiError('Conflict', 'The server never gave the version in hand.');
        };
        // What holds another scope's content may need a version of its own.
        const shared = held.version === 0 || held.scope === scope;
        return shared ? steps.get(`${tenantId} ${topic} ${scope} ${held.version}`, now(), read) : read();
      },
    }),

    change: (db, topic, change) => store.change(db as ContentTransaction, topic, change, clock.now()),
    changed: (tenantId, topic) => platform.state.notify(CHANNEL, `${tenantId} ${topic}`),

    heard({ tenantId, deviceId }, held, say) {
      if (devices.heard(tenantId, deviceId, held, say)) return locate(tenantId, [deviceId]);
      for (const topic of contentTopics) tell(tenantId, topic, [deviceId]).catch(failed);
    },
    left: ({ tenantId, deviceId }, say) => devices.left(tenantId, deviceId, say),

    async start() {
      const moved = (tenantId: string) => locate(tenantId, devices.idsOf(tenantId));
      stopListening.push(
        await platform.state.listen(CHANNEL, (payload) => {
          const [tenantId = '', topic = ''] = payload.split(' ');
          if (isContentTopic(topic)) stale(tenantId, topic);
        }),
        await platform.state.listen(DEVICE_GROUPS_CHANNEL, moved),
        await platform.state.listen(DEVICES_MOVED_CHANNEL, moved),
      );
      sweep = setInterval(() => {
        purge().catch((error: unknown) => log.warn({ err: error }, 'old content was not removed'));
      }, SWEEP_MS);
      sweep.unref();
    },
    async stop() {
      clearInterval(sweep);
      for (const stop of stopListening.splice(0)) await stop();
      await Promise.all([telling.stop(), locating.stop()]);
    },
  };

  async function purge(): Promise<void> {
    const at = clock.now();
    const before = new Date(at.getTime() - REMEMBERED_MS);
    while ((await store.purge(at, before, PER_SWEEP)) >= PER_SWEEP);
  }
}
