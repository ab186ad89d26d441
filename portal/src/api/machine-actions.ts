import type { MachineAction } from '@merlon/contract';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { underWay } from '../actions/under-way.ts';
import { api } from '../services.ts';
import { answer, type Page } from './client.ts';
import { equal, type ODataOptions, odataParams } from './odata.ts';
import { REFRESH_MS } from './refresh.ts';

/** While something is under way people watch it happen. */
const WATCH_MS = 1_000;
/** Actions of one device shown in its history. */
const HISTORY = 100;

export function fetchMachineActions(
  options: ODataOptions,
  signal?: AbortSignal,
): Promise<Page<MachineAction>> {
  return answer(
    api.GET('/api/machineactions', {
      params: { query: odataParams(options) },
      ...(signal ? { signal } : {}),
    }),
  );
}

/** Polled shortly until it has ended. */
export const machineActionQuery = (id: string) =>
  queryOptions({
    queryKey: ['machineAction', id],
    queryFn: ({ signal }): Promise<MachineAction> =>
      answer(api.GET('/api/machineactions/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data && !underWay(data.status) ? false : WATCH_MS),
  });

export const machineActionsQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['machineActions', options],
    queryFn: ({ signal }) => fetchMachineActions(options, signal),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });

export const actionsOfMachine = (machineId: string) =>
  machineActionsQuery({ filter: equal('machineId', machineId), top: HISTORY });

export function cancelAction(id: string, comment: string): Promise<MachineAction> {
  return answer(
    api.POST('/api/machineactions/{id}/cancel', {
      params: { path: { id } },
      body: comment === '' ? {} : { Comment: comment },
    }),
  );
}

/** A link that holds for 30 minutes and needs no header. */
export async function packageLink(id: string): Promise<string> {
  const { value } = await answer(
    api.GET('/api/machineactions/{id}/getPackageUri', { params: { path: { id } } }),
  );
  return value;
}

export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: ({ signal }): Promise<Page<MachineAction>> => answer(api.GET('/api/merlon/approvals', { signal })),
  refetchInterval: REFRESH_MS,
});

export function decide(id: string, verdict: 'approve' | 'reject', comment: string): Promise<unknown> {
  const options = { params: { path: { id } }, body: comment === '' ? {} : { comment } };
  return verdict === 'approve'
    ? answer(api.POST('/api/merlon/approvals/{id}/approve', options))
    : answer(api.POST('/api/merlon/approvals/{id}/reject', options));
}
