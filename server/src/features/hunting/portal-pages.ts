/**
 * The portal turns a page by running its query again with other literals. The trail keeps the first of such runs within an hour, for each person; the
 * history keeps them all.
 */
import { createHash } from 'node:crypto';
import type { Caller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { shapeOf } from './query-text.ts';

const HOUR_MS = 3_600_000;
const REMEMBERED = 10_000;

export class PortalPages {
  readonly #clock: Clock;
  readonly #seen = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isAnother({ tenantId, id }: Pick<Caller, 'tenantId' | 'id'>, text: string): boolean {
    const now = this.#clock.now().getTime();
    const key = createHash('sha256')
      .update(`${tenantId} ${id} ${shapeOf(text)}`)
      .digest('base64');
    const until = this.#seen.get(key);
    if (until !== undefined && until > now) return true;
    // Forgetting too much means one record too many, never one too few.
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(key, now + HOUR_MS);
    return false;
  }
}
