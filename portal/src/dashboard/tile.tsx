/** One tile of the dashboard: a heading that leads to the list behind it, and what is counted. */
import { makeStyles, tokens } from '@fluentui/react-components';
import type { LinkProps } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import { PageLink } from '../ui/text-link.tsx';

const useStyles = makeStyles({
  tile: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    minWidth: 0,
  },
  heading: { fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
});

export function Tile({
  title,
  link,
  children,
}: {
  readonly title: string;
  readonly link: LinkProps;
  readonly children: ReactNode;
}) {
  const styles = useStyles();
  const id = useId();
  return (
    <section className={styles.tile} aria-labelledby={id}>
      <h2 id={id} className={styles.heading}>
        <PageLink link={link}>{title}</PageLink>
      </h2>
      {children}
    </section>
  );
}
