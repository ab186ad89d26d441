/** Nothing of the portal is shown to whoever is not signed in. */
import { Button, makeStyles, Spinner, Text, Title3, tokens } from '@fluentui/react-components';
import { type ReactNode, useEffect, useState } from 'react';
import { session } from '../services.ts';

const useStyles = makeStyles({
  centre: {
    height: '100%',
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    gap: tokens.spacingVerticalL,
    padding: tokens.spacingHorizontalXXL,
    boxSizing: 'border-box',
    textAlign: 'center',
  },
});

type State =
  | { readonly kind: 'working' }
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'failed'; readonly why: string };

/** The answer in the address may be taken once, though React may run an effect twice. */
let entering: Promise<State> | null = null;

async function enter(): Promise<State> {
  const { redirectPath } = await session.config();
  if (location.pathname === redirectPath) {
    const returnTo = await session.complete(new URLSearchParams(location.search));
    history.replaceState(null, '', returnTo);
    return { kind: 'signedIn' };
  }
  if (session.signedIn) return { kind: 'signedIn' };
  await session.begin(location.pathname + location.search);
  return { kind: 'working' };
}

export function SignInGate({ children }: { readonly children: ReactNode }) {
  const styles = useStyles();
  const [state, setState] = useState<State>({ kind: 'working' });
  useEffect(() => {
    entering ??= enter().catch(
      (error: unknown): State => ({
        kind: 'failed',
        why: error instanceof Error ? error.message : String(error),
      }),
    );
    void entering.then(setState);
  }, []);

  switch (state.kind) {
    case 'signedIn':
      return children;
    case 'working':
      return (
        <div className={styles.centre}>
          <Spinner label="Signing in…" delay={300} />
        </div>
      );
    case 'failed':
      return (
        <main className={styles.centre}>
          <Title3 as="h1">Sign-in did not work</Title3>
          <Text role="alert">{state.why}</Text>
          <Button appearance="primary" onClick={() => location.assign('/')}>
            Try again
          </Button>
        </main>
      );
  }
}
