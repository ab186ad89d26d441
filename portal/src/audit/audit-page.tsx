import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { type AuditRecord, auditActors, auditOutcomes, auditQuery } from '../api/audit.ts';
import { and, contains, oneOf, or } from '../api/odata.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { Page, Toolbar } from '../ui/page.tsx';
import { PAGE_SIZE, Pager } from '../ui/pager.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { useListAddress } from '../ui/use-list-address.ts';

export function AuditPage() {
  const { page = 1, q = '', actor = [], outcome = [] } = useSearch({ from: '/audit' });
  const change = useListAddress();
  const records = useQuery(
    auditQuery({
      filter: and(
        or(contains('action', q), contains('actorName', q), contains('targetId', q)),
        oneOf('actorKind', actor),
        oneOf('outcome', outcome),
      ),
      top: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      count: true,
    }),
  );
  return (
    <Page title="Audit log" about="Who did or tried what, newest first.">
      <Toolbar>
        <SearchBox label="Action, actor or target" value={q} onSearch={(text) => change({ q: text })} />
        <FilterMenu
          label="Actor"
          choices={auditActors}
          chosen={actor}
          onChange={(chosen) => change({ actor: chosen })}
        />
        <FilterMenu
          label="Outcome"
          choices={auditOutcomes}
          chosen={outcome}
          onChange={(chosen) => change({ outcome: chosen })}
        />
      </Toolbar>
      <Loaded query={records} label="Loading the audit log…">
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 ? (
            <Empty title="No record matches these filters." />
          ) : (
            <>
              <DataTable
                label="Audit records"
                columns={columns}
                rows={value}
                rowKey={({ id }) => id}
                stale={records.isPlaceholderData}
              />
              <Pager
                page={page}
                shown={value.length}
                total={total}
                onPage={(next) => change({ page: next })}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

const useStyles = makeStyles({
  minor: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  details: {
    margin: `${tokens.spacingVerticalXS} 0`,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  id: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  summary: { cursor: 'pointer', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
});

const columns: readonly Column<AuditRecord>[] = [
  { id: 'time', title: 'Time', width: '160px', cell: ({ time }) => <Time value={time} /> },
  { id: 'actor', title: 'Actor', width: '170px', cell: (record) => <Actor record={record} /> },
  { id: 'action', title: 'Action', width: '150px', cell: ({ action }) => action },
  {
    id: 'outcome',
    title: 'Outcome',
    width: '90px',
    cell: ({ outcome }) => (
      <Badge
        appearance="tint"
        color={outcome === 'success' ? 'success' : outcome === 'refused' ? 'warning' : 'danger'}
      >
        {outcome}
      </Badge>
    ),
  },
  { id: 'target', title: 'Target', width: '170px', cell: (record) => <Target record={record} /> },
  { id: 'details', title: 'Details', cell: ({ details }) => <Details details={details} /> },
];

function Actor({ record: { actorName, actorKind, sourceIp } }: { readonly record: AuditRecord }) {
  const styles = useStyles();
  return (
    <div>
      <div>{actorName}</div>
      <div className={styles.minor}>{[actorKind, sourceIp].filter(Boolean).join(' · ')}</div>
    </div>
  );
}

function Target({ record: { targetKind, targetId } }: { readonly record: AuditRecord }) {
  const styles = useStyles();
  if (targetId === null) return null;
  return (
    <div title={targetId}>
      {targetKind === 'machine' ? (
        <TextLink to="/devices/$deviceId" params={{ deviceId: targetId }} className={styles.id}>
          {targetId}
        </TextLink>
      ) : targetKind === 'alert' ? (
        <TextLink to="/alerts/$alertId" params={{ alertId: targetId }} className={styles.id}>
          {targetId}
        </TextLink>
      ) : (
        <span className={styles.id}>{targetId}</span>
      )}
      <div className={styles.minor}>{targetKind}</div>
    </div>
  );
}

function Details({ details }: { readonly details: AuditRecord['details'] }) {
  const styles = useStyles();
  const text = Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  if (text === '') return null;
  return (
    <details>
      <summary className={styles.summary}>{text}</summary>
      <pre className={styles.details}>{JSON.stringify(details, null, 2)}</pre>
    </details>
  );
}
