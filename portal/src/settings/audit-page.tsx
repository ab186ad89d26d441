import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { type AuditRecord, auditActors, auditOutcomes, auditQuery, fetchAudit } from '../api/audit.ts';
import { and, contains, oneOf, or } from '../api/odata.ts';
import type { Column } from '../ui/data-table.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { ListPage, pageOf } from '../ui/list-page.tsx';
import { Page } from '../ui/page.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { useListAddress } from '../ui/use-list-address.ts';

const conditionOf = (q: string, actor: readonly string[], outcome: readonly string[]) =>
  and(
    or(contains('action', q), contains('actorName', q), contains('targetId', q)),
    oneOf('actorKind', actor),
    oneOf('outcome', outcome),
  );

export function AuditPage() {
  const address = useSearch({ from: '/settings/audit' });
  const { q = '', actor = [], outcome = [] } = address;
  const change = useListAddress();
  const filter = conditionOf(q, actor, outcome);
  return (
    <Page title="Audit log" about="Who did or tried what, newest first.">
      <ListPage
        label="Audit records"
        columns={columns}
        address={address}
        onAddress={change}
        query={useQuery(auditQuery({ ...pageOf(address), filter }))}
        rowKey={({ id }) => id}
        fetchPage={(options, signal) => fetchAudit({ ...options, filter }, signal)}
        unsorted
        empty={<Empty title="No record matches these filters." />}
        filters={
          <>
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
          </>
        }
      />
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
  {
    id: 'time',
    title: 'Time',
    width: '160px',
    text: ({ time }) => time,
    cell: ({ time }) => <Time value={time} />,
  },
  {
    id: 'actor',
    title: 'Actor',
    width: '170px',
    text: ({ actorName }) => actorName,
    cell: (record) => <Actor record={record} />,
  },
  {
    id: 'action',
    title: 'Action',
    width: '150px',
    text: ({ action }) => action,
    cell: ({ action }) => action,
  },
  {
    id: 'outcome',
    title: 'Outcome',
    width: '90px',
    text: ({ outcome }) => outcome,
    cell: ({ outcome }) => (
      <Badge
        appearance="tint"
        color={outcome === 'success' ? 'success' : outcome === 'refused' ? 'warning' : 'danger'}
      >
        {outcome}
      </Badge>
    ),
  },
  {
    id: 'target',
    title: 'Target',
    width: '170px',
    text: ({ targetKind, targetId }) => [targetKind, targetId].filter(Boolean).join(' '),
    cell: (record) => <Target record={record} />,
  },
  {
    id: 'ip',
    title: 'From',
    width: '130px',
    optional: true,
    text: ({ sourceIp }) => sourceIp,
    cell: ({ sourceIp }) => sourceIp,
  },
  {
    id: 'details',
    title: 'Details',
    text: ({ details }) => details,
    cell: ({ details }) => <Details details={details} />,
  },
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
