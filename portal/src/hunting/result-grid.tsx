// biome-ignore-all lint/a11y: a grid whose rows are placed by hand cannot be made of table elements; the grid itself holds focus and keys
/** A result: sortable columns, rows drawn only while in sight, and the whole of the chosen row beside it. */
import {
  Button,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  Text,
  tokens,
} from '@fluentui/react-components';
import type { HuntingResult } from '@merlon/contract';
import type { LinkProps } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { usePreferences } from '../preferences.ts';
import { textOf } from '../timeline/describe-event.ts';
import { CopyButton } from '../ui/commands.tsx';
import { Facts } from '../ui/facts.tsx';
import { AddRegular, DismissRegular } from '../ui/icons.ts';
import { PageLink } from '../ui/text-link.tsx';
import { timeText } from '../ui/time-text.ts';
import { conditionOn } from './add-to-query.ts';
import { columnWidths } from './column-widths.ts';
import { type ResultRow, sortRows } from './sort-rows.ts';

const ROW_HEIGHT = 30;

const useStyles = makeStyles({
  split: {
    display: 'flex',
    flexGrow: 1,
    flexShrink: 0,
    flexBasis: 0,
    minHeight: '220px',
    gap: tokens.spacingHorizontalM,
  },
  scroll: {
    flexGrow: 1,
    minWidth: 0,
    overflow: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    fontSize: tokens.fontSizeBase200,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  head: {
    position: 'sticky',
    top: 0,
    zIndex: 1,
    display: 'grid',
    backgroundColor: tokens.colorNeutralBackground2,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  headCell: {
    border: 'none',
    background: 'none',
    width: '100%',
    height: '32px',
    padding: '0 8px',
    textAlign: 'left',
    cursor: 'pointer',
    color: tokens.colorNeutralForeground1,
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    ':hover': { backgroundColor: tokens.colorNeutralBackground2Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  row: {
    position: 'absolute',
    left: 0,
    display: 'grid',
    height: `${ROW_HEIGHT}px`,
    alignItems: 'center',
    boxSizing: 'border-box',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  chosen: { backgroundColor: tokens.colorNeutralBackground1Selected },
  cell: { padding: '0 8px', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  nothing: { color: tokens.colorNeutralForeground4 },
  pane: {
    width: '320px',
    boxSizing: 'border-box',
    flexShrink: 0,
    overflow: 'auto',
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  paneHead: { display: 'flex', alignItems: 'center', marginBottom: tokens.spacingVerticalM },
  grow: { flexGrow: 1 },
});

export interface ResultGridProps {
  readonly result: HuntingResult;
  /** Of all rows, those to show. */
  readonly rows: readonly ResultRow[];
  /** Adds a condition to the query behind the result. */
  onCondition(condition: string): void;
}

export function ResultGrid({ result, rows: given, onCondition }: ResultGridProps) {
  const styles = useStyles();
  const { Schema } = result;
  const [sort, setSort] = useState<{ index: number; descending: boolean } | null>(null);
  const [chosen, setChosen] = useState<ResultRow | null>(null);
  const rows = useMemo(() => {
    const column = sort ? Schema[sort.index] : undefined;
    return sort && column ? sortRows(given, column, sort.descending) : given;
  }, [Schema, given, sort]);
  const widths = useMemo(() => columnWidths(result), [result]);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const template = widths.map((width) => `${width}px`).join(' ');

  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin: 33,
    scrollPaddingStart: 40,
  });

  const at = chosen ? rows.indexOf(chosen) : -1;
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (step === undefined || event.target !== scroll.current) return;
    const to = Math.max(0, Math.min(rows.length - 1, at + step));
    event.preventDefault();
    setChosen(rows[to] ?? null);
    virtual.scrollToIndex(to);
  };

  return (
    <div className={styles.split}>
      <div
        ref={scroll}
        className={styles.scroll}
        role="grid"
        aria-label="Result"
        aria-rowcount={rows.length + 1}
        aria-colcount={Schema.length}
        aria-activedescendant={at >= 0 ? `row-${at}` : undefined}
        tabIndex={0}
        onKeyDown={move}
      >
        <div
          className={styles.head}
          role="row"
          style={{ gridTemplateColumns: template, width: total, minWidth: '100%' }}
        >
          {Schema.map(({ Name, Type }, index) => {
            const own = sort?.index === index ? sort : null;
            return (
              <div
                key={Name}
                role="columnheader"
                aria-sort={own ? (own.descending ? 'descending' : 'ascending') : 'none'}
              >
                <button
                  type="button"
                  className={styles.headCell}
                  title={`${Name}: ${Type}`}
                  onClick={() => setSort({ index, descending: own ? !own.descending : false })}
                >
                  {Name} {own ? (own.descending ? '↓' : '↑') : ''}
                </button>
              </div>
            );
          })}
        </div>
        <div style={{ position: 'relative', height: virtual.getTotalSize(), width: total, minWidth: '100%' }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return row ? (
              <div
                key={index}
                id={`row-${index}`}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={row === chosen}
                className={mergeClasses(styles.row, row === chosen && styles.chosen)}
                style={{
                  gridTemplateColumns: template,
                  width: total,
                  minWidth: '100%',
                  transform: `translateY(${start - 33}px)`,
                }}
                onClick={() => setChosen(row)}
              >
                {Schema.map(({ Name, Type }) => (
                  <Cell key={Name} name={Name} type={Type} value={row[Name]} />
                ))}
              </div>
            ) : null;
          })}
        </div>
      </div>
      {chosen ? (
        <aside className={styles.pane} aria-label="Row">
          <div className={styles.paneHead}>
            <Text weight="semibold" className={styles.grow}>
              Row {at + 1}
            </Text>
            <CopyButton text={JSON.stringify(chosen, null, 2)} label="Copy the row as JSON" />
            <Button
              appearance="subtle"
              size="small"
              icon={<DismissRegular />}
              aria-label="Close"
              onClick={() => setChosen(null)}
            />
          </div>
          <Facts
            facts={Schema.map(
              ({ Name, Type }) =>
                [
                  Name,
                  <Value key={Name} name={Name} type={Type} value={chosen[Name]} onCondition={onCondition} />,
                ] as const,
            )}
          />
        </aside>
      ) : null}
    </div>
  );
}

/** A value of the chosen row, with the conditions that can be made of it. */
function Value({
  name,
  type,
  value,
  onCondition,
}: {
  readonly name: string;
  readonly type: HuntingResult['Schema'][number]['Type'];
  readonly value: unknown;
  onCondition(condition: string): void;
}) {
  const keep = conditionOn(name, type, value, true);
  const leave = conditionOn(name, type, value, false);
  return (
    <span style={{ display: 'flex', alignItems: 'flex-start', gap: 4 }}>
      <span style={{ flexGrow: 1, overflowWrap: 'anywhere' }}>{textOf(value) || '–'}</span>
      {keep === null || leave === null ? null : (
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <Button
              size="small"
              appearance="subtle"
              icon={<AddRegular />}
              aria-label={`Add ${name} to the query`}
              title="Add to query"
            />
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              <MenuItem onClick={() => onCondition(keep)}>Add to query: only this</MenuItem>
              <MenuItem onClick={() => onCondition(leave)}>Add to query: not this</MenuItem>
            </MenuList>
          </MenuPopover>
        </Menu>
      )}
    </span>
  );
}

const entityPages: Readonly<Record<string, (text: string) => LinkProps>> = {
  DeviceId: (deviceId) => ({ to: '/devices/$deviceId', params: { deviceId } }),
  DeviceName: (deviceId) => ({ to: '/devices/$deviceId', params: { deviceId } }),
  AlertId: (alertId) => ({ to: '/alerts/$alertId', params: { alertId } }),
  SHA1: (hash) => ({ to: '/files/$hash', params: { hash } }),
  SHA256: (hash) => ({ to: '/files/$hash', params: { hash } }),
  RemoteIP: (address) => ({ to: '/ips/$address', params: { address } }),
  AccountName: (user) => ({ to: '/users/$user', params: { user } }),
};

function Cell({
  name,
  type,
  value,
}: {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
}) {
  const styles = useStyles();
  const { zone } = usePreferences();
  const text = textOf(value);
  const link = text === '' ? null : entityPages[name]?.(text);
  return (
    <div role="gridcell" className={mergeClasses(styles.cell, text === '' && styles.nothing)} title={text}>
      {text === '' ? null : link ? (
        <PageLink link={link}>{text}</PageLink>
      ) : type === 'DateTime' ? (
        timeText(text, zone, true)
      ) : (
        text
      )}
    </div>
  );
}
