import type { Alert, AlertUpdate } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import type { Page } from './client.ts';
import { type ODataOptions, odataQuery } from './odata.ts';

const REFRESH_MS = 15_000;
/** Whoever looks at an empty list waits for the first to come. */
const EMPTY_REFRESH_MS = 2_000;

export const alertsQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['alerts', options],
    queryFn: ({ signal }) => api.get<Page<Alert>>(`/api/alerts${odataQuery(options)}`, signal),
    refetchInterval: ({ state: { data } }) => (data?.value.length === 0 ? EMPTY_REFRESH_MS : REFRESH_MS),
    placeholderData: keepPreviousData,
  });

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ['alert', id],
    queryFn: ({ signal }) => api.get<Alert>(`/api/alerts/${encodeURIComponent(id)}?$expand=evidence`, signal),
    refetchInterval: REFRESH_MS,
  });

export function updateAlert(id: string, change: AlertUpdate): Promise<Alert> {
  return api.patch(`/api/alerts/${encodeURIComponent(id)}`, change);
}
