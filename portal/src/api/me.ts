import { isPortalPermission, type PortalPermission } from '@merlon/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer } from './client.ts';

/** Who is signed in, and what his role lets him do. */
export interface Me {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly roles: readonly PortalPermission[];
  /** `all`, or the names of his device groups. */
  readonly deviceGroups: 'all' | readonly string[];
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me> => {
    const me = await answer(api.GET('/api/merlon/me', { signal }));
    return { ...me, roles: me.roles.filter(isPortalPermission) };
  },
  staleTime: 60_000,
});

export interface OtherTenant {
  readonly tenantId: string;
  readonly tenantName: string;
}

/** Tenants besides his own in which he may act. */
export const otherTenantsQuery = queryOptions({
  queryKey: ['otherTenants'],
  queryFn: async ({ signal }): Promise<readonly OtherTenant[]> =>
    (await answer(api.GET('/api/merlon/invitations', { signal }))).value.filter(
      ({ status }) => status === 'Accepted',
    ),
  staleTime: 60_000,
});
