import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { api } from '../services.ts';
import { createLiveUpdates, type LiveState } from './live-updates.ts';

/** Listens for as long as the component that calls it is there. */
export function useLiveUpdates(): LiveState {
  const queries = useQueryClient();
  const live = useMemo(() => createLiveUpdates(api, queries), [queries]);
  useEffect(() => {
    const control = new AbortController();
    void live.run(control.signal);
    return () => control.abort();
  }, [live]);
  return useSyncExternalStore(live.subscribe, () => live.state);
}
