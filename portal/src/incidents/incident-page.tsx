import { Badge, makeStyles, Tab, TabList, tokens } from '@fluentui/react-components';
import type { Incident } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { entityLink, entityText } from '../alerts/entity-text.ts';
import { incidentQuery } from '../api/incidents.ts';
import type { IncidentTab } from '../router.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Facts } from '../ui/facts.tsx';
import { wording } from '../ui/filter-menu.tsx';
import { AlertStatusBadge, IncidentStatusBadge, Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { IncidentForm } from './incident-form.tsx';
import {
  devicesOf,
  type EvidenceRow,
  evidenceOf,
  type IncidentDeviceRow,
  usersOf,
} from './incident-parts.ts';

const NARROW = '@media (max-width: 1080px)';

const useStyles = makeStyles({
  body: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 300px',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  column: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  about: { display: 'inline-flex', gap: tokens.spacingHorizontalM, alignItems: 'center', flexWrap: 'wrap' },
});

export function IncidentPage() {
  const { incidentId } = useParams({ from: '/incidents/$incidentId' });
  const incident = useQuery(incidentQuery(incidentId));
  const leadsTo = incident.data?.redirectIncidentId;
  if (leadsTo != null)
    return <Navigate to="/incidents/$incidentId" params={{ incidentId: String(leadsTo) }} replace />;
  return incident.data ? (
    <OneIncident incident={incident.data} />
  ) : (
    <Page title="Incident">
      <Loaded query={incident} label="Loading the incident…">
        {() => null}
      </Loaded>
    </Page>
  );
}

function OneIncident({ incident }: { readonly incident: Incident }) {
  const styles = useStyles();
  const { tab = 'alerts' } = useSearch({ from: '/incidents/$incidentId' });
  const navigate = useNavigate();
  const devices = devicesOf(incident);
  const users = usersOf(incident);
  const evidence = evidenceOf(incident);
  return (
    <Page
      title={incident.incidentName}
      about={
        <span className={styles.about}>
          <Level level={incident.severity} />
          <IncidentStatusBadge status={incident.status} />
          <span>Incident {incident.incidentId}</span>
          {incident.tags.map((tag) => (
            <Badge key={tag} appearance="outline">
              {tag}
            </Badge>
          ))}
        </span>
      }
    >
      <div className={styles.body}>
        <div className={styles.column}>
          <TabList
            selectedValue={tab}
            onTabSelect={(_event, { value }) =>
              void navigate({
                to: '/incidents/$incidentId',
                params: { incidentId: String(incident.incidentId) },
                search: { tab: value as IncidentTab },
                replace: true,
              })
            }
          >
            <Tab value="alerts">Alerts ({incident.alerts.length})</Tab>
            <Tab value="devices">Devices ({devices.length})</Tab>
            <Tab value="users">Users ({users.length})</Tab>
            <Tab value="evidence">Evidence ({evidence.length})</Tab>
          </TabList>
          <div role="tabpanel" aria-label={tab}>
            {tab === 'alerts' ? (
              <DataTable
                label="Alerts of the incident"
                columns={alertColumns}
                rows={incident.alerts.toSorted((a, b) => (a.firstActivity < b.firstActivity ? -1 : 1))}
                rowKey={({ alertId }) => alertId}
              />
            ) : tab === 'devices' ? (
              <DataTable
                label="Devices of the incident"
                columns={deviceColumns}
                rows={devices}
                rowKey={({ id }) => id}
              />
            ) : tab === 'users' ? (
              users.length === 0 ? (
                <Empty title="Its alerts name no user." />
              ) : (
                <DataTable
                  label="Users of the incident"
                  columns={userColumns}
                  rows={users}
                  rowKey={(user) => user}
                />
              )
            ) : evidence.length === 0 ? (
              <Empty title="Its alerts have no evidence." />
            ) : (
              <DataTable
                label="Evidence of the incident"
                columns={evidenceColumns}
                rows={evidence}
                rowKey={({ key }) => key}
              />
            )}
          </div>
        </div>
        <div className={styles.column}>
          <IncidentForm key={incident.incidentId} incident={incident} />
          <Facts
            facts={[
              ['Began', <Time key="began" value={incident.createdTime} />],
              ['Last change', <Time key="changed" value={incident.lastUpdateTime} />],
            ]}
          />
        </div>
      </div>
    </Page>
  );
}

const alertColumns: readonly Column<Incident['alerts'][number]>[] = [
  {
    id: 'title',
    title: 'Alert',
    cell: ({ alertId, title, linkReasons }) => (
      <div>
        <TextLink to="/alerts/$alertId" params={{ alertId }} style={{ fontWeight: 600 }}>
          {title}
        </TextLink>
        {linkReasons.length === 0 ? null : (
          <div style={{ fontSize: '12px' }}>
            linked by {linkReasons.map(wording).join(', ').toLowerCase()}
          </div>
        )}
      </div>
    ),
  },
  { id: 'severity', title: 'Severity', width: '110px', cell: ({ severity }) => <Level level={severity} /> },
  {
    id: 'status',
    title: 'Status',
    width: '100px',
    cell: ({ status }) => <AlertStatusBadge status={status} />,
  },
  {
    id: 'device',
    title: 'Device',
    width: '180px',
    cell: ({ devices: [device] }) =>
      device ? (
        <TextLink to="/devices/$deviceId" params={{ deviceId: device.mdatpDeviceId }}>
          {device.deviceDnsName ?? device.mdatpDeviceId}
        </TextLink>
      ) : null,
  },
  {
    id: 'first',
    title: 'First activity',
    width: '160px',
    cell: ({ firstActivity }) => <Time value={firstActivity} />,
  },
];

const deviceColumns: readonly Column<IncidentDeviceRow>[] = [
  {
    id: 'name',
    title: 'Device',
    cell: ({ id, name }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: id }}>
        {name}
      </TextLink>
    ),
  },
  { id: 'os', title: 'System', cell: ({ osPlatform }) => osPlatform ?? '–' },
  { id: 'risk', title: 'Risk', width: '120px', cell: ({ riskScore }) => <Level level={riskScore} /> },
  { id: 'alerts', title: 'Alerts', width: '90px', cell: ({ alerts }) => alerts },
];

const userColumns: readonly Column<string>[] = [
  {
    id: 'user',
    title: 'User',
    cell: (user) => (
      <TextLink to="/users/$user" params={{ user }}>
        {user}
      </TextLink>
    ),
  },
];

const evidenceColumns: readonly Column<EvidenceRow>[] = [
  { id: 'kind', title: 'Kind', width: '100px', cell: ({ evidence }) => evidence.entityType },
  {
    id: 'what',
    title: 'Entity',
    cell: ({ evidence }) => {
      const link = entityLink(evidence);
      const text = entityText(evidence);
      return link === null ? <span title={text}>{text}</span> : <TextLink {...link}>{text}</TextLink>;
    },
  },
  {
    id: 'verdict',
    title: 'Became of it',
    width: '130px',
    cell: ({ evidence }) => evidence.detectionStatus ?? '–',
  },
  { id: 'alerts', title: 'Alerts', width: '220px', cell: ({ alerts }) => alerts.join(', ') },
];
