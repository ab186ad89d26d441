/** Who is this collector? A bounded cache over the store, since every request asks. The server that revokes one forgets it at once, others within its lifetime. */
import { ApiError } from '@merlon/contract';
import type { CollectorAuthenticator, CollectorCaller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { hashOfShown } from './collector-secret.ts';
import type { CollectorRow, CollectorsStore } from './store.ts';

const LIFETIME_MS = 30_000;
/** A wrong secret is remembered too, so that guessing does not reach the database each time. */
const MOST = 5_000;

export class CollectorDirectory implements CollectorAuthenticator {
  readonly #entries = new Map<string, { row: CollectorRow | null; until: number }>();
  readonly #store: Pick<CollectorsStore, 'byHash'>;
  readonly #clock: Clock;

  constructor(store: Pick<CollectorsStore, 'byHash'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async authenticateCollector({
    authorization,
  }: {
    authorization: string | undefined;
  }): Promise<CollectorCaller> {
    const hash = hashOfShown(authorization);
    const row = hash === null ? null : await this.#find(hash);
    if (!row || row.revoked_at !== null || row.expires_at <= this.#clock.now())
      throw new ApiError(
        'Unauthorized',
        'The secret of the collector is missing, expired, revoked or not valid.',
      );
    return { tenantId: row.tenant_id, collectorId: row.id, name: row.name };
  }

  /** Of a collector that was admitted. */
  known(collectorId: string): CollectorRow | null {
    for (const { row } of this.#entries.values()) if (row?.id === collectorId) return row;
    return null;
  }

  forget(collectorId: string): void {
    for (const [hash, { row }] of this.#entries) if (row?.id === collectorId) this.#entries.delete(hash);
  }

  async #find(hash: string): Promise<CollectorRow | null> {
    const now = this.#clock.now().getTime();
    const known = this.#entries.get(hash);
    if (known && known.until > now) return known.row;
    const row = (await this.#store.byHash(hash)) ?? null;
    this.#entries.delete(hash);
    this.#entries.set(hash, { row, until: now + LIFETIME_MS });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
    return row;
  }
}
