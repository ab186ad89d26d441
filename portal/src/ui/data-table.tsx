/** A table of one page of rows, on TanStack Table. Rows are read, not clicked: what opens a row is the link in its first cell. */
import {
  Checkbox,
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { type ColumnDef, flexRender, getCoreRowModel, useReactTable } from '@tanstack/react-table';
import { type ReactNode, useMemo } from 'react';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** CSS width; what is left is shared by the columns without one. */
  readonly width?: string;
  /** Property to order by; without one the column cannot be ordered by. */
  readonly sortBy?: string;
  /** Shown only once somebody chooses it. */
  readonly optional?: boolean;
  /** What an export writes; without it the column is not exported. */
  text?(row: T): unknown;
  cell(row: T): ReactNode;
}

export interface Sort {
  readonly by: string;
  readonly descending: boolean;
}

/** `lastSeen desc`, the form both of `$orderby` and of the page's address. */
export function sortText({ by, descending }: Sort): string {
  return descending ? `${by} desc` : by;
}

export function readSort(text: string): Sort {
  const [by = '', direction] = text.split(' ');
  return { by, descending: direction === 'desc' };
}

const useStyles = makeStyles({
  frame: {
    overflowX: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  head: { backgroundColor: tokens.colorNeutralBackground2 },
  headCell: { fontWeight: tokens.fontWeightSemibold, color: tokens.colorNeutralForeground2 },
  select: { width: '40px', paddingLeft: '2px', paddingRight: 0 },
  cell: { overflow: 'hidden', textOverflow: 'ellipsis', paddingTop: '5px', paddingBottom: '5px' },
  stale: { opacity: 0.6 },
});

/** What a column without a width gets at least, so that in little room the table scrolls and no column closes. */
const LEAST_PX = 190;
/** Left and right of a cell, beside its width. */
const PADDING_PX = 16;
const SELECT_PX = 58;

function leastWidth<T>(columns: readonly Column<T>[], selectable: boolean): number {
  const widths = columns.map(({ width }) => (width === undefined ? LEAST_PX : Number.parseInt(width, 10)));
  return widths.reduce((sum, width) => sum + width + PADDING_PX, selectable ? SELECT_PX : 0);
}

export interface DataTableProps<T> {
  /** Says what the table lists, to those who cannot see the page. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  rowKey(row: T): string;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** Keys of the columns shown; absent: those that are not optional. */
  readonly shown?: readonly string[];
  /** Rows of an earlier question, shown until the answer to the present one is there. */
  readonly stale?: boolean;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (keys: ReadonlySet<string>) => void;
  /** What a row is called, for its check box. */
  rowName?(row: T): string;
}

export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, rowKey, sort, onSort, shown, stale, selected, onSelect } = props;
  const styles = useStyles();
  const definitions = useMemo(
    () =>
      columns.map(
        (column): ColumnDef<T> => ({
          id: column.id,
          header: column.title,
          cell: ({ row }) => column.cell(row.original),
        }),
      ),
    [columns],
  );
  const table = useReactTable({
    data: rows as T[],
    columns: definitions,
    getRowId: (row) => rowKey(row),
    getCoreRowModel: getCoreRowModel(),
    manualSorting: true,
    manualPagination: true,
    state: {
      columnVisibility: Object.fromEntries(
        columns.map(({ id, optional }) => [id, shown ? shown.includes(id) : optional !== true]),
      ),
      rowSelection: Object.fromEntries([...(selected ?? [])].map((key) => [key, true])),
    },
    onRowSelectionChange: (update) => {
      const before = Object.fromEntries([...(selected ?? [])].map((key) => [key, true]));
      const after = typeof update === 'function' ? update(before) : update;
      onSelect?.(new Set(Object.keys(after).filter((key) => after[key])));
    },
  });
  const byId = new Map(columns.map((column) => [column.id, column]));

  return (
    <div className={mergeClasses(styles.frame, stale && styles.stale)}>
      <Table
        aria-label={label}
        style={{
          minWidth: leastWidth(
            columns.filter(({ id }) => table.getColumn(id)?.getIsVisible()),
            onSelect !== undefined,
          ),
        }}
        sortable={onSort !== undefined}
      >
        <TableHeader className={styles.head}>
          {table.getHeaderGroups().map((group) => (
            <TableRow key={group.id}>
              {onSelect ? (
                <TableHeaderCell className={styles.select}>
                  <Checkbox
                    aria-label="Select every row of this page"
                    checked={
                      table.getIsAllRowsSelected() ? true : table.getIsSomeRowsSelected() ? 'mixed' : false
                    }
                    onChange={() => table.toggleAllRowsSelected()}
                  />
                </TableHeaderCell>
              ) : null}
              {group.headers.map((header) => {
                const { width, sortBy, title } = byId.get(header.id) ?? { title: '' };
                const sorted = sort && sortBy === sort.by;
                return (
                  <TableHeaderCell
                    key={header.id}
                    className={styles.headCell}
                    style={width === undefined ? undefined : { width }}
                    sortable={sortBy !== undefined && onSort !== undefined}
                    {...(sorted ? { sortDirection: sort.descending ? 'descending' : 'ascending' } : {})}
                    {...(sortBy !== undefined && onSort
                      ? {
                          onClick: () =>
                            onSort({ by: sortBy, descending: sorted ? !sort.descending : false }),
                        }
                      : {})}
                  >
                    {title}
                  </TableHeaderCell>
                );
              })}
            </TableRow>
          ))}
        </TableHeader>
        <TableBody>
          {table.getRowModel().rows.map((row) => (
            <TableRow key={row.id} {...(onSelect ? { 'aria-selected': row.getIsSelected() } : {})}>
              {onSelect ? (
                <TableCell className={styles.select}>
                  <Checkbox
                    aria-label={`Select ${props.rowName?.(row.original) ?? row.id}`}
                    checked={row.getIsSelected()}
                    onChange={() => row.toggleSelected()}
                  />
                </TableCell>
              ) : null}
              {row.getVisibleCells().map((cell) => (
                <TableCell key={cell.id} className={styles.cell}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}
