/** Hunting: KQL over the raw events. */
import { join } from 'node:path';
import { openTranslator, type Translator } from '@merlon/kql';
import type { Feature, Platform } from '../../feature.ts';
import { prepareSpoolFolder } from './answer-spool.ts';
import { createExternalData } from './external-data.ts';
import { historyStore } from './history-store.ts';
import { type HuntingInterface, runLimits } from './limits.ts';
import { QuerySlots } from './query-slots.ts';
import { huntingRoutes } from './routes.ts';
import { createQueryRunner } from './run-query.ts';
import { savedQueryRoutes } from './saved-query-routes.ts';
import { savedQueryStore } from './saved-query-store.ts';
import { SpoolSpace } from './spool-space.ts';
import { usageStore } from './usage-store.ts';
import { useRoutes } from './use-routes.ts';

export { huntingMigrations } from './migrations.ts';

/** One tenant may hold all but one of them. */
const TRANSLATOR_WORKERS = 2;
const WAITING_PER_TENANT = 50;
const SLOT_WAIT_MS = 30_000;
/** Answers that are being made or read, in memory and on disk. */
const SPOOL_BYTES = 2 * 1024 ** 3;
const SWEEP_MS = 3_600_000;

export function createHunting(
  platform: Pick<Platform, 'config' | 'state' | 'events' | 'clock' | 'metrics' | 'log'>,
): Feature {
  const { state, events, clock } = platform;
  const config = platform.config.hunting;
  const log = platform.log.child({ part: 'hunting' });
  const spoolDir = join(platform.config.home, 'spool');
  const usage = usageStore(state);
  const history = historyStore(state);
  const quotas = platform.config.rateLimits === 'service';
  const { quotaFactors } = platform.config;
  let opening: Promise<Translator> | undefined;
  let sweeping: NodeJS.Timeout | undefined;
  let knowsPlaces = false;

  const runner = createQueryRunner({
    ...platform,
    translator: () =>
      opening ?? Promise.reject(new Error('the translator is opened when the feature starts')),
    usage,
    history,
    slots: new QuerySlots({
      total: config.running,
      perTenant: config.runningPerTenant,
      waitingPerTenant: WAITING_PER_TENANT,
      waitMs: SLOT_WAIT_MS,
    }),
    geo: () => knowsPlaces,
    external: createExternalData({ hosts: config.externalHosts, clock }),
    config,
    quotas,
    quotaFactors,
    spoolDir,
    spoolSpace: new SpoolSpace(SPOOL_BYTES),
    log,
  });
  const limits = (through: HuntingInterface) => runLimits(through, config, events.ceilings.maxMemoryBytes);

  /** Again and again, so that a newer file takes the place of an older one; the same one is not read twice. */
  const loadGeoDatabase = async () => {
    if (config.geoDatabase === null) return;
    try {
      const { type, built, isNew } = await events.loadGeoDatabase(config.geoDatabase);
      knowsPlaces = true;
      if (isNew) log.info({ type, built }, 'queries know where addresses are');
    } catch (error) {
      log.error(
        { err: error, file: config.geoDatabase },
        'the file that says where addresses are cannot be used',
      );
    }
  };

  const sweep = () =>
    Promise.all([usage.forget(clock.now()), history.forget(clock.now())]).then(
      ([, forgotten]) => log.debug({ forgotten }, 'history swept'),
      (error: unknown) => log.warn({ err: error }, 'old entries of the query history could not be removed'),
    );

  return {
    name: 'hunting',
    routes: [
      ...huntingRoutes({ runner, clock }),
      ...savedQueryRoutes(savedQueryStore(state, clock)),
      ...useRoutes({ history, usage, config, quotas, quotaFactors, limits, clock }),
    ],
    async start() {
      await prepareSpoolFolder(spoolDir);
      // Loading the binder takes a second or more; the server need not wait for it, only the first query.
      opening = openTranslator({
        workers: TRANSLATOR_WORKERS,
        workerUrl: new URL('./kql-worker.js', import.meta.url),
      });
      opening.catch((error: unknown) =>
        log.error({ err: error }, 'the KQL translator did not start; no query can run'),
      );
      const hourly = () => {
        void sweep();
        void loadGeoDatabase();
      };
      hourly();
      sweeping = setInterval(hourly, SWEEP_MS);
      sweeping.unref();
    },
    async stop() {
      clearInterval(sweeping);
      const translator = await opening?.catch(() => undefined);
      await translator?.close();
    },
  };
}
