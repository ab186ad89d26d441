/** Detection: Sigma rules and indicators over the stream of events as it arrives, and new indicators over past ones; what is found is raised as alerts. */
import { DEVICE_TABLES } from '@merlon/contract';
import type { Feature, Platform } from '../../feature.ts';
import type { Alerts } from '../alerts/index.ts';
import type { Devices } from '../devices/index.ts';
import { INDICATORS_CHANNEL, type Indicators } from '../indicators/index.ts';
import { detectionAdmin } from './admin.ts';
import { alertByReference } from './alert-by-reference.ts';
import { builtinRulesFolder, readBuiltinRules } from './builtin-rules.ts';
import { detectionMetrics } from './detection-metrics.ts';
import { runDetectionReader } from './detection-reader.ts';
import { startDetectorThread } from './detector-thread.ts';
import { repeated } from './repeated.ts';
import { huntAll } from './retro-hunt.ts';
import { createRuleBook, type RuleBook } from './rule-book.ts';
import { detectionStore } from './store.ts';
import { createWatchlist } from './watchlist.ts';

export { detectionMigrations } from './migrations.ts';

export interface Detection extends Feature {
  readonly rules: Omit<RuleBook, 'ready' | 'start' | 'stop'>;
}

export interface DetectionDeps
  extends Pick<
    Platform,
    'state' | 'events' | 'eventLog' | 'audit' | 'clock' | 'log' | 'metrics' | 'stopping'
  > {
  readonly alerts: Pick<Alerts, 'raise' | 'find'>;
  readonly devices: Pick<Devices, 'require'>;
  readonly indicators: Pick<Indicators, 'stamp' | 'watched' | 'huntingTenants' | 'hunt'>;
  /** Platform of a device as it reports it (`Linux`, `Windows11`); empty for one that is not known. Asked for each batch. */
  readonly osOf: (tenantId: string, deviceId: string) => Promise<string>;
  /** Name of a device's group; empty for none. */
  readonly groupOf: (tenantId: string, deviceId: string) => Promise<string>;
  /** Finds a tenant by name or id. Throws ApiError naming what is wrong. */
  readonly tenantOf: (nameOrId: string | undefined) => Promise<string>;
  /** Folder of the builtin rules; default: the one beside the program. */
  readonly rulesFolder?: string;
  readonly workerUrl?: URL;
}

/** For what another server began and did not end, and what failed. */
const HUNT_SWEEP_MS = 30_000;

export function createDetection(deps: DetectionDeps): Detection {
  const log = deps.log.child({ part: 'detection' });
  const detector = startDetectorThread({
    workerUrl: deps.workerUrl ?? new URL('./detection-worker.js', import.meta.url),
    onUnusable(tenantId, rules) {
      for (const { file, problem } of rules)
        log.warn({ tenantId, file, problem }, 'a rule cannot be run and is left out');
    },
  });
  const rules = createRuleBook({
    store: detectionStore(deps.state),
    state: deps.state,
    detector,
    builtin: readBuiltinRules(deps.rulesFolder ?? builtinRulesFolder()),
    clock: deps.clock,
  });
  const watchlist = createWatchlist({ ...deps, detector, log });
  const metrics = detectionMetrics(deps.metrics, deps.clock);
  const hunts = repeated(HUNT_SWEEP_MS, () =>
    huntAll({ ...deps, log, signal: deps.stopping }).catch((error: unknown) => {
      if (!deps.stopping.aborted)
        log.warn({ err: error }, 'past events were not looked through; they will be');
    }),
  );
  let stopListening: () => Promise<void> = async () => {};
  let reader: Promise<void> = Promise.resolve();

  return {
    name: 'detection',
    routes: [alertByReference(deps)],
    rules,
    admin: detectionAdmin({ rules, audit: deps.audit, tenantOf: deps.tenantOf }),
    async start() {
      await rules.start();
      await watchlist.start();
      hunts.start();
      stopListening = await deps.state.listen(INDICATORS_CHANNEL, () => hunts.soon());
      reader = runDetectionReader({
        eventLog: deps.eventLog,
        detector,
        rules: {
          async ready(tenantId) {
            await rules.ready(tenantId);
            await watchlist.ready(tenantId);
          },
        },
        alerts: deps.alerts,
        osOf: deps.osOf,
        tables: new Set(DEVICE_TABLES),
        metrics,
        log,
        signal: deps.stopping,
      });
      reader.catch((error: unknown) => log.error({ err: error }, 'the detection reader ended'));
    },
    async stop() {
      await detector.close();
      await reader.catch(() => {});
      await stopListening();
      await hunts.stop();
      await watchlist.stop();
      await rules.stop();
    },
  };
}
