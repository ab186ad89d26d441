import { Button, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { ChevronLeftRegular, ChevronRightRegular } from './icons.ts';
import { pageSizes } from './page-sizes.ts';

const useStyles = makeStyles({
  pager: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'flex-end',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalS,
  },
});

/** @param page from 1. */
export function Pager({
  page,
  size,
  shown,
  total,
  onPage,
  onSize,
}: {
  readonly page: number;
  readonly size: number;
  readonly shown: number;
  readonly total: number;
  onPage(page: number): void;
  onSize(size: number): void;
}) {
  const styles = useStyles();
  if (total === 0) return null;
  const first = (page - 1) * size + 1;
  return (
    <nav className={styles.pager} aria-label="Pages of the list">
      <Text size={200} role="status">
        {shown === 0
          ? 'Nothing on this page'
          : `${first}–${first + shown - 1} of ${total.toLocaleString('en')}`}
      </Text>
      <Select
        size="small"
        aria-label="Rows on a page"
        value={String(size)}
        onChange={(_event, { value }) => onSize(Number(value))}
      >
        {pageSizes.map((one) => (
          <option key={one} value={one}>
            {one} a page
          </option>
        ))}
      </Select>
      {total > size || page > 1 ? (
        <>
          <Button
            appearance="subtle"
            size="small"
            icon={<ChevronLeftRegular />}
            aria-label="Previous page"
            disabled={page <= 1}
            onClick={() => onPage(page - 1)}
          />
          <Button
            appearance="subtle"
            size="small"
            icon={<ChevronRightRegular />}
            aria-label="Next page"
            disabled={first + shown > total || shown === 0}
            onClick={() => onPage(page + 1)}
          />
        </>
      ) : null}
    </nav>
  );
}
