/**
 * The stream of live updates for as long as the page is open.
 *
 *   connecting ──answer──▶ live ──end, break──▶ connecting (after a pause that grows) ──403──▶ off
 */
import type { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from '../api/api-problem.ts';
import type { Api } from '../api/client.ts';
import { eventReader, type ServerEvent } from './event-stream.ts';

export type LiveState = 'connecting' | 'live' | 'off';

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** Devices report all the time: their lists are read again no more often than this. */
const MACHINES_EVERY_MS = 5_000;

interface Changed {
  readonly ids: readonly string[];
  readonly more: boolean;
}
type Changes = Partial<Record<'alerts' | 'incidents' | 'machineactions' | 'machines', Changed>>;

export interface LiveUpdates {
  readonly state: LiveState;
  subscribe(listener: () => void): () => void;
  /** Runs until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export function createLiveUpdates(api: Pick<Api, 'send'>, queries: QueryClient): LiveUpdates {
  let state: LiveState = 'connecting';
  const listeners = new Set<() => void>();
  let lastId: string | null = null;
  let machinesRead = 0;
  let machinesWaiting: ReturnType<typeof setTimeout> | undefined;

  function become(next: LiveState): void {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener();
  }

  const stale = (...queryKey: unknown[]) => void queries.invalidateQueries({ queryKey });

  function take({ event, id, data }: ServerEvent): void {
    if (id !== '') lastId = id;
    if (event === 'reset') return void queries.invalidateQueries();
    if (event !== 'changes') return;
    const { alerts, incidents, machineactions, machines } = JSON.parse(data) as Changes;
    if (alerts) {
      stale('alerts');
      each(alerts, 'alert');
      void queries.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === 'machine' && queryKey[2] === 'alerts',
      });
    }
    if (incidents) {
      stale('incidents');
      each(incidents, 'incident');
    }
    if (machineactions) {
      stale('machineActions');
      stale('approvals');
      each(machineactions, 'machineAction');
    }
    if (machines) {
      for (const machine of machines.ids)
        void queries.invalidateQueries({ queryKey: ['machine', machine], exact: true });
      machinesChanged();
    }
  }

  function each({ ids, more }: Changed, kind: string): void {
    if (more) stale(kind);
    else for (const id of ids) stale(kind, id);
  }

  function machinesChanged(): void {
    if (machinesWaiting !== undefined) return;
    const wait = Math.max(0, machinesRead + MACHINES_EVERY_MS - Date.now());
    machinesWaiting = setTimeout(() => {
      machinesWaiting = undefined;
      machinesRead = Date.now();
      stale('machines');
    }, wait);
  }

  async function listen(signal: AbortSignal): Promise<void> {
    const response = await api.send('/api/merlon/events', {
      headers: lastId === null ? {} : { 'last-event-id': lastId },
      signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return;
    become('live');
    const read = eventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const event of read(value)) take(event);
    }
  }

  return {
    get state() {
      return state;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      for (let pause = FIRST_PAUSE_MS; !signal.aborted; ) {
        try {
          await listen(signal);
          // Its time was over: come again at once.
          pause = FIRST_PAUSE_MS;
        } catch (error) {
          if (error instanceof ApiProblem && [401, 403, 404].includes(error.status)) return become('off');
          pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        }
        if (signal.aborted) return;
        become('connecting');
        await sleep(pause, signal);
      }
      clearTimeout(machinesWaiting);
    },
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
