/** What a page shows instead of its content: waiting, nothing there, went wrong. */
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/api-problem.ts';
import { signInAgain } from '../services.ts';

const useStyles = makeStyles({
  waiting: { display: 'flex', justifyContent: 'center', padding: tokens.spacingVerticalXXXL },
  empty: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    gap: tokens.spacingVerticalS,
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalL}`,
    textAlign: 'center',
    color: tokens.colorNeutralForeground2,
  },
  target: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

export function Waiting({ label }: { readonly label: string }) {
  return (
    <div className={useStyles().waiting}>
      <Spinner label={label} labelPosition="below" size="small" delay={200} />
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={useStyles().empty}>
      <Text weight="semibold" size={400}>
        {title}
      </Text>
      {children}
    </div>
  );
}

/** An error as the server named it. */
export function Problem({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}) {
  const styles = useStyles();
  const known = error instanceof ApiProblem ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{known?.code ?? 'Something went wrong in this page'}</MessageBarTitle>
        {message}
        {known?.retryAfterSeconds ? ` Try again in ${known.retryAfterSeconds} s.` : null}
        {known?.target ? (
          <div className={styles.target} title="Names this request in the server's log">
            {known.target}
          </div>
        ) : null}
      </MessageBarBody>
      {known?.status === 401 ? (
        <MessageBarActions>
          <Button onClick={signInAgain}>Sign in again</Button>
        </MessageBarActions>
      ) : onRetry ? (
        <MessageBarActions>
          <Button onClick={onRetry}>Try again</Button>
        </MessageBarActions>
      ) : null}
    </MessageBar>
  );
}

interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  refetch(): unknown;
}

/** The content once there is some; a refresh that fails shows above it. */
export function Loaded<T>({
  query,
  label,
  children,
}: {
  readonly query: Asked<T>;
  /** What is being loaded. */
  readonly label: string;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error } = query;
  return (
    <>
      {error ? <Problem error={error} onRetry={() => void query.refetch()} /> : null}
      {data !== undefined ? children(data) : error ? null : <Waiting label={label} />}
    </>
  );
}
