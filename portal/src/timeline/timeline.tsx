/** Everything a device reported, newest first. Rows are drawn only while they are in sight. */
import {
  Button,
  Input,
  makeStyles,
  mergeClasses,
  Select,
  Spinner,
  Text,
  tokens,
} from '@fluentui/react-components';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ComponentType, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { hunt } from '../api/hunting.ts';
import { usePreferences } from '../preferences.ts';
import type { Column } from '../ui/data-table.tsx';
import { ExportButton } from '../ui/export-button.tsx';
import { Facts } from '../ui/facts.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import {
  ArrowClockwiseRegular,
  BoxRegular,
  DismissRegular,
  DocumentRegular,
  FlashRegular,
  GlobeRegular,
  KeyRegular,
  PulseRegular,
  WindowRegular,
} from '../ui/icons.ts';
import { Toolbar } from '../ui/page.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty, Problem, Waiting } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { timeText } from '../ui/time-text.ts';
import { useListAddress } from '../ui/use-list-address.ts';
import { describeEvent, type EventKind, textOf } from './describe-event.ts';
import {
  type Cursor,
  eventQuery,
  type TimelineQuestion,
  type TimelineRow,
  type TimelineTable,
  timelineQuery,
  timelineTableNames,
  timelineTables,
} from './timeline-query.ts';

const PAGE_ROWS = 200;
const EXPORT_ROWS = 2_000;
const ROW_HEIGHT = 44;

const useStyles = makeStyles({
  frame: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    flexGrow: 1,
    minHeight: 0,
  },
  split: { display: 'flex', flexGrow: 1, minHeight: 0, gap: tokens.spacingHorizontalM },
  scroll: {
    flexGrow: 1,
    minWidth: 0,
    overflow: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    outline: 'none',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  canvas: { position: 'relative', width: '100%' },
  row: {
    position: 'absolute',
    left: 0,
    right: 0,
    height: `${ROW_HEIGHT}px`,
    boxSizing: 'border-box',
    display: 'grid',
    gridTemplateColumns: '176px 24px minmax(0, 1fr)',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalS,
    padding: `0 ${tokens.spacingHorizontalM}`,
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  chosen: { backgroundColor: tokens.colorNeutralBackground1Selected },
  time: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
  },
  icon: { fontSize: '18px', color: tokens.colorNeutralForeground3 },
  sentence: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  detail: {
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  foot: { display: 'flex', justifyContent: 'center', padding: tokens.spacingVerticalS },
  pane: {
    width: '320px',
    boxSizing: 'border-box',
    flexShrink: 0,
    overflow: 'auto',
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
  },
  paneHead: { display: 'flex', alignItems: 'flex-start', gap: tokens.spacingHorizontalS },
  grow: { flexGrow: 1, overflowWrap: 'anywhere' },
});

const icons: Record<EventKind, ComponentType<{ className?: string }>> = {
  process: WindowRegular,
  network: GlobeRegular,
  file: DocumentRegular,
  registry: BoxRegular,
  logon: KeyRegular,
  image: FlashRegular,
  other: PulseRegular,
};

const ranges = [
  [1, 'Last day'],
  [7, 'Last week'],
  [30, 'Last 30 days'],
] as const;

const titles = Object.fromEntries(
  timelineTableNames.map((name) => [timelineTables[name].title, name]),
) as Record<string, TimelineTable>;

/** Filters and place are in the address of the device page. */
export function Timeline({ deviceId }: { readonly deviceId: string }) {
  const styles = useStyles();
  const address = useSearch({ from: '/devices/$deviceId' });
  const change = useListAddress();
  const { q: text = '', kind = [], until = null } = address;
  const days = ranges.find(([value]) => String(value) === address.days)?.[0] ?? 30;
  const [chosen, setChosen] = useState<TimelineRow | null>(null);
  const tables = useMemo(
    () =>
      kind.length === 0
        ? timelineTableNames
        : timelineTableNames.filter((name) => kind.includes(timelineTables[name].title)),
    [kind],
  );
  const question = { deviceId, tables, text, days, until };
  const events = useInfiniteQuery({
    queryKey: ['timeline', question],
    queryFn: async ({ pageParam, signal }) => {
      const { Results } = await hunt(
        timelineQuery({ ...question, after: pageParam, rows: PAGE_ROWS }),
        signal,
      );
      // The query itself projects these columns.
      return Results as unknown as readonly TimelineRow[];
    },
    initialPageParam: null as Cursor | null,
    getNextPageParam: (page) => (page.length < PAGE_ROWS ? undefined : page.at(-1)),
    // Older pages hold still: only a deliberate refresh asks again.
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => events.data?.pages.flat() ?? [], [events.data]);

  return (
    <div className={styles.frame}>
      <Toolbar>
        <SearchBox label="Text in the event" value={text} onSearch={(q) => change({ q })} />
        <FilterMenu
          label="Kind"
          choices={Object.keys(titles)}
          chosen={kind}
          onChange={(next) => change({ kind: next })}
        />
        <Select
          aria-label="Time range"
          value={String(days)}
          onChange={(_event, { value }) => change({ days: value === '30' ? undefined : value })}
        >
          {ranges.map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </Select>
        <Button
          appearance="subtle"
          icon={
            events.isRefetching && !events.isFetchingNextPage ? (
              <Spinner size="tiny" />
            ) : (
              <ArrowClockwiseRegular />
            )
          }
          onClick={() => void events.refetch()}
        >
          Refresh
        </Button>
        <JumpTo until={until} onJump={(moment) => change({ until: moment })} />
        <ExportButton
          what="timeline"
          columns={exported}
          pageSize={EXPORT_ROWS}
          fetchPage={pagesOf(question)}
        />
      </Toolbar>
      {events.error ? <Problem error={events.error} onRetry={() => void events.refetch()} /> : null}
      {events.isPending ? (
        <Waiting label="Reading events…" />
      ) : rows.length === 0 ? (
        events.error ? null : (
          <Empty title="No events in this range.">
            {text !== '' || kind.length > 0 ? <Text>Another filter may show some.</Text> : null}
          </Empty>
        )
      ) : (
        <div className={styles.split}>
          <EventList
            rows={rows}
            chosen={chosen}
            onChoose={setChosen}
            more={events.hasNextPage}
            loading={events.isFetchingNextPage}
            onMore={() => void events.fetchNextPage()}
          />
          {chosen ? <EventPane deviceId={deviceId} row={chosen} onClose={() => setChosen(null)} /> : null}
        </div>
      )}
    </div>
  );
}

/** Goes to a moment, from which the timeline reaches back; no moment: now. */
function JumpTo({
  until,
  onJump,
}: {
  readonly until: string | null;
  onJump(moment: string | undefined): void;
}) {
  const { zone } = usePreferences();
  const local = until === null ? '' : timeText(until, zone).replace(' ', 'T').slice(0, 16);
  return (
    <>
      <Input
        type="datetime-local"
        aria-label="Jump to"
        title="Jump to"
        value={local}
        onChange={(_event, { value }) => {
          const moment = value === '' ? null : new Date(zone === 'utc' ? `${value}Z` : value);
          onJump(moment === null || Number.isNaN(moment.getTime()) ? undefined : moment.toISOString());
        }}
      />
      {until === null ? null : <Button onClick={() => onJump(undefined)}>Show to now</Button>}
    </>
  );
}

/** The timeline page after page, from its newest row on, whatever was read of it before. */
function pagesOf(question: Omit<TimelineQuestion, 'after' | 'rows'>) {
  let after: Cursor | null = null;
  return async ({ top = EXPORT_ROWS, skip }: { top?: number; skip?: number }, signal: AbortSignal) => {
    if (!skip) after = null;
    const { Results } = await hunt(timelineQuery({ ...question, after, rows: top }), signal);
    // The query itself projects these columns.
    const value = Results as unknown as readonly TimelineRow[];
    after = value.at(-1) ?? null;
    return { value };
  };
}

const exported: readonly Column<TimelineRow>[] = [
  ['Timestamp', (row: TimelineRow) => row.Timestamp],
  ['Table', (row: TimelineRow) => row.Table],
  ['Action', (row: TimelineRow) => row.ActionType],
  ['Event', (row: TimelineRow) => describeEvent(row).sentence],
  ['Detail', (row: TimelineRow) => describeEvent(row).detail],
  ['Process', (row: TimelineRow) => textOf(row.InitiatingProcessFileName)],
  ['Command line', (row: TimelineRow) => textOf(row.InitiatingProcessCommandLine)],
  ['Report', (row: TimelineRow) => row.ReportId],
].map(([title, text]) => ({
  id: String(title),
  title: String(title),
  text: text as (row: TimelineRow) => unknown,
  cell: () => null,
}));

interface EventListProps {
  readonly rows: readonly TimelineRow[];
  readonly chosen: TimelineRow | null;
  onChoose(row: TimelineRow): void;
  readonly more: boolean;
  readonly loading: boolean;
  onMore(): void;
}

function EventList({ rows, chosen, onChoose, more, loading, onMore }: EventListProps) {
  const styles = useStyles();
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && !loading && last >= rows.length - 20) onMore();
  }, [more, loading, last, rows.length, onMore]);

  const at = chosen ? rows.indexOf(chosen) : -1;
  const move = (event: KeyboardEvent) => {
    const to =
      event.key === 'ArrowDown'
        ? Math.min(at + 1, rows.length - 1)
        : event.key === 'ArrowUp'
          ? Math.max(at - 1, 0)
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? rows.length - 1
              : -1;
    const row = rows[to];
    if (!row) return;
    event.preventDefault();
    onChoose(row);
    virtual.scrollToIndex(to);
  };

  return (
    <div
      ref={scroll}
      className={styles.scroll}
      role="listbox"
      aria-label="Events, newest first"
      aria-activedescendant={at >= 0 ? `event-${at}` : undefined}
      tabIndex={0}
      onKeyDown={move}
    >
      <div className={styles.canvas} style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          return row ? (
            <EventRow
              key={index}
              index={index}
              row={row}
              top={start}
              chosen={row === chosen}
              onChoose={() => onChoose(row)}
            />
          ) : null;
        })}
      </div>
      <div className={styles.foot}>
        {loading ? (
          <Spinner size="tiny" label="Loading older events…" />
        ) : more ? (
          <Button onClick={onMore}>Load more</Button>
        ) : (
          <Text size={200}>No older events in this range.</Text>
        )}
      </div>
    </div>
  );
}

interface EventRowProps {
  readonly index: number;
  readonly row: TimelineRow;
  readonly top: number;
  readonly chosen: boolean;
  onChoose(): void;
}

function EventRow({ index, row, top, chosen, onChoose }: EventRowProps) {
  const styles = useStyles();
  const { kind, sentence, detail } = describeEvent(row);
  const Icon = icons[kind];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the listbox around it handles the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the listbox around it holds the focus
    <div
      id={`event-${index}`}
      role="option"
      aria-selected={chosen}
      className={mergeClasses(styles.row, chosen && styles.chosen)}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onChoose}
    >
      <span className={styles.time}>
        <Time value={row.Timestamp} fine />
      </span>
      <Icon className={styles.icon} />
      <div style={{ minWidth: 0 }}>
        <div className={styles.sentence}>{sentence}</div>
        {detail === '' ? null : <div className={styles.detail}>{detail}</div>}
      </div>
    </div>
  );
}

function EventPane({
  deviceId,
  row,
  onClose,
}: {
  readonly deviceId: string;
  readonly row: TimelineRow;
  onClose(): void;
}) {
  const styles = useStyles();
  const query = eventQuery(deviceId, row);
  const whole = useQuery({
    queryKey: ['event', query],
    queryFn: async ({ signal }) => (await hunt(query, signal)).Results[0] ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const columns = Object.entries(whole.data ?? row).filter(([name]) => name !== 'Table');
  return (
    <aside className={styles.pane} aria-label="Event">
      <div className={styles.paneHead}>
        <Text weight="semibold" className={styles.grow}>
          {describeEvent(row).sentence}
        </Text>
        <Button
          appearance="subtle"
          size="small"
          icon={<DismissRegular />}
          aria-label="Close"
          onClick={onClose}
        />
      </div>
      <TextLink to="/hunting" search={{ query, run: true }}>
        Open in hunting
      </TextLink>
      {whole.error ? <Problem error={whole.error} /> : null}
      <Facts
        facts={[['Table', row.Table], ...columns.map(([name, value]) => [name, textOf(value)] as const)]}
      />
    </aside>
  );
}
