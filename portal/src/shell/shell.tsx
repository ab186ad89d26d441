import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, Outlet } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { meQuery } from '../api/me.ts';
import { setPreferences, type Theme, usePreferences, type Zone } from '../preferences.ts';
import { session } from '../services.ts';
import {
  AlertRegular,
  CodeRegular,
  DesktopRegular,
  HistoryRegular,
  PersonRegular,
  SignOutRegular,
  TaskListLtrRegular,
} from '../ui/icons.ts';
import { Logo } from './logo.tsx';

const NARROW = '@media (max-width: 860px)';

const useStyles = makeStyles({
  shell: {
    height: '100%',
    display: 'grid',
    gridTemplateColumns: '208px minmax(0, 1fr)',
    gridTemplateRows: 'minmax(0, 1fr)',
    backgroundColor: tokens.colorNeutralBackground2,
    [NARROW]: { gridTemplateColumns: '56px minmax(0, 1fr)' },
  },
  skip: {
    position: 'absolute',
    left: '-1000px',
    zIndex: 10,
    padding: '8px 16px',
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus': { left: '8px', top: '8px' },
  },
  side: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXXS,
    padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalS}`,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  brand: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: `0 ${tokens.spacingHorizontalS} ${tokens.spacingVerticalL}`,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase400,
    color: tokens.colorNeutralForeground1,
  },
  label: { [NARROW]: { display: 'none' } },
  link: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    padding: '7px 10px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecoration: 'none',
    fontSize: tokens.fontSizeBase300,
    ':hover': { backgroundColor: tokens.colorNeutralBackground3Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
    '[data-status="active"]': {
      backgroundColor: tokens.colorNeutralBackground1Selected,
      color: tokens.colorNeutralForeground1,
      fontWeight: tokens.fontWeightSemibold,
    },
  },
  icon: { fontSize: '20px', flexShrink: 0 },
  gap: { flexGrow: 1 },
  times: {
    padding: '4px 10px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  account: { justifyContent: 'flex-start', minWidth: 0, [NARROW]: { minWidth: '32px', padding: 0 } },
  accountName: {
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    [NARROW]: { display: 'none' },
  },
  main: { overflow: 'auto', minWidth: 0, outline: 'none' },
});

type Target = NonNullable<LinkProps['to']>;

const pages: readonly (readonly [to: Target, title: string, icon: ComponentType<{ className?: string }>])[] =
  [
    ['/devices', 'Devices', DesktopRegular],
    ['/alerts', 'Alerts', AlertRegular],
    ['/hunting', 'Hunting', CodeRegular],
    ['/actions', 'Action center', TaskListLtrRegular],
    ['/audit', 'Audit log', HistoryRegular],
  ];

export function Shell() {
  const styles = useStyles();
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        Skip to content
      </a>
      <nav className={styles.side} aria-label="Portal">
        <div className={styles.brand}>
          <Logo />
          <span className={styles.label}>Merlon</span>
        </div>
        {pages.map(([to, title, Icon]) => (
          <Link key={to} to={to} className={styles.link} title={title}>
            <Icon className={styles.icon} />
            <span className={styles.label}>{title}</span>
          </Link>
        ))}
        <div className={styles.gap} />
        <TimesNote />
        <Account />
      </nav>
      <main id="main" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

/** A time without its zone is read as whatever the reader expects. */
function TimesNote() {
  const styles = useStyles();
  const { zone } = usePreferences();
  const name = zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
  return <span className={mergeClasses(styles.label, styles.times)}>Times in {name}</span>;
}

function Account() {
  const styles = useStyles();
  const me = useQuery(meQuery);
  const { theme, zone } = usePreferences();
  return (
    <Menu
      checkedValues={{ theme: [theme], zone: [zone] }}
      onCheckedValueChange={(_event, { name, checkedItems: [value] }) =>
        setPreferences(name === 'theme' ? { theme: value as Theme } : { zone: value as Zone })
      }
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="subtle"
          icon={<PersonRegular />}
          className={mergeClasses(styles.account)}
          aria-label={`Account and settings of ${me.data?.name ?? 'the signed-in person'}`}
          title={me.data?.name}
        >
          <span className={styles.accountName}>{me.data?.name ?? '…'}</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>Appearance</MenuGroupHeader>
            <MenuItemRadio name="theme" value="system">
              Like the system
            </MenuItemRadio>
            <MenuItemRadio name="theme" value="light">
              Light
            </MenuItemRadio>
            <MenuItemRadio name="theme" value="dark">
              Dark
            </MenuItemRadio>
          </MenuGroup>
          <MenuGroup>
            <MenuGroupHeader>Times</MenuGroupHeader>
            <MenuItemRadio name="zone" value="utc">
              UTC
            </MenuItemRadio>
            <MenuItemRadio name="zone" value="local">
              Local time
            </MenuItemRadio>
          </MenuGroup>
          <MenuDivider />
          <MenuItem icon={<SignOutRegular />} onClick={() => void session.signOut()}>
            Sign out
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
