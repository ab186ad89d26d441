/** How a pump fares, as its setting, the metrics and the log tell it. */
import { isoToMs, nowIso7 } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { HourCount } from './delivery-job.ts';
import type { ExportFailure } from './export-setting.ts';
import { nextState, type PumpFault, type PumpState } from './pump-state.ts';
import type { Settled } from './store.ts';
import type { StreamingMetrics } from './streaming-metrics.ts';

export class PumpStatus {
  readonly #settingId: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: StreamingMetrics;
  #state: PumpState = 'Stopped';
  #lastError: ExportFailure | null = null;
  #waiting: string | null = null;
  #refusedInARow = 0;

  constructor(settingId: string, deps: { clock: Clock; log: Logger; metrics: StreamingMetrics }) {
    this.#settingId = settingId;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#metrics = deps.metrics;
  }

  get state(): PumpState {
    return this.#state;
  }

  get lastError(): ExportFailure | null {
    return this.#lastError;
  }

  /** Records refused since one was last taken. */
  get refusedInARow(): number {
    return this.#refusedInARow;
  }

  /** Age of the oldest row that waits. */
  get lagSeconds(): number {
    if (this.#waiting === null) return 0;
    return Math.max(0, this.#clock.now().getTime() - isoToMs(this.#waiting)) / 1_000;
  }

  started(): void {
    this.#state = nextState({ kind: 'started' });
  }

  stopped(): void {
    this.#state = nextState({ kind: 'stopped' });
    this.#waiting = null;
  }

  took(oldest: string | null): void {
    this.#waiting = oldest;
  }

  caughtUp(): void {
    this.#waiting = null;
  }

  delivered(): void {
    if (this.#state !== 'Active')
      this.#log.info({ settingId: this.#settingId, was: this.#state }, 'an export delivers again');
    this.#state = nextState({ kind: 'delivered' });
  }

  refusals(refused: number, counts: readonly HourCount[]): void {
    const taken = counts.some(({ delivered }) => delivered > 0);
    this.#refusedInARow = taken ? 0 : this.#refusedInARow + refused;
  }

  failed(fault: PumpFault, message: string, waitMs: number): void {
    const before = this.#state;
    this.#state = nextState({ kind: 'failed', fault });
    this.#lastError = { fault, message, at: nowIso7(this.#clock.now()) };
    const facts = { settingId: this.#settingId, fault, message, waitMs: Math.round(waitMs) };
    // Once, when it begins: whoever must act is told once.
    if (this.#state === 'Failing' && before !== 'Failing')
      this.#log.error(
        facts,
        'an export is refused by its destination and stands still until that is put right',
      );
    else this.#log.warn(facts, 'an export was not delivered; it is tried again');
  }

  settled({ counts, bytes }: Settled): void {
    for (const { delivered, leftOut, refused, dropped } of counts)
      this.#metrics.rows({ delivered, left_out: leftOut, refused, dropped });
    this.#metrics.bytes(bytes);
  }
}
