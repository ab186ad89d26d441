import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';

/** Changes the address of a list in place. Any change but of the page itself goes back to the first page. */
export function useListAddress(): (change: Record<string, unknown>) => void {
  const navigate = useNavigate();
  return useCallback(
    (change) => {
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) =>
          Object.fromEntries(
            Object.entries({ ...before, page: undefined, ...change }).filter(
              ([, value]) => !isNothing(value),
            ),
          ),
        replace: true,
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
