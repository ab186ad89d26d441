import { Link } from '@tanstack/react-router';
import { Page } from '../ui/page.tsx';
import { Empty, Problem } from '../ui/states.tsx';

export function NotThere() {
  return (
    <Page title="Not found">
      <Empty title="There is no page at this address.">
        <Link to="/dashboard">Go to the dashboard</Link>
      </Empty>
    </Page>
  );
}

export function RouteFailed({ error, reset }: { readonly error: unknown; reset(): void }) {
  return (
    <Page title="This page failed">
      <Problem error={error} onRetry={reset} />
    </Page>
  );
}
