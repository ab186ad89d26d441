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
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { meQuery, otherTenantsQuery } from '../api/me.ts';
import { useLiveUpdates } from '../live/use-live-updates.ts';
import { setPreferences, type Theme, usePreferences, type Zone } from '../preferences.ts';
import { session } from '../services.ts';
import { ArrowSwapRegular, PersonRegular, SearchRegular, SignOutRegular } from '../ui/icons.ts';
import { Logo } from './logo.tsx';
import { pages } from './pages.ts';
import { useTenant } from './use-tenant.ts';

const Palette = lazy(async () => ({ default: (await import('../search/palette.tsx')).Palette }));

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
  names: { display: 'flex', flexDirection: 'column', minWidth: 0 },
  tenant: {
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground3,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
  },
  search: {
    justifyContent: 'flex-start',
    minWidth: 0,
    marginBottom: tokens.spacingVerticalS,
    fontWeight: tokens.fontWeightRegular,
    [NARROW]: { padding: 0 },
  },
  keys: {
    marginLeft: 'auto',
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase100,
    color: tokens.colorNeutralForeground3,
  },
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

export function Shell() {
  const styles = useStyles();
  const live = useLiveUpdates();
  const tenant = useTenant();
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      setSearching(true);
    };
    document.addEventListener('keydown', open);
    return () => document.removeEventListener('keydown', open);
  }, []);
  useTitleFocus();
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        Skip to content
      </a>
      <nav className={styles.side} aria-label="Portal">
        <div className={styles.brand}>
          <Logo />
          <span className={mergeClasses(styles.label, styles.names)}>
            Merlon
            {tenant ? (
              <span className={styles.tenant} title={tenant.tenantId}>
                {tenant.tenantName}
              </span>
            ) : null}
          </span>
        </div>
        <Button
          appearance="outline"
          icon={<SearchRegular />}
          className={styles.search}
          aria-label="Search and commands"
          title="Search and commands (Ctrl+K)"
          onClick={() => setSearching(true)}
        >
          <span className={styles.label}>Search</span>
          <kbd className={mergeClasses(styles.label, styles.keys)}>Ctrl K</kbd>
        </Button>
        {pages.map(({ to, title, Icon }) => (
          <Link key={to} to={to} className={styles.link} title={title}>
            <Icon className={styles.icon} />
            <span className={styles.label}>{title}</span>
          </Link>
        ))}
        <div className={styles.gap} />
        <span className={mergeClasses(styles.label, styles.times)} role="status">
          {live === 'live'
            ? 'Live'
            : live === 'connecting'
              ? 'Connecting…'
              : 'Not live: refreshed each minute'}
        </span>
        <TimesNote />
        <Account />
      </nav>
      <main id="main" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
      {searching ? (
        <Suspense>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}

/** Whoever reads by ear learns that the page changed: its content takes the focus, unless something in it did. */
function useTitleFocus(): void {
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    const came = before.current;
    before.current = path;
    // Where one has just arrived the browser begins at the top, as everywhere.
    if (came === undefined || came === path) return;
    const main = document.getElementById('main');
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [path]);
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
          <Tenants />
          <MenuDivider />
          <MenuItem icon={<SignOutRegular />} onClick={() => void session.signOut()}>
            Sign out
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** Other tenants in which the person may act, and the way back home. */
function Tenants() {
  const others = useQuery(otherTenantsQuery);
  const home = session.homeTenant;
  const choices = [
    ...(home ? [{ ...home, tenantName: `${home.tenantName} (home)` }] : []),
    ...(others.data ?? []),
  ];
  if (choices.length === 0) return null;
  return (
    <MenuGroup>
      <MenuGroupHeader>Tenant</MenuGroupHeader>
      {choices.map(({ tenantId, tenantName }) => (
        <MenuItem
          key={tenantId}
          icon={<ArrowSwapRegular />}
          onClick={() => void session.switchTenant(tenantId, home?.tenantId === tenantId)}
        >
          {tenantName}
        </MenuItem>
      ))}
    </MenuGroup>
  );
}
