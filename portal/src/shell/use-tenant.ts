import { useQuery } from '@tanstack/react-query';
import { session } from '../services.ts';

/** The tenant that the person is signed in to; undefined until it is known. */
export function useTenant(): { readonly tenantId: string; readonly tenantName: string } | undefined {
  return useQuery({
    queryKey: ['tenant'],
    queryFn: () => session.config(),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}
