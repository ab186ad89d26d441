import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { ChevronLeftRegular, ChevronRightRegular } from './icons.ts';

export const PAGE_SIZE = 50;

const useStyles = makeStyles({
  pager: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'flex-end',
    gap: tokens.spacingHorizontalS,
  },
});

/** @param page from 1. */
export function Pager({
  page,
  shown,
  total,
  onPage,
}: {
  readonly page: number;
  readonly shown: number;
  readonly total: number;
  onPage(page: number): void;
}) {
  const styles = useStyles();
  if (total === 0) return null;
  const first = (page - 1) * PAGE_SIZE + 1;
  return (
    <nav className={styles.pager} aria-label="Pages of the list">
      <Text size={200} role="status">
        {shown === 0 ? 'Nothing on this page' : `${first}–${first + shown - 1} of ${total}`}
      </Text>
      {total > PAGE_SIZE || page > 1 ? (
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
