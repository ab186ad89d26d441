import { FluentProvider, webDarkTheme, webLightTheme } from '@fluentui/react-components';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { ApiProblem } from './api/api-problem.ts';
import { useDark } from './preferences.ts';
import { router } from './router.tsx';
import { SignInGate } from './session/sign-in-gate.tsx';

const MAX_RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => failures < MAX_RETRIES && error instanceof ApiProblem && error.passing,
      retryDelay: (failures, error) =>
        error instanceof ApiProblem && error.retryAfterSeconds !== null
          ? error.retryAfterSeconds * 1_000
          : 500 * 2 ** failures,
    },
  },
});

export function App() {
  const dark = useDark();
  return (
    <StrictMode>
      <FluentProvider
        theme={dark ? webDarkTheme : webLightTheme}
        style={{ height: '100%', colorScheme: dark ? 'dark' : 'light' }}
      >
        <SignInGate>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </SignInGate>
      </FluentProvider>
    </StrictMode>
  );
}
