import type { Incident, IncidentUpdate } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer, type Page } from './client.ts';
import { type ODataOptions, odataParams } from './odata.ts';
import { listRefresh, REFRESH_MS } from './refresh.ts';

export function fetchIncidents(options: ODataOptions, signal?: AbortSignal): Promise<Page<Incident>> {
  return answer(
    api.GET('/api/incidents', { params: { query: odataParams(options) }, ...(signal ? { signal } : {}) }),
  );
}

export const incidentsQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['incidents', options],
    queryFn: ({ signal }) => fetchIncidents(options, signal),
    refetchInterval: listRefresh,
    placeholderData: keepPreviousData,
  });

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }): Promise<Incident> =>
      answer(api.GET('/api/incidents/{id}', { params: { path: { id } }, signal })),
    refetchInterval: REFRESH_MS,
  });

export function updateIncident(id: number, change: IncidentUpdate): Promise<Incident> {
  return answer(api.PATCH('/api/incidents/{id}', { params: { path: { id: String(id) } }, body: change }));
}
