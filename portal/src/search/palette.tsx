/** The command palette: pages, commands and everything that can be found, by keyboard. */
import {
  Dialog,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Input,
  makeStyles,
  mergeClasses,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useQueries } from '@tanstack/react-query';
import { type LinkProps, useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { setPreferences } from '../preferences.ts';
import { session } from '../services.ts';
import { useSettingsPages } from '../settings/settings-frame.tsx';
import { pages } from '../shell/pages.ts';
import { Problem } from '../ui/states.tsx';
import { SHORTEST, searchQueries } from './global-search.ts';

const PAUSE_MS = 250;

const useStyles = makeStyles({
  surface: { maxWidth: '640px', width: 'calc(100vw - 48px)', alignSelf: 'start', marginTop: '8vh' },
  list: { maxHeight: '52vh', overflow: 'auto', marginTop: tokens.spacingVerticalM },
  option: {
    display: 'grid',
    gridTemplateColumns: '84px minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalM,
    padding: '6px 10px',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  active: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandForeground1}`,
  },
  kind: { color: tokens.colorNeutralForeground3 },
  title: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  detail: { color: tokens.colorNeutralForeground3, marginLeft: tokens.spacingHorizontalS },
});

interface Entry {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  choose(): void;
}

export function Palette({ onClose }: { onClose(): void }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const settings = useSettingsPages();
  const listId = useId();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const [at, setAt] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const answers = useQueries({ queries: searchQueries(asked) });

  const go = (link: LinkProps) => {
    onClose();
    void navigate(link as Parameters<typeof navigate>[0]);
  };
  const wanted = text.trim().toLowerCase();
  const commands: Entry[] = [
    ...pages.map(({ to, title }) => ({ kind: 'Page', title, choose: () => go({ to }) })),
    ...settings.map(({ to, title }) => ({ kind: 'Settings', title, choose: () => go({ to }) })),
    ...(
      [
        ['Dark appearance', { theme: 'dark' }],
        ['Light appearance', { theme: 'light' }],
        ['Appearance like the system', { theme: 'system' }],
        ['Times in UTC', { zone: 'utc' }],
        ['Times in local time', { zone: 'local' }],
      ] as const
    ).map(([title, change]) => ({
      kind: 'Command',
      title,
      choose: () => {
        setPreferences(change);
        onClose();
      },
    })),
    { kind: 'Command', title: 'Sign out', choose: () => void session.signOut() },
  ]
    .filter(({ title }) => wanted === '' || title.toLowerCase().includes(wanted))
    .map((entry) => ({ ...entry, key: `${entry.kind} ${entry.title}`, detail: '' }));
  const hits: Entry[] =
    asked.length < SHORTEST
      ? []
      : answers
          .flatMap(({ data }) => data ?? [])
          .map(({ kind, title, detail, link }) => ({
            key: `${kind} ${title} ${JSON.stringify(link)}`,
            kind,
            title,
            detail,
            choose: () => go(link),
          }));
  const entries = [...commands.slice(0, wanted === '' ? undefined : 4), ...hits];
  const chosen = Math.min(at, entries.length - 1);
  const waiting =
    wanted.length >= SHORTEST && (asked !== text.trim() || answers.some(({ isFetching }) => isFetching));
  const failed = answers.find(({ error }) => error !== null)?.error;

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && entries.length > 0) {
      event.preventDefault();
      setAt((chosen + step + entries.length) % entries.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      entries[chosen]?.choose();
    }
  };

  return (
    <Dialog open onOpenChange={(_event, { open }) => (open ? undefined : onClose())}>
      <DialogSurface className={styles.surface} aria-label="Search and commands">
        <DialogBody>
          <DialogTitle as="h2">Search and commands</DialogTitle>
          <DialogContent>
            <Input
              autoFocus
              style={{ width: '100%' }}
              role="combobox"
              aria-label="Search"
              aria-expanded
              aria-controls={listId}
              aria-activedescendant={entries[chosen] ? `${listId}-${chosen}` : undefined}
              placeholder="Device, user, file hash, address, URL, alert, page"
              value={text}
              contentAfter={waiting ? <Spinner size="tiny" aria-label="Searching" /> : null}
              onKeyDown={onKeyDown}
              onChange={(_event, { value }) => {
                setText(value);
                setAt(0);
              }}
            />
            {failed ? <Problem error={failed} /> : null}
            <div id={listId} role="listbox" aria-label="Found" className={styles.list}>
              {entries.map((entry, index) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the box above handles the keys
                // biome-ignore lint/a11y/useFocusableInteractive: the box above holds the focus
                <div
                  key={entry.key}
                  id={`${listId}-${index}`}
                  role="option"
                  aria-selected={index === chosen}
                  className={mergeClasses(styles.option, index === chosen && styles.active)}
                  onClick={entry.choose}
                >
                  <span className={styles.kind}>{entry.kind}</span>
                  <span className={styles.title}>
                    {entry.title}
                    {entry.detail === '' ? null : <span className={styles.detail}>{entry.detail}</span>}
                  </span>
                </div>
              ))}
            </div>
            {entries.length === 0 && !waiting ? <Text>Nothing is called so.</Text> : null}
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
