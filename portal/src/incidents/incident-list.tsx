import { type Incident, incidentStatuses } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { categoryText } from '../alerts/category-text.ts';
import { fetchIncidents, incidentsQuery } from '../api/incidents.ts';
import { meQuery } from '../api/me.ts';
import { and, oneOf } from '../api/odata.ts';
import type { Column } from '../ui/data-table.tsx';
import { FilterMenu, wording } from '../ui/filter-menu.tsx';
import { IncidentStatusBadge, Level } from '../ui/levels.tsx';
import { ListPage, pageOf } from '../ui/list-page.tsx';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';
import { AssignedFilter, assignedCondition, SeverityFilter } from '../ui/triage-fields.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { BulkIncidents } from './bulk-incidents.tsx';
import { devicesOf, usersOf } from './incident-parts.ts';

const NEWEST = 'lastUpdateTime desc';
const MOST_AT_ONCE = 100;

export function IncidentList() {
  const address = useSearch({ from: '/incidents' });
  const { sort = NEWEST, severity = [], status = [], assigned } = address;
  const change = useListAddress();
  const me = useQuery(meQuery);
  const filtered = severity.length + status.length > 0 || assigned !== undefined;
  const filter = and(
    oneOf('severity', severity),
    // What became part of another incident is seen there.
    status.length === 0 ? "status ne 'Redirected'" : oneOf('status', status),
    assignedCondition(assigned, me.data?.name),
  );
  return (
    <Page title="Incidents" about="Alerts that tell of one story, together.">
      <ListPage
        label="Incidents"
        columns={columns}
        address={address}
        onAddress={change}
        defaultSort={NEWEST}
        query={useQuery(incidentsQuery({ ...pageOf(address), filter, orderBy: sort }))}
        rowKey={({ incidentId }) => String(incidentId)}
        rowName={({ incidentName }) => incidentName}
        exportPage={MOST_AT_ONCE}
        fetchPage={(options, signal) => fetchIncidents({ ...options, filter, orderBy: sort }, signal)}
        bulk={(rows, done) => <BulkIncidents incidents={rows} onDone={done} />}
        empty={
          <Empty
            title={
              filtered
                ? 'No incident matches these filters.'
                : 'No incidents. One begins with the first alert.'
            }
          />
        }
        filters={
          <>
            <SeverityFilter chosen={severity} onChange={(chosen) => change({ severity: chosen })} />
            <FilterMenu
              label="Status"
              choices={incidentStatuses}
              chosen={status}
              onChange={(chosen) => change({ status: chosen })}
            />
            <AssignedFilter assigned={assigned} onChange={(value) => change({ assigned: value })} />
          </>
        }
      />
    </Page>
  );
}

const open = ({ alerts }: Incident) => alerts.filter(({ status }) => status !== 'Resolved').length;

const columns: readonly Column<Incident>[] = [
  {
    id: 'name',
    title: 'Incident',
    text: ({ incidentName }) => incidentName,
    cell: ({ incidentId, incidentName, alerts }) => (
      <div>
        <TextLink
          to="/incidents/$incidentId"
          params={{ incidentId: String(incidentId) }}
          style={{ fontWeight: 600 }}
        >
          {incidentName}
        </TextLink>
        <div style={{ fontSize: '12px' }}>
          {[...new Set(alerts.map(({ category }) => categoryText(category)))].join(' · ')}
        </div>
      </div>
    ),
  },
  {
    id: 'severity',
    title: 'Severity',
    width: '110px',
    sortBy: 'severity',
    text: ({ severity }) => severity,
    cell: ({ severity }) => <Level level={severity} />,
  },
  {
    id: 'status',
    title: 'Status',
    width: '100px',
    sortBy: 'status',
    text: ({ status }) => status,
    cell: ({ status }) => <IncidentStatusBadge status={status} />,
  },
  {
    id: 'alerts',
    title: 'Active alerts',
    width: '100px',
    text: (incident) => `${open(incident)}/${incident.alerts.length}`,
    cell: (incident) => `${open(incident)} of ${incident.alerts.length}`,
  },
  {
    id: 'devices',
    title: 'Devices',
    width: '150px',
    text: (incident) =>
      devicesOf(incident)
        .map(({ name }) => name)
        .join('; '),
    cell: (incident) => <Devices incident={incident} />,
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
    title: 'Last change',
    width: '110px',
    sortBy: 'lastUpdateTime',
    text: ({ lastUpdateTime }) => lastUpdateTime,
    cell: ({ lastUpdateTime }) => <Ago value={lastUpdateTime} />,
  },
  {
    id: 'created',
    title: 'Began',
    width: '150px',
    sortBy: 'createdTime',
    optional: true,
    text: ({ createdTime }) => createdTime,
    cell: ({ createdTime }) => <Time value={createdTime} />,
  },
  {
    id: 'users',
    title: 'Users',
    width: '140px',
    optional: true,
    text: (incident) => usersOf(incident).join('; '),
    cell: (incident) => usersOf(incident).join(', ') || '–',
  },
  {
    id: 'classification',
    title: 'Classification',
    width: '130px',
    optional: true,
    text: ({ classification }) => classification,
    cell: ({ classification }) => (classification === 'Unknown' ? '–' : wording(classification)),
  },
  {
    id: 'tags',
    title: 'Tags',
    width: '130px',
    optional: true,
    text: ({ tags }) => tags.join('; '),
    cell: ({ tags }) => tags.join(', ') || '–',
  },
];

function Devices({ incident }: { readonly incident: Incident }) {
  const [first, ...more] = devicesOf(incident);
  if (!first) return <>–</>;
  return (
    <>
      <TextLink to="/devices/$deviceId" params={{ deviceId: first.id }}>
        {first.name}
      </TextLink>
      {more.length === 0 ? null : ` and ${more.length} more`}
    </>
  );
}
