import type { Alert, AlertUpdate } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer, type Page } from './client.ts';
import { type ODataOptions, odataParams } from './odata.ts';
import { listRefresh, REFRESH_MS } from './refresh.ts';

export function fetchAlerts(options: ODataOptions, signal?: AbortSignal): Promise<Page<Alert>> {
  return answer(
    api.GET('/api/alerts', { params: { query: odataParams(options) }, ...(signal ? { signal } : {}) }),
  );
}

export const alertsQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['alerts', options],
    queryFn: ({ signal }) => fetchAlerts(options, signal),
    refetchInterval: listRefresh,
    placeholderData: keepPreviousData,
  });

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ['alert', id],
    queryFn: ({ signal }): Promise<Alert> =>
      answer(api.GET('/api/alerts/{id}', { params: { path: { id } }, signal })),
    refetchInterval: REFRESH_MS,
  });

export function updateAlert(id: string, change: AlertUpdate): Promise<Alert> {
  return answer(api.PATCH('/api/alerts/{id}', { params: { path: { id } }, body: change }));
}

/** All or none; 500 at most. */
export function updateAlerts(alertIds: string[], change: AlertUpdate): Promise<unknown> {
  return answer(api.POST('/api/alerts/batchUpdate', { body: { alertIds, ...change } }));
}
