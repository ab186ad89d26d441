import type { CancelRequest, CommentRequest, IsolateRequest, MachineAction } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { underWay } from '../actions/under-way.ts';
import { api } from '../services.ts';
import type { Page } from './client.ts';
import { equal, type ODataOptions, odataQuery } from './odata.ts';

/** While something is under way people watch it happen. */
const WATCH_MS = 700;
const IDLE_MS = 15_000;
/** Actions of one device shown in its history. */
const HISTORY = 100;

/** Polled shortly until it has ended. */
export const machineActionQuery = (id: string) =>
  queryOptions({
    queryKey: ['machineAction', id],
    queryFn: ({ signal }) => api.get<MachineAction>(`/api/machineactions/${id}`, signal),
    refetchInterval: ({ state: { data } }) => (data && !underWay(data.status) ? false : WATCH_MS),
  });

export const machineActionsQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['machineActions', options],
    queryFn: ({ signal }) =>
      api.get<Page<MachineAction>>(`/api/machineactions${odataQuery(options)}`, signal),
    refetchInterval: ({ state: { data } }) =>
      data?.value.some(({ status }) => underWay(status)) ? WATCH_MS : IDLE_MS,
    placeholderData: keepPreviousData,
  });

export const actionsOfMachine = (machineId: string) =>
  machineActionsQuery({ filter: equal('machineId', machineId), top: HISTORY });

export function isolate(machineId: string, body: IsolateRequest): Promise<MachineAction> {
  return api.post(`/api/machines/${encodeURIComponent(machineId)}/isolate`, body);
}

export function unisolate(machineId: string, body: CommentRequest): Promise<MachineAction> {
  return api.post(`/api/machines/${encodeURIComponent(machineId)}/unisolate`, body);
}

export function cancelAction(id: string, body: CancelRequest): Promise<MachineAction> {
  return api.post(`/api/machineactions/${id}/cancel`, body);
}
