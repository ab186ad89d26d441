/** Files, addresses, domains and accounts: what is known of one, how common it is, where it was seen. */
import type { Alert, Machine } from '@merlon/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { ApiProblem } from './api-problem.ts';
import { answer, type Page } from './client.ts';

export type EntityKind = 'files' | 'ips' | 'domains' | 'users';

/** Null for what no device ever told of: that is an answer, not a failure. */
async function known<T>(call: Promise<{ readonly data?: T }>): Promise<T | null> {
  try {
    return await answer(call);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}

const at = (id: string, signal: AbortSignal) => ({ params: { path: { id } }, signal });

export const fileQuery = (id: string) =>
  queryOptions({
    queryKey: ['files', id],
    queryFn: ({ signal }) => known(api.GET('/api/files/{id}', at(id, signal))),
  });

export const userQuery = (id: string) =>
  queryOptions({
    queryKey: ['users', id],
    queryFn: ({ signal }) => known(api.GET('/api/users/{id}', at(id, signal))),
  });

export interface Prevalence {
  /** Devices that saw it in the last 30 days. */
  readonly devices: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** Of a file: the names that most devices know it by. */
  readonly names: readonly string[];
}

/** Of what was never seen: no devices. */
export const prevalenceQuery = (kind: Exclude<EntityKind, 'users'>, id: string) =>
  queryOptions({
    queryKey: [kind, id, 'prevalence'],
    queryFn: async ({ signal }): Promise<Prevalence> => {
      const found = await (kind === 'files'
        ? known(api.GET('/api/files/{id}/stats', at(id, signal)))
        : kind === 'ips'
          ? known(api.GET('/api/ips/{id}/stats', at(id, signal)))
          : known(api.GET('/api/domains/{id}/stats', at(id, signal))));
      return {
        devices: found?.organizationPrevalence ?? 0,
        firstSeen: found?.orgFirstSeen ?? null,
        lastSeen: found?.orgLastSeen ?? null,
        names: found !== null && 'topFileNames' in found ? found.topFileNames : [],
      };
    },
  });

export const entityMachinesQuery = (kind: EntityKind, id: string) =>
  queryOptions({
    queryKey: [kind, id, 'machines'],
    queryFn: async ({ signal }): Promise<readonly Machine[]> => {
      const options = at(id, signal);
      const page: Page<Machine> | null = await (kind === 'files'
        ? known(api.GET('/api/files/{id}/machines', options))
        : kind === 'ips'
          ? known(api.GET('/api/ips/{id}/machines', options))
          : kind === 'domains'
            ? known(api.GET('/api/domains/{id}/machines', options))
            : known(api.GET('/api/users/{id}/machines', options)));
      return page?.value ?? [];
    },
  });

export const entityAlertsQuery = (kind: EntityKind, id: string) =>
  queryOptions({
    queryKey: [kind, id, 'alerts'],
    queryFn: async ({ signal }): Promise<readonly Alert[]> => {
      const options = at(id, signal);
      const page: Page<Alert> | null = await (kind === 'files'
        ? known(api.GET('/api/files/{id}/alerts', options))
        : kind === 'ips'
          ? known(api.GET('/api/ips/{id}/alerts', options))
          : kind === 'domains'
            ? known(api.GET('/api/domains/{id}/alerts', options))
            : known(api.GET('/api/users/{id}/alerts', options)));
      return page?.value ?? [];
    },
  });
