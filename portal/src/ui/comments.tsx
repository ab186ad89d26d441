import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { AlertComment } from '@merlon/contract';
import { Time } from './time.tsx';

const useStyles = makeStyles({
  comments: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  by: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, display: 'block' },
  comment: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
});

/** Newest first; nothing where there are none. */
export function Comments({ comments }: { readonly comments: readonly AlertComment[] }) {
  const styles = useStyles();
  if (comments.length === 0) return null;
  return (
    <section className={styles.comments} aria-label="Comments">
      <Subtitle2 as="h2">Comments</Subtitle2>
      {comments.toReversed().map((comment) => (
        <div key={`${comment.createdTime} ${comment.createdBy} ${comment.comment}`}>
          <span className={styles.by}>
            {comment.createdBy} · <Time value={comment.createdTime} />
          </span>
          <span className={styles.comment}>{comment.comment}</span>
        </div>
      ))}
    </section>
  );
}
