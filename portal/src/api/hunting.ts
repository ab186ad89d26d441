import type { HuntingResult } from '@merlon/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer } from './client.ts';

/** What a query took. */
export interface HuntingCost {
  readonly engineSeconds: number;
  readonly peakBytes: number;
}

/** Runs a query; leaving it through `signal` ends it on the server too. */
export function hunt(query: string, signal?: AbortSignal): Promise<HuntingResult> {
  return answer(
    api.POST('/api/advancedqueries/run', { body: { Query: query }, ...(signal ? { signal } : {}) }),
  );
}

export async function huntWithCost(
  query: string,
  signal: AbortSignal,
): Promise<{ readonly result: HuntingResult; readonly cost: HuntingCost }> {
  const { Stats, ...result } = await answer(
    api.POST('/api/advancedhunting/run', { body: { Query: query }, signal }),
  );
  return {
    result,
    cost: {
      engineSeconds: Stats.ExecutionTime,
      peakBytes: Stats.resource_usage.memory.peak_per_node,
    },
  };
}

export const budgetQuery = queryOptions({
  queryKey: ['huntingBudget'],
  queryFn: ({ signal }) => answer(api.GET('/api/merlon/hunting/budget', { signal })),
});

export interface SavedQuery {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly shared: boolean;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly lastUpdatedTime: string;
}

export const savedQueriesQuery = queryOptions({
  queryKey: ['savedQueries'],
  queryFn: async ({ signal }): Promise<readonly SavedQuery[]> =>
    (await answer(api.GET('/api/merlon/hunting/queries', { signal }))).value,
});

export async function savedQueryText(id: string): Promise<string> {
  return (await answer(api.GET('/api/merlon/hunting/queries/{id}', { params: { path: { id } } }))).query;
}

export function saveQuery(body: { name: string; query: string; shared: boolean }): Promise<SavedQuery> {
  return answer(api.POST('/api/merlon/hunting/queries', { body }));
}

export function changeSavedQuery(
  id: string,
  body: { name?: string; query?: string; shared?: boolean },
): Promise<SavedQuery> {
  return answer(api.PATCH('/api/merlon/hunting/queries/{id}', { params: { path: { id } }, body }));
}

export function removeSavedQuery(id: string): Promise<unknown> {
  return answer(api.DELETE('/api/merlon/hunting/queries/{id}', { params: { path: { id } } }));
}
