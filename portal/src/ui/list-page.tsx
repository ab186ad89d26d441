/**
 * The one list of the portal: filters above, a table of one page from the server, columns to choose, an export, pages below. All that a person chose is in the
 * address: `q`, `sort`, `page`, `size`, `cols`, and the page's own filters.
 */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Page as Answer } from '../api/client.ts';
import type { ODataOptions } from '../api/odata.ts';
import type { ListAddress } from '../shell/address.ts';
import { ColumnChooser } from './column-chooser.tsx';
import { type Column, DataTable, readSort, sortText } from './data-table.tsx';
import { ExportButton } from './export-button.tsx';
import { ArrowClockwiseRegular } from './icons.ts';
import { Toolbar } from './page.tsx';
import { PAGE_SIZE } from './page-sizes.ts';
import { Pager } from './pager.tsx';
import { Loaded } from './states.tsx';

const useStyles = makeStyles({
  grow: { flexGrow: 1 },
  selection: {
    display: 'flex',
    alignItems: 'center',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorBrandBackground2,
  },
});

export interface ListPageProps<T> {
  /** What is listed, in the plural: `Devices`. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly address: ListAddress;
  onAddress(change: Record<string, unknown>): void;
  readonly query: UseQueryResult<Answer<T>>;
  rowKey(row: T): string;
  rowName?(row: T): string;
  /** Filters, at the left of the tools of the list. */
  readonly filters: ReactNode;
  /** Shown while the set itself is empty, or nothing in it matches. */
  readonly empty: ReactNode;
  /** Order that is shown as chosen while the address has none. */
  readonly defaultSort?: string;
  /** The set cannot be ordered by what people choose. */
  readonly unsorted?: boolean;
  /** For the export, page after page, with the same filters. */
  fetchPage?(options: Pick<ODataOptions, 'top' | 'skip'>, signal: AbortSignal): Promise<Answer<T>>;
  /** Rows of one call of the export. */
  readonly exportPage?: number;
  /** What can be done with the rows that are selected; absent: nothing, and none is. */
  bulk?(rows: readonly T[], done: () => void): ReactNode;
}

/** The part of an OData question that the address says. */
export function pageOf({ page = 1, size = PAGE_SIZE }: ListAddress): ODataOptions {
  return { top: size, skip: (page - 1) * size, count: true };
}

export function ListPage<T>(props: ListPageProps<T>) {
  const { label, columns, address, onAddress, query, rowKey, fetchPage, bulk } = props;
  const { page = 1, size = PAGE_SIZE, sort = props.defaultSort, cols } = address;
  const styles = useStyles();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const rows = query.data?.value ?? [];
  // Only what is in sight can be acted upon.
  const chosen = rows.filter((row) => selected.has(rowKey(row)));
  return (
    <>
      <Toolbar>
        {props.filters}
        <span className={styles.grow} />
        <Button
          appearance="subtle"
          icon={<ArrowClockwiseRegular />}
          aria-label="Refresh"
          title="Refresh"
          onClick={() => void query.refetch()}
        />
        <ColumnChooser columns={columns} shown={cols} onChange={(next) => onAddress({ cols: next })} />
        {fetchPage ? (
          <ExportButton
            what={label.toLowerCase().replaceAll(' ', '-')}
            columns={columns}
            pageSize={props.exportPage ?? 1_000}
            fetchPage={fetchPage}
          />
        ) : null}
      </Toolbar>
      {bulk && chosen.length > 0 ? (
        <section className={styles.selection} aria-label="Selected rows">
          <span role="status">{chosen.length} selected</span>
          {bulk(chosen, () => setSelected(new Set()))}
          <Button appearance="subtle" onClick={() => setSelected(new Set())}>
            Clear
          </Button>
        </section>
      ) : null}
      <Loaded query={query} label={`Loading ${label.toLowerCase()}…`}>
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 ? (
            props.empty
          ) : (
            <>
              <DataTable
                label={label}
                columns={columns}
                rows={value}
                rowKey={rowKey}
                stale={query.isPlaceholderData}
                {...(props.rowName ? { rowName: props.rowName } : {})}
                {...(cols ? { shown: cols } : {})}
                {...(sort && !props.unsorted
                  ? { sort: readSort(sort), onSort: (next) => onAddress({ sort: sortText(next) }) }
                  : {})}
                {...(bulk ? { selected, onSelect: setSelected } : {})}
              />
              <Pager
                page={page}
                size={size}
                shown={value.length}
                total={total}
                onPage={(next) => onAddress({ page: next })}
                onSize={(next) => onAddress({ size: next === PAGE_SIZE ? undefined : next })}
              />
            </>
          )
        }
      </Loaded>
    </>
  );
}
