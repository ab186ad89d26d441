/** Removes what orders yielded once its time is over. */
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { OrderResultsStore } from './order-results-store.ts';

const EVERY_MS = 3_600_000;

export function startForgetting(deps: {
  readonly results: Pick<OrderResultsStore, 'forget'>;
  readonly clock: Clock;
  readonly log: Logger;
}): { stop(): void } {
  const sweep = () => {
    deps.results.forget(deps.clock.now()).then(
      (forgotten) => deps.log.debug({ forgotten }, 'results of orders swept'),
      (error: unknown) => deps.log.warn({ err: error }, 'old results of orders could not be removed'),
    );
  };
  sweep();
  const timer = setInterval(sweep, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
