/** The menu of the settings beside the page that is open. */
import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { meQuery } from '../api/me.ts';
import { type SettingsPage, settingsPages } from './settings-pages.ts';

const NARROW = '@media (max-width: 1080px)';

const useStyles = makeStyles({
  frame: {
    display: 'grid',
    gridTemplateColumns: '180px minmax(0, 1fr)',
    minHeight: '100%',
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)', gridTemplateRows: 'auto 1fr' },
  },
  menu: {
    padding: `${tokens.spacingVerticalXL} 0 0 ${tokens.spacingHorizontalL}`,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXXS,
    [NARROW]: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'baseline' },
  },
  group: {
    color: tokens.colorNeutralForeground3,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalS} 0`,
  },
  link: {
    padding: '5px 8px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecoration: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
    '[data-status="active"]': {
      color: tokens.colorNeutralForeground1,
      fontWeight: tokens.fontWeightSemibold,
      backgroundColor: tokens.colorNeutralBackground1Selected,
    },
  },
});

/** Those that the person may open. */
export function useSettingsPages(): readonly SettingsPage[] {
  const me = useQuery(meQuery);
  const roles = me.data?.roles ?? [];
  return settingsPages.filter(({ needs }) => needs === null || roles.includes(needs));
}

export function SettingsFrame() {
  const styles = useStyles();
  const pages = useSettingsPages();
  const groups = [...new Set(pages.map(({ group }) => group))];
  return (
    <div className={styles.frame}>
      <nav className={styles.menu} aria-label="Settings">
        {groups.flatMap((group) => [
          <Text key={group} size={200} weight="semibold" className={styles.group}>
            {group}
          </Text>,
          ...pages
            .filter((page) => page.group === group)
            .map(({ to, title }) => (
              <Link key={to} to={to} className={styles.link}>
                {title}
              </Link>
            )),
        ])}
      </nav>
      <Outlet />
    </div>
  );
}
