import type { PortalPermission } from '@merlon/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';

/** `GET /api/merlon/me`. */
export interface Me {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly roles: readonly PortalPermission[];
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => api.get<Me>('/api/merlon/me', signal),
  staleTime: 5 * 60_000,
});
