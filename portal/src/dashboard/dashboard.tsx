/** Security operations at a glance. Every figure leads to the list that it counts. */
import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { alertsQuery } from '../api/alerts.ts';
import { approvalsQuery } from '../api/machine-actions.ts';
import { usePreferences } from '../preferences.ts';
import { Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { usePermission } from '../ui/permission.tsx';
import { Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago } from '../ui/time.tsx';
import { timeText } from '../ui/time-text.ts';
import {
  activeAlertsQuery,
  activeIncidentsQuery,
  devicesAtRiskQuery,
  ingestKql,
  ingestQuery,
  reportingKql,
  reportingQuery,
  sensorHealthQuery,
  serviceHealthQuery,
  usersAtRiskKql,
  usersAtRiskQuery,
} from './figures.ts';
import { Tile } from './tile.tsx';

const useStyles = makeStyles({
  tiles: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(300px, 1fr))',
    gap: tokens.spacingHorizontalL,
    alignItems: 'stretch',
  },
  table: {
    borderCollapse: 'collapse',
    width: '100%',
    '& th': {
      fontWeight: tokens.fontWeightRegular,
      textAlign: 'left',
      color: tokens.colorNeutralForeground2,
      padding: '3px 0',
    },
    '& td': { textAlign: 'right', padding: '3px 0' },
    '& thead th': { fontSize: tokens.fontSizeBase200, textAlign: 'right' },
    '& thead th:first-child': { textAlign: 'left' },
  },
  list: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gap: tokens.spacingVerticalS,
    '& li': { display: 'flex', justifyContent: 'space-between', gap: tokens.spacingHorizontalM },
  },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  minor: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, margin: 0 },
  big: { fontSize: tokens.fontSizeHero800, lineHeight: 1.1, fontWeight: tokens.fontWeightSemibold },
  bars: { display: 'flex', alignItems: 'flex-end', gap: '2px', height: '72px', margin: 0, padding: 0 },
  bar: {
    flexGrow: 1,
    minWidth: '2px',
    maxWidth: '18px',
    backgroundColor: tokens.colorBrandBackground,
    borderRadius: '2px 2px 0 0',
  },
});

export function Dashboard() {
  const styles = useStyles();
  return (
    <Page title="Dashboard" about="Security operations at a glance.">
      <div className={styles.tiles}>
        <ActiveAlerts />
        <ActiveIncidents />
        <RecentAlerts />
        <DevicesAtRisk />
        <UsersAtRisk />
        <SensorHealth />
        <Reporting />
        <Ingest />
        <ServiceHealth />
      </div>
    </Page>
  );
}

function ActiveAlerts() {
  const styles = useStyles();
  return (
    <Tile title="Active alerts" link={{ to: '/alerts', search: { status: ['New', 'InProgress'] } }}>
      <Loaded query={useQuery(activeAlertsQuery)} label="Counting alerts…">
        {({ bySeverity, unowned }) => (
          <>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Severity</th>
                  <th scope="col">New</th>
                  <th scope="col">In progress</th>
                </tr>
              </thead>
              <tbody>
                {bySeverity.map(({ severity, fresh, begun }) => (
                  <tr key={severity}>
                    <th scope="row">
                      <Level level={severity} />
                    </th>
                    {(
                      [
                        ['New', fresh],
                        ['InProgress', begun],
                      ] as const
                    ).map(([status, count]) => (
                      <td key={status}>
                        <TextLink
                          to="/alerts"
                          search={{ severity: [severity], status: [status] }}
                          aria-label={`${count} ${severity} alerts ${status === 'New' ? 'new' : 'in progress'}`}
                        >
                          {count}
                        </TextLink>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            <p className={styles.minor}>
              <TextLink to="/alerts" search={{ assigned: 'nobody', status: ['New', 'InProgress'] }}>
                {unowned} assigned to nobody
              </TextLink>
            </p>
          </>
        )}
      </Loaded>
    </Tile>
  );
}

function ActiveIncidents() {
  const styles = useStyles();
  const { allowed } = usePermission('ActiveRemediation.SecurityOperations');
  const approvals = useQuery({ ...approvalsQuery, enabled: allowed });
  return (
    <Tile title="Active incidents" link={{ to: '/incidents', search: { status: ['Active', 'InProgress'] } }}>
      <Loaded query={useQuery(activeIncidentsQuery)} label="Counting incidents…">
        {({ active, begun }) => (
          <ul className={styles.list}>
            <li>
              <TextLink to="/incidents" search={{ status: ['Active'] }}>
                Nobody works on it yet
              </TextLink>
              <strong>{active}</strong>
            </li>
            <li>
              <TextLink to="/incidents" search={{ status: ['InProgress'] }}>
                In progress
              </TextLink>
              <strong>{begun}</strong>
            </li>
            {approvals.data ? (
              <li>
                <TextLink to="/actions" search={{ tab: 'pending' }}>
                  Actions that wait for approval
                </TextLink>
                <strong>{approvals.data.value.length}</strong>
              </li>
            ) : null}
          </ul>
        )}
      </Loaded>
    </Tile>
  );
}

function RecentAlerts() {
  const styles = useStyles();
  const recent = useQuery(alertsQuery({ orderBy: 'alertCreationTime desc', top: 5 }));
  return (
    <Tile title="Latest alerts" link={{ to: '/alerts', search: { sort: 'alertCreationTime desc' } }}>
      <Loaded query={recent} label="Loading alerts…">
        {({ value }) =>
          value.length === 0 ? (
            <p className={styles.minor}>None yet. Detections run as events arrive.</p>
          ) : (
            <ul className={styles.list}>
              {value.map(({ id, title, alertCreationTime }) => (
                <li key={id}>
                  <TextLink
                    to="/alerts/$alertId"
                    params={{ alertId: id }}
                    className={styles.name}
                    title={title}
                  >
                    {title}
                  </TextLink>
                  <span className={styles.minor}>
                    <Ago value={alertCreationTime} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Tile>
  );
}

function DevicesAtRisk() {
  const styles = useStyles();
  return (
    <Tile title="Devices at risk" link={{ to: '/devices', search: { risk: ['High', 'Medium'] } }}>
      <Loaded query={useQuery(devicesAtRiskQuery)} label="Loading devices…">
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 ? (
            <p className={styles.minor}>No device is at medium or high risk.</p>
          ) : (
            <>
              <ul className={styles.list}>
                {value.map(({ id, computerDnsName, riskScore }) => (
                  <li key={id}>
                    <TextLink
                      to="/devices/$deviceId"
                      params={{ deviceId: id }}
                      search={{ tab: 'alerts' }}
                      className={styles.name}
                    >
                      {computerDnsName ?? id}
                    </TextLink>
                    <Level level={riskScore} />
                  </li>
                ))}
              </ul>
              <p className={styles.minor}>{total} in all</p>
            </>
          )
        }
      </Loaded>
    </Tile>
  );
}

function UsersAtRisk() {
  const styles = useStyles();
  return (
    <Tile title="Users at risk" link={{ to: '/hunting', search: { query: usersAtRiskKql, run: true } }}>
      <Loaded query={useQuery(usersAtRiskQuery)} label="Looking for users…">
        {(users) =>
          users.length === 0 ? (
            <p className={styles.minor}>No alert of the last 30 days names a user.</p>
          ) : (
            <ul className={styles.list}>
              {users.map(({ user, alerts }) => (
                <li key={user}>
                  <TextLink to="/users/$user" params={{ user }} className={styles.name}>
                    {user}
                  </TextLink>
                  <span>{alerts === 1 ? '1 alert' : `${alerts} alerts`}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Tile>
  );
}

function SensorHealth() {
  const styles = useStyles();
  return (
    <Tile title="Sensors" link={{ to: '/devices', search: { health: ['Inactive', 'NoSensorData'] } }}>
      <Loaded query={useQuery(sensorHealthQuery)} label="Counting devices…">
        {({ all, active, inactive, silent }) => (
          <ul className={styles.list}>
            {(
              [
                ['Active', 'Active', active],
                ['Silent for more than 7 days', 'Inactive', inactive],
                ['No sensor data', 'NoSensorData', silent],
              ] as const
            ).map(([title, health, count]) => (
              <li key={health}>
                <TextLink to="/devices" search={{ health: [health] }}>
                  {title}
                </TextLink>
                <strong>{count}</strong>
              </li>
            ))}
            <li>
              <TextLink to="/devices">All devices</TextLink>
              <strong>{all}</strong>
            </li>
          </ul>
        )}
      </Loaded>
    </Tile>
  );
}

function Reporting() {
  const styles = useStyles();
  const { zone } = usePreferences();
  return (
    <Tile
      title="Devices reporting each day"
      link={{ to: '/hunting', search: { query: `${reportingKql}\n| render columnchart`, run: true } }}
    >
      <Loaded query={useQuery(reportingQuery)} label="Counting by day…">
        {(days) => {
          const most = Math.max(1, ...days.map(({ devices }) => devices));
          const last = days.at(-1);
          return (
            <>
              <div
                className={styles.bars}
                role="img"
                aria-label={days
                  .map(({ day, devices }) => `${timeText(day, 'utc').slice(0, 10)}: ${devices}`)
                  .join(', ')}
              >
                {days.map(({ day, devices }) => (
                  <div
                    key={day}
                    className={styles.bar}
                    style={{ height: `${Math.max(4, (100 * devices) / most)}%` }}
                    title={`${timeText(day, zone).slice(0, 10)}: ${devices}`}
                  />
                ))}
              </div>
              <p className={styles.minor}>
                {last ? `${last.devices} today, ${most} at most` : 'Nothing was reported in 30 days.'}
              </p>
            </>
          );
        }}
      </Loaded>
    </Tile>
  );
}

function Ingest() {
  const styles = useStyles();
  return (
    <Tile title="Events" link={{ to: '/hunting', search: { query: ingestKql, run: true } }}>
      <Loaded query={useQuery(ingestQuery)} label="Counting events…">
        {({ lastHour, newest }) => (
          <>
            <span className={styles.big}>{lastHour.toLocaleString('en')}</span>
            <p className={styles.minor}>
              in the last hour; the newest is from <Ago value={newest} />
            </p>
          </>
        )}
      </Loaded>
    </Tile>
  );
}

const storeNames: Readonly<Record<string, string>> = {
  state: 'State store',
  events: 'Event store',
  log: 'Event log',
};

function ServiceHealth() {
  const styles = useStyles();
  return (
    <Tile title="Service health" link={{ to: '/settings' }}>
      <Loaded query={useQuery(serviceHealthQuery)} label="Asking the stores…">
        {({ stores }) => (
          <ul className={styles.list}>
            {Object.entries(stores).map(([name, answers]) => (
              <li key={name}>
                <span>{storeNames[name] ?? name}</span>
                <Badge appearance="tint" color={answers ? 'success' : 'danger'}>
                  {answers ? 'Answers' : 'Does not answer'}
                </Badge>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Tile>
  );
}
