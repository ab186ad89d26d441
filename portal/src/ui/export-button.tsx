/** Exports every row that matches, page after page; can be stopped. */
import { Button, Text } from '@fluentui/react-components';
import { useEffect, useRef, useState } from 'react';
import type { Page } from '../api/client.ts';
import type { ODataOptions } from '../api/odata.ts';
import { csvText, saveCsv } from './csv.ts';
import type { Column } from './data-table.tsx';
import { ArrowDownloadRegular, DismissRegular } from './icons.ts';
import { Problem } from './states.tsx';

/** More than a spreadsheet is of use for; programs take the API. */
const MOST_ROWS = 50_000;

export function ExportButton<T>({
  what,
  columns,
  pageSize,
  fetchPage,
}: {
  readonly what: string;
  readonly columns: readonly Column<T>[];
  readonly pageSize: number;
  fetchPage(options: Pick<ODataOptions, 'top' | 'skip'>, signal: AbortSignal): Promise<Page<T>>;
}) {
  const [got, setGot] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [cut, setCut] = useState(false);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  async function run() {
    const control = new AbortController();
    running.current = control;
    setError(null);
    setCut(false);
    setGot(0);
    try {
      const rows: T[] = [];
      for (let more = true; more && rows.length < MOST_ROWS; setGot(rows.length)) {
        const { value } = await fetchPage({ top: pageSize, skip: rows.length }, control.signal);
        rows.push(...value);
        more = value.length === pageSize;
        setCut(more && rows.length >= MOST_ROWS);
      }
      const written = columns.filter(({ text }) => text !== undefined);
      saveCsv(
        what,
        csvText(
          written.map(({ title }) => title),
          rows.map((row) => written.map(({ text }) => text?.(row))),
        ),
      );
    } catch (problem) {
      if (!control.signal.aborted) setError(problem);
    } finally {
      setGot(null);
    }
  }

  return (
    <>
      {got === null ? (
        <Button appearance="subtle" icon={<ArrowDownloadRegular />} onClick={() => void run()}>
          Export CSV
        </Button>
      ) : (
        <Button appearance="subtle" icon={<DismissRegular />} onClick={() => running.current?.abort()}>
          Stop export ({got})
        </Button>
      )}
      {cut ? (
        <Text size={200}>Only the first {MOST_ROWS.toLocaleString('en')} rows were exported.</Text>
      ) : null}
      {error ? <Problem error={error} /> : null}
    </>
  );
}
