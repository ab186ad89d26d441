/** Remembers how new each topic of a tenant is, since every health report is compared with it. */
import type { ContentTopic } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Heads } from './content-devices.ts';
import type { ContentStore } from './store.ts';

export interface HeadsKeeper {
  of(tenantId: string, topic: ContentTopic): Promise<Heads>;
  forget(tenantId: string, topic: ContentTopic): void;
}

/** Word of a change may be missed. */
const LIFETIME_MS = 15_000;
const CAPACITY = 1_000;

export function headsKeeper(store: Pick<ContentStore, 'heads'>, clock: Clock): HeadsKeeper {
  const kept = new Map<string, { readonly heads: Promise<Heads>; readonly until: number }>();
  return {
    of(tenantId, topic) {
      const key = `${tenantId} ${topic}`;
      const now = clock.now().getTime();
      const known = kept.get(key);
      if (known && known.until > now) return known.heads;
      const entry = { heads: store.heads(tenantId, topic), until: now + LIFETIME_MS };
      kept.delete(key);
      kept.set(key, entry);
      entry.heads.catch(() => kept.get(key) === entry && kept.delete(key));
      if (kept.size > CAPACITY) {
        const [oldest] = kept.keys();
        if (oldest !== undefined) kept.delete(oldest);
      }
      return entry.heads;
    },
    forget(tenantId, topic) {
      kept.delete(`${tenantId} ${topic}`);
    },
  };
}
