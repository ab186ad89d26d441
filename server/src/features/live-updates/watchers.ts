/**
 * Who watches, and what he is told. Everybody with the same tenant and device groups shares one look at the database every two seconds; nobody watching, no look.
 *
 * A look asks for what changed since a little before the look before: a change that was being committed then had a time before it. So a change may be told
 * twice, and is never missed; whoever reads the thing again after each loses nothing by it.
 */
import { ApiError } from '@merlon/contract';
import type { TenantScope } from '@merlon/state-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { type Changes, type ChangesStore, watchedSets } from './changes-store.ts';

const LOOK_EVERY_MS = 2_000;
/** Longest that a change may take from its time to its commit. */
const OVERLAP_MS = 5_000;
/** Who was away longer is told to read everything again. */
const REMEMBERED_MS = 15 * 60_000;
const MAX_WATCHERS = 2_000;
const MAX_OF_ONE_PERSON = 20;

export type Notice =
  | { readonly kind: 'changes'; readonly changes: Changes }
  /** Too long away, or the database could not be asked: what is shown may be old. */
  | { readonly kind: 'reset' };

export interface Watcher {
  readonly scope: TenantScope;
  readonly personId: string;
  /** @param id what to go on from. */
  tell(notice: Notice, id: string): void;
}

interface Audience {
  readonly scope: TenantScope;
  readonly watchers: Set<Watcher>;
  since: Date;
  /** Of the last look, by what was said: the same again is not worth a word. */
  told: string;
}

export interface Watchers {
  readonly count: number;
  /**
   * @param from moment that the watcher goes on from; null: from now.
   * @returns the way to stop.
   * @throws ApiError TooManyRequests
   */
  add(watcher: Watcher, from: Date | null): () => void;
  close(): void;
}

export function createWatchers(deps: {
  readonly store: ChangesStore;
  readonly clock: Clock;
  readonly log: Logger;
}): Watchers {
  const { store, clock, log } = deps;
  const audiences = new Map<string, Audience>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;

  const count = () => [...audiences.values()].reduce((sum, { watchers }) => sum + watchers.size, 0);

  async function look(): Promise<void> {
    // A slow database is asked less often, not twice at once.
    if (looking) return;
    looking = true;
    try {
      for (const audience of [...audiences.values()]) await lookFor(audience);
    } finally {
      looking = false;
    }
  }

  async function lookFor(audience: Audience): Promise<void> {
    const at = clock.now();
    const id = String(at.getTime());
    try {
      const changes = await store.since(audience.scope, before(audience.since, OVERLAP_MS));
      audience.since = at;
      const said = JSON.stringify(changes);
      if (said === audience.told) return;
      audience.told = said;
      if (watchedSets.every((set) => changes[set] === undefined)) return;
      for (const watcher of audience.watchers) watcher.tell({ kind: 'changes', changes }, id);
    } catch (error) {
      log.warn({ err: error }, 'what changed could not be read; those who watch are told to read again');
      for (const watcher of audience.watchers) watcher.tell({ kind: 'reset' }, id);
    }
  }

  async function catchUp(watcher: Watcher, from: Date): Promise<void> {
    const at = clock.now();
    const id = String(at.getTime());
    if (at.getTime() - from.getTime() > REMEMBERED_MS || from > at)
      return watcher.tell({ kind: 'reset' }, id);
    try {
      const changes = await store.since(watcher.scope, before(from, OVERLAP_MS));
      watcher.tell({ kind: 'changes', changes }, id);
    } catch (error) {
      log.warn({ err: error }, 'what changed could not be read');
      watcher.tell({ kind: 'reset' }, id);
    }
  }

  return {
    get count() {
      return count();
    },
    add(watcher, from) {
      const all = [...audiences.values()].flatMap(({ watchers }) => [...watchers]);
      const own = all.filter(({ personId }) => personId === watcher.personId).length;
      if (own >= MAX_OF_ONE_PERSON || all.length >= MAX_WATCHERS)
        throw new ApiError('TooManyRequests', 'Too many streams of updates are open.', {
          retryAfterSeconds: 30,
        });
      const key = keyOf(watcher.scope);
      const audience = audiences.get(key) ?? {
        scope: watcher.scope,
        watchers: new Set<Watcher>(),
        since: clock.now(),
        told: '',
      };
      audiences.set(key, audience);
      audience.watchers.add(watcher);
      timer ??= setInterval(() => void look(), LOOK_EVERY_MS);
      if (from !== null) void catchUp(watcher, from);
      return () => {
        audience.watchers.delete(watcher);
        if (audience.watchers.size === 0) audiences.delete(key);
        if (audiences.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    close() {
      clearInterval(timer);
      audiences.clear();
    },
  };
}

function before(moment: Date, ms: number): Date {
  return new Date(moment.getTime() - ms);
}

function keyOf({ tenantId, deviceGroups }: TenantScope): string {
  return deviceGroups === 'all' ? tenantId : [tenantId, ...[...deviceGroups].sort()].join(' ');
}
