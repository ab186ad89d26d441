/** A table of one page of rows. Rows are read, not clicked: what opens a row is the link in its first cell. */
import {
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
import type { ReactNode } from 'react';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** CSS width; what is left is shared by the columns without one. */
  readonly width?: string;
  /** Property to order by; without one the column cannot be ordered by. */
  readonly sortBy?: string;
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
  table: { minWidth: '760px' },
  head: { backgroundColor: tokens.colorNeutralBackground2 },
  headCell: { fontWeight: tokens.fontWeightSemibold, color: tokens.colorNeutralForeground2 },
  cell: { overflow: 'hidden', textOverflow: 'ellipsis', paddingTop: '5px', paddingBottom: '5px' },
  stale: { opacity: 0.6 },
});

export interface DataTableProps<T> {
  /** Says what the table lists, to those who cannot see the page. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  rowKey(row: T): string;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** Rows of an earlier question, shown until the answer to the present one is there. */
  readonly stale?: boolean;
}

export function DataTable<T>({ label, columns, rows, rowKey, sort, onSort, stale }: DataTableProps<T>) {
  const styles = useStyles();
  return (
    <div className={mergeClasses(styles.frame, stale && styles.stale)}>
      <Table aria-label={label} className={styles.table} sortable={onSort !== undefined}>
        <TableHeader className={styles.head}>
          <TableRow>
            {columns.map(({ id, title, width, sortBy }) => {
              const sorted = sort && sortBy === sort.by;
              return (
                <TableHeaderCell
                  key={id}
                  className={styles.headCell}
                  style={width === undefined ? undefined : { width }}
                  sortable={sortBy !== undefined && onSort !== undefined}
                  {...(sorted ? { sortDirection: sort.descending ? 'descending' : 'ascending' } : {})}
                  {...(sortBy !== undefined && onSort
                    ? { onClick: () => onSort({ by: sortBy, descending: sorted ? !sort.descending : false }) }
                    : {})}
                >
                  {title}
                </TableHeaderCell>
              );
            })}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={rowKey(row)}>
              {columns.map(({ id, cell }) => (
                <TableCell key={id} className={styles.cell}>
                  {cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}
