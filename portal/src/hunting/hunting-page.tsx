import {
  Button,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { HuntingResult } from '@merlon/contract';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../api/api-problem.ts';
import { hunt } from '../api/hunting.ts';
import { ArrowDownloadRegular, ChevronDownRegular, PlayRegular, StopRegular } from '../ui/icons.ts';
import { Page } from '../ui/page.tsx';
import { Empty, Problem } from '../ui/states.tsx';
import { csvOf } from './csv.ts';
import { exampleQueries } from './example-queries.ts';
import { KqlEditor, type KqlEditorHandle } from './kql-editor.tsx';
import { queryProblem } from './query-problem.ts';
import { ResultGrid } from './result-grid.tsx';
import { SchemaBrowser } from './schema-browser.tsx';

const NARROW = '@media (max-width: 1000px)';
const KEPT = 'merlon.query';
const FIRST_QUERY = exampleQueries[0]?.query ?? '';

const useStyles = makeStyles({
  body: { display: 'flex', gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: 0 },
  schema: {
    width: '230px',
    flexShrink: 0,
    display: 'flex',
    minHeight: 0,
    '> *': { flexGrow: 1 },
    [NARROW]: { display: 'none' },
  },
  work: {
    flexGrow: 1,
    minWidth: 0,
    minHeight: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
  },
  bar: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  grow: { flexGrow: 1 },
});

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly result: HuntingResult; readonly ms: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: unknown };

export function HuntingPage() {
  const styles = useStyles();
  const { query: asked, run: runNow = false } = useSearch({ from: '/hunting' });
  const navigate = useNavigate();
  const editor = useRef<KqlEditorHandle>(null);
  const running = useRef<AbortController | null>(null);
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });

  const run = useCallback(async (text: string) => {
    if (text.trim() === '') return;
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setOutcome({ kind: 'running' });
    editor.current?.mark(null);
    const started = performance.now();
    try {
      const result = await hunt(text, control.signal);
      if (running.current === control) setOutcome({ kind: 'done', result, ms: performance.now() - started });
    } catch (error) {
      // Whoever aborted has said what is shown now.
      if (running.current !== control || control.signal.aborted) return;
      setOutcome({ kind: 'failed', error });
      if (error instanceof ApiProblem) editor.current?.mark(queryProblem(error.message, text).place);
    }
  }, []);

  const cancel = () => {
    running.current?.abort();
    setOutcome({ kind: 'cancelled' });
  };
  useEffect(() => () => running.current?.abort(), []);

  useEffect(() => {
    if (asked === undefined) return;
    editor.current?.replace(asked);
    if (!runNow) return;
    void run(asked);
    // Going back to this address later shows the query and leaves running it to the person.
    void navigate({ to: '/hunting', search: { query: asked }, replace: true });
  }, [asked, runNow, run, navigate]);

  return (
    <Page filled title="Hunting" about="Queries in KQL over what every device reported.">
      <div className={styles.body}>
        <div className={styles.schema}>
          <SchemaBrowser onInsert={(name) => editor.current?.insert(name)} />
        </div>
        <div className={styles.work}>
          <KqlEditor
            ref={editor}
            initial={asked ?? sessionStorage.getItem(KEPT) ?? FIRST_QUERY}
            height="190px"
            onRun={() => void run(editor.current?.text() ?? '')}
            onChange={(text) => sessionStorage.setItem(KEPT, text)}
          />
          <div className={styles.bar}>
            {outcome.kind === 'running' ? (
              <Button icon={<StopRegular />} onClick={cancel}>
                Cancel
              </Button>
            ) : (
              <Button
                appearance="primary"
                icon={<PlayRegular />}
                title="Ctrl+Enter"
                onClick={() => void run(editor.current?.text() ?? '')}
              >
                Run query
              </Button>
            )}
            <Examples onChoose={(text) => editor.current?.replace(text)} />
            <span className={styles.grow} />
            <Summary outcome={outcome} />
            {outcome.kind === 'done' && outcome.result.Results.length > 0 ? (
              <Button icon={<ArrowDownloadRegular />} onClick={() => download(outcome.result)}>
                Export CSV
              </Button>
            ) : null}
          </div>
          <OutcomeView outcome={outcome} query={() => editor.current?.text() ?? ''} />
        </div>
      </div>
    </Page>
  );
}

function Examples({ onChoose }: { onChoose(query: string): void }) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button icon={<ChevronDownRegular />} iconPosition="after">
          Examples
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {exampleQueries.map(({ title, query }) => (
            <MenuItem key={title} onClick={() => onChoose(query)}>
              {title}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function Summary({ outcome }: { readonly outcome: Outcome }) {
  const text =
    outcome.kind === 'done'
      ? `${outcome.result.Results.length} row${outcome.result.Results.length === 1 ? '' : 's'} in ${Math.round(outcome.ms)} ms`
      : outcome.kind === 'cancelled'
        ? 'Cancelled'
        : '';
  return (
    <Text size={200} role="status">
      {text}
    </Text>
  );
}

function OutcomeView({ outcome, query }: { readonly outcome: Outcome; query(): string }) {
  switch (outcome.kind) {
    case 'none':
      return <Empty title="Run a query to see what it finds." />;
    case 'running':
      return <Spinner size="small" label="Running…" />;
    case 'cancelled':
      return null;
    case 'failed':
      return <Problem error={placed(outcome.error, query())} />;
    case 'done':
      return outcome.result.Results.length === 0 ? (
        <Empty title="The query found nothing." />
      ) : (
        <ResultGrid result={outcome.result} />
      );
  }
}

/** The error with its place as line and column, which the editor numbers. */
function placed(error: unknown, query: string): unknown {
  if (!(error instanceof ApiProblem)) return error;
  const { message, line, column } = queryProblem(error.message, query);
  return line === null
    ? error
    : new ApiProblem(error.status, error.code, `Line ${line}, column ${column}: ${message}`, {
        target: error.target ?? undefined,
        retryAfterSeconds: error.retryAfterSeconds,
      });
}

function download(result: HuntingResult): void {
  // Spreadsheets take a file for UTF-8 only when it says so itself.
  const url = URL.createObjectURL(new Blob(['\uFEFF', csvOf(result)], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `merlon-hunting-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
