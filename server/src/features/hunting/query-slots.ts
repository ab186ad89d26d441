/**
 * Who may run a query now. So many run at once; no tenant holds more than its share, and those who wait take turns by tenant: whatever one tenant has
 * running or waiting, another's next query waits for one slot at most.
 *
 *   waiting ──a slot and the tenant's turn──▶ running ──release──▶ over
 *      └──────── signal, too long ────────▶ over
 */
import { FairQueue } from '@merlon/kql';

/** No slot came in time, or too many wait. */
export class SlotsBusy extends Error {
  override readonly name = 'SlotsBusy';
}

export interface SlotLimits {
  readonly total: number;
  readonly perTenant: number;
  /** Queries of one tenant that may wait; one more is turned away. */
  readonly waitingPerTenant: number;
  readonly waitMs: number;
}

interface Waiting {
  readonly start: () => void;
}

export class QuerySlots {
  readonly #limits: SlotLimits;
  readonly #running = new Map<string, number>();
  readonly #queue = new FairQueue<Waiting>();
  #free: number;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
    this.#free = limits.total;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get running(): number {
    return this.#limits.total - this.#free;
  }

  /**
   * Resolves with the way to give the slot back.
   * @throws SlotsBusy; the signal's reason
   */
  acquire(tenantId: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#queue.sizeOf(tenantId) >= this.#limits.waitingPerTenant)
        return reject(new SlotsBusy('too many queries of the tenant wait'));
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const leave = (reason: unknown) => {
        over();
        if (this.#queue.remove(tenantId, waiting)) reject(reason);
      };
      const onAbort = () => leave(signal.reason);
      const timer = setTimeout(() => leave(new SlotsBusy('no slot came free in time')), this.#limits.waitMs);
      const waiting: Waiting = {
        start: () => {
          over();
          resolve(this.#take(tenantId));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(tenantId, waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#free > 0) {
      const next = this.#queue.next((tenantId) => this.#held(tenantId) < this.#limits.perTenant);
      if (next === undefined) return;
      next.start();
    }
  }

  #held(tenantId: string): number {
    return this.#running.get(tenantId) ?? 0;
  }

  #take(tenantId: string): () => void {
    this.#free--;
    this.#running.set(tenantId, this.#held(tenantId) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#free++;
      const held = this.#held(tenantId) - 1;
      if (held === 0) this.#running.delete(tenantId);
      else this.#running.set(tenantId, held);
      this.#dispatch();
    };
  }
}
