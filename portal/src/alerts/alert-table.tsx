import { makeStyles, tokens } from '@fluentui/react-components';
import type { Alert } from '@merlon/contract';
import { type Column, DataTable, type Sort } from '../ui/data-table.tsx';
import { wording } from '../ui/filter-menu.tsx';
import { AlertStatusBadge, Level } from '../ui/levels.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { categoryText } from './category-text.ts';

const useStyles = makeStyles({
  title: { fontWeight: tokens.fontWeightSemibold },
  minor: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

export const alertColumns: readonly Column<Alert>[] = [
  {
    id: 'title',
    title: 'Alert',
    sortBy: 'title',
    text: ({ title }) => title,
    cell: (alert) => <Title alert={alert} />,
  },
  {
    id: 'severity',
    title: 'Severity',
    width: '100px',
    sortBy: 'severity',
    text: ({ severity }) => severity,
    cell: ({ severity }) => <Level level={severity} />,
  },
  {
    id: 'status',
    title: 'Status',
    width: '90px',
    sortBy: 'status',
    text: ({ status }) => status,
    cell: ({ status }) => <AlertStatusBadge status={status} />,
  },
  {
    id: 'device',
    title: 'Device',
    width: '200px',
    sortBy: 'computerDnsName',
    text: ({ computerDnsName, machineId }) => computerDnsName ?? machineId,
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
    text: ({ assignedTo }) => assignedTo,
    cell: ({ assignedTo }) => assignedTo ?? '–',
  },
  {
    id: 'last',
    title: 'Last activity',
    width: '150px',
    sortBy: 'lastEventTime',
    text: ({ lastEventTime }) => lastEventTime,
    cell: ({ lastEventTime }) => <Time value={lastEventTime} />,
  },
  {
    id: 'incident',
    title: 'Incident',
    width: '90px',
    sortBy: 'incidentId',
    optional: true,
    text: ({ incidentId }) => incidentId,
    cell: ({ incidentId }) =>
      incidentId === null ? null : (
        <TextLink to="/incidents/$incidentId" params={{ incidentId: String(incidentId) }}>
          {incidentId}
        </TextLink>
      ),
  },
  {
    id: 'category',
    title: 'Category',
    width: '150px',
    sortBy: 'category',
    optional: true,
    text: ({ category }) => category,
    cell: ({ category }) => categoryText(category),
  },
  {
    id: 'source',
    title: 'Source',
    width: '140px',
    sortBy: 'detectionSource',
    optional: true,
    text: ({ detectionSource }) => detectionSource,
    cell: ({ detectionSource }) => detectionSource,
  },
  {
    id: 'user',
    title: 'User',
    width: '140px',
    optional: true,
    text: ({ relatedUser }) => relatedUser?.userName,
    cell: ({ relatedUser }) => relatedUser?.userName ?? '–',
  },
  {
    id: 'classification',
    title: 'Classification',
    width: '130px',
    optional: true,
    text: ({ classification }) => classification,
    cell: ({ classification }) => (classification === null ? '–' : wording(classification)),
  },
  {
    id: 'investigation',
    title: 'Investigation',
    width: '130px',
    optional: true,
    text: ({ investigationState }) => investigationState,
    cell: ({ investigationState }) => (investigationState === null ? '–' : wording(investigationState)),
  },
  {
    id: 'first',
    title: 'First activity',
    width: '150px',
    sortBy: 'firstEventTime',
    optional: true,
    text: ({ firstEventTime }) => firstEventTime,
    cell: ({ firstEventTime }) => <Time value={firstEventTime} />,
  },
  {
    id: 'created',
    title: 'Raised',
    width: '150px',
    sortBy: 'alertCreationTime',
    optional: true,
    text: ({ alertCreationTime }) => alertCreationTime,
    cell: ({ alertCreationTime }) => <Time value={alertCreationTime} />,
  },
];

export function AlertTable({
  alerts,
  withDevice,
  narrow = false,
  sort,
  onSort,
  stale = false,
}: {
  readonly alerts: readonly Alert[];
  readonly withDevice: boolean;
  /** In little room: what is seen at once is left out. */
  readonly narrow?: boolean;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  readonly stale?: boolean;
}) {
  return (
    <DataTable
      label="Alerts"
      columns={alertColumns.filter(
        ({ id }) => (withDevice || id !== 'device') && !(narrow && id === 'assigned'),
      )}
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
