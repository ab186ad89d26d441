import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { createLink, type LinkProps } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, ComponentProps } from 'react';

const useStyles = makeStyles({
  link: {
    color: tokens.colorBrandForegroundLink,
    textDecoration: 'none',
    ':hover': { textDecoration: 'underline' },
    ':focus-visible': {
      outline: `2px solid ${tokens.colorStrokeFocus2}`,
      borderRadius: tokens.borderRadiusSmall,
    },
  },
});

/** A link within the portal. */
export const TextLink = createLink(function Anchor({
  className,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement>) {
  const styles = useStyles();
  return <a {...rest} className={mergeClasses(styles.link, className)} />;
});

/** The same where the page is data. Its address, parameters and search were checked against each other where the data was written. */
export function PageLink({ link, children }: { readonly link: LinkProps; readonly children: string }) {
  return <TextLink {...(link as ComponentProps<typeof TextLink>)}>{children}</TextLink>;
}
