import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer, type Page } from './client.ts';
import { type ODataOptions, odataParams } from './odata.ts';

export const auditOutcomes = ['success', 'refused', 'failed'] as const;
export const auditActors = ['user', 'application', 'administrator', 'device', 'system'] as const;

/** One record of `GET /api/merlon/audit`. */
export interface AuditRecord {
  readonly id: string;
  readonly time: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly actorName: string;
  readonly action: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly outcome: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly sourceIp: string | null;
  readonly correlationId: string | null;
}

const REFRESH_MS = 15_000;

export function fetchAudit(options: ODataOptions, signal?: AbortSignal): Promise<Page<AuditRecord>> {
  return answer(
    api.GET('/api/merlon/audit', { params: { query: odataParams(options) }, ...(signal ? { signal } : {}) }),
  );
}

export const auditQuery = (options: ODataOptions) =>
  queryOptions({
    queryKey: ['audit', options],
    queryFn: ({ signal }) => fetchAudit(options, signal),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
