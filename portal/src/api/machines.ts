import type { Alert, Machine } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import type { Page } from './client.ts';
import { type ODataOptions, odataQuery } from './odata.ts';

const LIST_REFRESH_MS = 15_000;
/** Whoever looks at an empty list waits for the first to come. */
const EMPTY_REFRESH_MS = 2_000;
const ONE_REFRESH_MS = 10_000;

export const machinesQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['machines', options],
    queryFn: ({ signal }) => api.get<Page<Machine>>(`/api/machines${odataQuery(options)}`, signal),
    refetchInterval: ({ state: { data } }) => (data?.value.length === 0 ? EMPTY_REFRESH_MS : LIST_REFRESH_MS),
    placeholderData: keepPreviousData,
  });

export const machineQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id],
    queryFn: ({ signal }) => api.get<Machine>(`/api/machines/${encodeURIComponent(id)}`, signal),
    refetchInterval: ONE_REFRESH_MS,
  });

export const machineAlertsQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id, 'alerts'],
    queryFn: ({ signal }) => api.get<Page<Alert>>(`/api/machines/${encodeURIComponent(id)}/alerts`, signal),
    refetchInterval: LIST_REFRESH_MS,
  });
