import { makeStyles, tokens } from '@fluentui/react-components';
import type { Alert } from '@merlon/contract';
import { type Column, DataTable, type Sort } from '../ui/data-table.tsx';
import { AlertStatusBadge, Level } from '../ui/levels.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { categoryText } from './category-text.ts';

const useStyles = makeStyles({
  title: { fontWeight: tokens.fontWeightSemibold },
  minor: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

const columns: readonly Column<Alert>[] = [
  { id: 'title', title: 'Alert', sortBy: 'title', cell: (alert) => <Title alert={alert} /> },
  {
    id: 'severity',
    title: 'Severity',
    width: '100px',
    sortBy: 'severity',
    cell: ({ severity }) => <Level level={severity} />,
  },
  {
    id: 'status',
    title: 'Status',
    width: '90px',
    sortBy: 'status',
    cell: ({ status }) => <AlertStatusBadge status={status} />,
  },
  {
    id: 'device',
    title: 'Device',
    width: '200px',
    sortBy: 'computerDnsName',
    cell: ({ machineId, computerDnsName }) =>
      machineId === null ? null : (
        <TextLink to="/devices/$deviceId" params={{ deviceId: machineId }}>
          {computerDnsName ?? machineId}
        </TextLink>
      ),
  },
  {
    id: 'assigned',
    title: 'Assigned to',
    width: '130px',
    sortBy: 'assignedTo',
    cell: ({ assignedTo }) => assignedTo ?? '–',
  },
  {
    id: 'last',
    title: 'Last activity',
    width: '150px',
    sortBy: 'lastEventTime',
    cell: ({ lastEventTime }) => <Time value={lastEventTime} />,
  },
];

export function AlertTable({
  alerts,
  withDevice,
  sort,
  onSort,
  stale = false,
}: {
  readonly alerts: readonly Alert[];
  readonly withDevice: boolean;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  readonly stale?: boolean;
}) {
  return (
    <DataTable
      label="Alerts"
      columns={withDevice ? columns : columns.filter(({ id }) => id !== 'device')}
      rows={alerts}
      rowKey={({ id }) => id}
      stale={stale}
      {...(sort && onSort ? { sort, onSort } : {})}
    />
  );
}

function Title({ alert: { id, title, category, mitreTechniques } }: { readonly alert: Alert }) {
  const styles = useStyles();
  return (
    <div>
      <TextLink to="/alerts/$alertId" params={{ alertId: id }} className={styles.title}>
        {title}
      </TextLink>
      <div className={styles.minor}>{[categoryText(category), ...mitreTechniques].join(' · ')}</div>
    </div>
  );
}
