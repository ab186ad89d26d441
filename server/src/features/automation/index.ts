/** Automation: investigations that look at alerts by themselves, what they have put away, and the action center where people decide. */
import { setTimeout as delay } from 'node:timers/promises';
import { profilesOf } from '@merlon/event-store';
import type { Feature, Platform } from '../../feature.ts';
import type { Alerts } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import { type Indicators, IndicatorWatch } from '../indicators/index.ts';
import type { Response } from '../response/index.ts';
import { actionCenterRoutes } from './action-center-routes.ts';
import { triage } from './begin.ts';
import { carryOut } from './carry-out.ts';
import { investigationRoutes } from './investigation-routes.ts';
import { runDue, watches } from './run.ts';
import { automationStore } from './store.ts';

export { automationMigrations } from './migrations.ts';

/** How often is looked for what there is to do, while there is nothing. */
const IDLE_MS = 1_000;

export function createAutomation(
  platform: Pick<Platform, 'state' | 'events' | 'clock' | 'log' | 'audit' | 'stopping'>,
  asks: {
    readonly devices: Pick<Devices, 'lookup' | 'require'>;
    readonly deviceGroups: Pick<DeviceGroups, 'list'>;
    readonly alerts: Pick<Alerts, 'investigations'>;
    readonly indicators: Pick<Indicators, 'stamp' | 'watched'>;
    readonly response: Pick<Response, 'ordering'>;
  },
): Feature {
  const { stopping } = platform;
  const log = platform.log.child({ part: 'automation' });
  const deps = {
    ...platform,
    ...asks,
    log,
    store: automationStore(platform.state),
    profiles: profilesOf(platform.events),
    indicators: watches(asks.indicators, (watched) => new IndicatorWatch(watched)),
    ordering: asks.response.ordering,
  };
  const beginning = new Rounds(() => triage(deps), 'alerts were not looked at');
  const running = new Rounds(() => runDue(deps), 'investigations were not run');
  const carrying = new Rounds(() => carryOut(deps), 'remediations were not carried out');
  const all = [beginning, running, carrying];

  return {
    name: 'automation',
    routes: [
      ...investigationRoutes({ ...deps, begun: () => running.soon() }),
      ...actionCenterRoutes({ ...deps, decided: () => carrying.soon() }),
    ],
    async start() {
      for (const rounds of all)
        rounds.start(stopping, (error, what) => log.warn({ err: error }, `${what}; tried again soon`));
    },
    async stop() {
      await Promise.all(all.map((rounds) => rounds.ended));
    },
  };
}

/** Work that is found by looking for it: one round after another while there is some, else now and then. */
class Rounds {
  readonly #round: () => Promise<number>;
  readonly #failed: string;
  #wake = new AbortController();
  ended: Promise<void> = Promise.resolve();

  constructor(round: () => Promise<number>, failed: string) {
    this.#round = round;
    this.#failed = failed;
  }

  soon(): void {
    this.#wake.abort();
  }

  start(stopping: AbortSignal, failed: (error: unknown, what: string) => void): void {
    this.ended = this.#run(stopping, failed);
  }

  async #run(stopping: AbortSignal, failed: (error: unknown, what: string) => void): Promise<void> {
    while (!stopping.aborted) {
      this.#wake = new AbortController();
      let done = 0;
      try {
        done = await this.#round();
      } catch (error) {
        if (!stopping.aborted) failed(error, this.#failed);
      }
      const signal = AbortSignal.any([stopping, this.#wake.signal]);
      if (done === 0) await delay(IDLE_MS, undefined, { signal }).catch(() => {});
    }
  }
}
