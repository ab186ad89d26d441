import { makeStyles, mergeClasses, Subtitle1, Text, tokens } from '@fluentui/react-components';
import { type ReactNode, useEffect } from 'react';

const useStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    padding: `${tokens.spacingVerticalXL} ${tokens.spacingHorizontalXXL}`,
    boxSizing: 'border-box',
    minHeight: '100%',
  },
  filled: { height: '100%', overflow: 'hidden' },
  head: { display: 'flex', alignItems: 'flex-start', gap: tokens.spacingHorizontalL, flexWrap: 'wrap' },
  titles: { flexGrow: 1, minWidth: 0 },
  title: { margin: 0, display: 'block', overflowWrap: 'anywhere' },
  about: { color: tokens.colorNeutralForeground2 },
  actions: { display: 'flex', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
  toolbar: { display: 'flex', gap: tokens.spacingHorizontalS, flexWrap: 'wrap', alignItems: 'center' },
});

export interface PageProps {
  readonly title: string;
  /** One line under the title. */
  readonly about?: ReactNode;
  /** At the right of the title. */
  readonly actions?: ReactNode;
  /** The page fills the window and scrolls inside, instead of growing. */
  readonly filled?: boolean;
  readonly children: ReactNode;
}

export function Page({ title, about, actions, filled, children }: PageProps) {
  const styles = useStyles();
  useEffect(() => {
    document.title = `${title} · Merlon`;
  }, [title]);
  return (
    <div className={mergeClasses(styles.page, filled && styles.filled)}>
      <header className={styles.head}>
        <div className={styles.titles}>
          <Subtitle1 as="h1" className={styles.title}>
            {title}
          </Subtitle1>
          {about ? (
            <Text block className={styles.about} style={{ margin: '2px 0 0' }}>
              {about}
            </Text>
          ) : null}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** A row of filters above a list. */
export function Toolbar({ children }: { readonly children: ReactNode }) {
  return (
    <search className={useStyles().toolbar} aria-label="Filters">
      {children}
    </search>
  );
}
