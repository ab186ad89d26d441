/** What became of a query: its rows, its chart, what it took, or why there is none. */
import { Button, makeStyles, Spinner, Text, ToggleButton, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { ApiProblem } from '../api/api-problem.ts';
import { budgetQuery } from '../api/hunting.ts';
import { textOf } from '../timeline/describe-event.ts';
import { csvText, saveCsv } from '../ui/csv.ts';
import { ArrowDownloadRegular } from '../ui/icons.ts';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty, Problem, Waiting } from '../ui/states.tsx';
import { chartData, chartKindOf } from './chart-data.ts';
import { queryProblem } from './query-problem.ts';
import { ResultGrid } from './result-grid.tsx';
import { RowActions } from './row-actions.tsx';
import type { Outcome } from './use-runs.ts';

const ChartView = lazy(async () => ({ default: (await import('./chart-view.tsx')).ChartView }));

const useStyles = makeStyles({
  bar: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  grow: { flexGrow: 1 },
});

export function OutcomeView({
  outcome,
  onCondition,
}: {
  readonly outcome: Outcome;
  onCondition(condition: string): void;
}) {
  switch (outcome.kind) {
    case 'none':
      return <Empty title="Run a query to see what it finds." />;
    case 'running':
      return <Running since={outcome.since} />;
    case 'cancelled':
      return <Text role="status">Cancelled</Text>;
    case 'failed':
      return <Problem error={placed(outcome.error, outcome.query)} />;
    case 'done':
      return <Done outcome={outcome} onCondition={onCondition} />;
  }
}

function Running({ since }: { readonly since: number }) {
  const budget = useQuery(budgetQuery);
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const most = budget.data?.query.maxSeconds;
  return (
    <Spinner
      size="small"
      label={`Running for ${Math.max(0, Math.round((now - since) / 1_000))} s${most === undefined ? '' : ` of ${most} s at most`}…`}
    />
  );
}

function Done({
  outcome: { query, result, cost, ms },
  onCondition,
}: {
  readonly outcome: Extract<Outcome, { kind: 'done' }>;
  onCondition(condition: string): void;
}) {
  const styles = useStyles();
  const [text, setText] = useState('');
  const [drawn, setDrawn] = useState(true);
  const kind = chartKindOf(query);
  const data = useMemo(() => (kind === null ? null : chartData(result)), [kind, result]);
  const wanted = text.trim().toLowerCase();
  const rows = useMemo(
    () =>
      wanted === ''
        ? result.Results
        : result.Results.filter((row) =>
            Object.values(row).some((value) => textOf(value).toLowerCase().includes(wanted)),
          ),
    [result, wanted],
  );
  const count = result.Results.length;
  return (
    <>
      <div className={styles.bar}>
        <Text size={200} role="status">
          {`${count.toLocaleString('en')} row${count === 1 ? '' : 's'} in ${Math.round(ms)} ms; `}
          {`${cost.engineSeconds.toFixed(2)} s in the engine, ${Math.ceil(cost.peakBytes / 1_048_576)} MiB at its peak`}
        </Text>
        <BudgetNote />
        <span className={styles.grow} />
        {count === 0 ? null : (
          <>
            {data === null ? null : (
              <ToggleButton size="small" checked={drawn} onClick={() => setDrawn(!drawn)}>
                Chart
              </ToggleButton>
            )}
            <SearchBox label="Filter rows" value={text} onSearch={setText} />
            <RowActions rows={rows} />
            <Button
              icon={<ArrowDownloadRegular />}
              onClick={() => {
                const names = result.Schema.map(({ Name }) => Name);
                saveCsv(
                  'hunting',
                  csvText(
                    names,
                    rows.map((row) => names.map((name) => row[name])),
                  ),
                );
              }}
            >
              Export CSV
            </Button>
          </>
        )}
      </div>
      {kind !== null && data !== null && drawn ? (
        <Suspense fallback={<Waiting label="Drawing…" />}>
          <ChartView kind={kind} data={data} />
        </Suspense>
      ) : null}
      {count === 0 ? (
        <Empty title="The query found nothing." />
      ) : rows.length === 0 ? (
        <Empty title="No row holds that text." />
      ) : (
        <ResultGrid result={result} rows={rows} onCondition={onCondition} />
      )}
    </>
  );
}

/** How much of the time for queries is used up, once it is worth a word. */
function BudgetNote() {
  const budget = useQuery(budgetQuery);
  const [tightest] = (budget.data?.enforced ? budget.data.value : []).toSorted(
    (a, b) => a.left / a.limit - b.left / b.limit,
  );
  if (!tightest || tightest.left / tightest.limit > 0.5) return null;
  return (
    <Text size={200}>
      {Math.round((100 * tightest.used) / tightest.limit)} % of the quota for each {tightest.per} is used
    </Text>
  );
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
