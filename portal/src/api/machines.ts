import type { Alert, Machine } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer, type Page } from './client.ts';
import { type ODataOptions, odataParams } from './odata.ts';
import { listRefresh, REFRESH_MS } from './refresh.ts';

export function fetchMachines(options: ODataOptions, signal?: AbortSignal): Promise<Page<Machine>> {
  return answer(
    api.GET('/api/machines', { params: { query: odataParams(options) }, ...(signal ? { signal } : {}) }),
  );
}

export const machinesQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['machines', options],
    queryFn: ({ signal }) => fetchMachines(options, signal),
    refetchInterval: listRefresh,
    placeholderData: keepPreviousData,
  });

export const machineQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id],
    queryFn: ({ signal }): Promise<Machine> =>
      answer(api.GET('/api/machines/{id}', { params: { path: { id } }, signal })),
    refetchInterval: REFRESH_MS,
  });

export const machineAlertsQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id, 'alerts'],
    queryFn: ({ signal }): Promise<Page<Alert>> =>
      answer(api.GET('/api/machines/{id}/alerts', { params: { path: { id } }, signal })),
    refetchInterval: REFRESH_MS,
  });

export interface LogonUser {
  readonly id: string;
  readonly logonTypes: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface Software {
  readonly id: string;
  readonly name: string;
  readonly vendor: string;
  readonly weaknesses: number;
}

export const logonUsersQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id, 'logonUsers'],
    queryFn: async ({ signal }): Promise<readonly LogonUser[]> =>
      (await answer(api.GET('/api/machines/{id}/logonusers', { params: { path: { id } }, signal }))).value,
  });

export const softwareQuery = (id: string) =>
  queryOptions({
    queryKey: ['machine', id, 'software'],
    queryFn: async ({ signal }): Promise<readonly Software[]> =>
      (await answer(api.GET('/api/machines/{id}/software', { params: { path: { id } }, signal }))).value,
  });

export function changeTag(id: string, tag: string, change: 'Add' | 'Remove'): Promise<Machine> {
  return answer(
    api.POST('/api/machines/{id}/tags', {
      params: { path: { id } },
      body: { Value: tag, Action: change },
    }),
  );
}

/** Names of the groups whose devices the person may see. */
export const deviceGroupNamesQuery = queryOptions({
  queryKey: ['deviceGroupNames'],
  queryFn: async ({ signal }): Promise<readonly string[]> =>
    (await answer(api.GET('/api/machinegroups', { signal }))).value.map(({ name }) => name),
  staleTime: 60_000,
});
