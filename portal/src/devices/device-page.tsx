import { Badge, makeStyles, Tab, TabList, tokens } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { ActionTable } from '../actions/action-table.tsx';
import { AlertTable } from '../alerts/alert-table.tsx';
import { actionsOfMachine } from '../api/machine-actions.ts';
import {
  type LogonUser,
  logonUsersQuery,
  machineAlertsQuery,
  machineQuery,
  type Software,
  softwareQuery,
} from '../api/machines.ts';
import type { DeviceTab } from '../router.tsx';
import { Timeline } from '../timeline/timeline.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Facts } from '../ui/facts.tsx';
import { Health, Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { usePermission } from '../ui/permission.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';
import { ActionProgress } from './action-progress.tsx';
import { containmentOf } from './containment.ts';
import { DeviceOrders } from './device-orders.tsx';

const NARROW = '@media (max-width: 1080px)';

const useStyles = makeStyles({
  body: {
    display: 'flex',
    flexGrow: 1,
    minHeight: 0,
    gap: tokens.spacingHorizontalXL,
    [NARROW]: { flexDirection: 'column' },
  },
  facts: {
    width: '200px',
    flexShrink: 0,
    overflow: 'auto',
    paddingRight: tokens.spacingHorizontalM,
    [NARROW]: { width: 'auto', maxHeight: '160px' },
  },
  work: {
    flexGrow: 1,
    minWidth: 0,
    minHeight: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
  },
  panel: { flexGrow: 1, minHeight: 0, display: 'flex', flexDirection: 'column', overflow: 'auto' },
  about: { display: 'inline-flex', gap: tokens.spacingHorizontalM, alignItems: 'center', flexWrap: 'wrap' },
});

export function DevicePage() {
  const { deviceId } = useParams({ from: '/devices/$deviceId' });
  const machine = useQuery(machineQuery(deviceId));
  return machine.data ? (
    <Device key={machine.data.id} machine={machine.data} />
  ) : (
    <Page title="Device">
      <Loaded query={machine} label="Loading the device…">
        {() => null}
      </Loaded>
    </Page>
  );
}

function Device({ machine }: { readonly machine: Machine }) {
  const styles = useStyles();
  const { tab = 'timeline' } = useSearch({ from: '/devices/$deviceId' });
  const navigate = useNavigate();
  const actions = useQuery(actionsOfMachine(machine.id));
  const alerts = useQuery(machineAlertsQuery(machine.id));
  const containment = containmentOf(actions.data?.value ?? []);
  const [watched, setWatched] = useState<string | null>(null);
  const [closed, setClosed] = useState<string | null>(null);
  const shown = watched ?? [...containment.pending.values()].at(-1)?.id ?? null;
  const openAlerts = alerts.data?.value.filter(({ status }) => status !== 'Resolved').length ?? 0;

  return (
    <Page
      filled
      title={machine.computerDnsName ?? machine.id}
      about={
        <span className={styles.about}>
          <Health status={machine.healthStatus} />
          {containment.isolated ? (
            <Badge appearance="filled" color="danger">
              Isolated
            </Badge>
          ) : null}
          {containment.restricted ? (
            <Badge appearance="filled" color="warning">
              Execution restricted
            </Badge>
          ) : null}
          <span>
            seen <Ago value={machine.lastSeen} />
          </span>
        </span>
      }
      actions={
        <DeviceOrders machine={machine} containment={containment} onOrdered={({ id }) => setWatched(id)} />
      }
    >
      {shown !== null && shown !== closed ? (
        <ActionProgress id={shown} onClose={() => setClosed(shown)} />
      ) : null}
      <div className={styles.body}>
        <section className={styles.facts} aria-label="Facts">
          <MachineFacts machine={machine} />
        </section>
        <div className={styles.work}>
          <TabList
            selectedValue={tab}
            onTabSelect={(_event, { value }) =>
              void navigate({
                to: '/devices/$deviceId',
                params: { deviceId: machine.id },
                search: { tab: value as DeviceTab },
                replace: true,
              })
            }
          >
            <Tab value="timeline">Timeline</Tab>
            <Tab value="alerts">Alerts{openAlerts > 0 ? ` (${openAlerts} open)` : ''}</Tab>
            <Tab value="users">Users</Tab>
            <Tab value="software">Software</Tab>
            <Tab value="actions">Actions</Tab>
          </TabList>
          <div className={styles.panel} role="tabpanel" aria-label={tab}>
            {tab === 'timeline' ? (
              <Timeline deviceId={machine.id} />
            ) : tab === 'alerts' ? (
              <Loaded query={alerts} label="Loading alerts…">
                {({ value }) =>
                  value.length === 0 ? (
                    <Empty title="No alerts on this device." />
                  ) : (
                    <AlertTable alerts={value} withDevice={false} />
                  )
                }
              </Loaded>
            ) : tab === 'users' ? (
              <LogonUsers deviceId={machine.id} />
            ) : tab === 'software' ? (
              <SoftwareList deviceId={machine.id} />
            ) : (
              <Loaded query={actions} label="Loading actions…">
                {({ value }) =>
                  value.length === 0 ? (
                    <Empty title="Nothing was ever ordered on this device." />
                  ) : (
                    <ActionTable actions={value} withDevice={false} />
                  )
                }
              </Loaded>
            )}
          </div>
        </div>
      </div>
    </Page>
  );
}

function LogonUsers({ deviceId }: { readonly deviceId: string }) {
  const users = useQuery(logonUsersQuery(deviceId));
  return (
    <Loaded query={users} label="Loading users…">
      {(value) =>
        value.length === 0 ? (
          <Empty title="Nobody signed in to this device in the time that is kept." />
        ) : (
          <DataTable label="Logged-on users" columns={userColumns} rows={value} rowKey={({ id }) => id} />
        )
      }
    </Loaded>
  );
}

const userColumns: readonly Column<LogonUser>[] = [
  {
    id: 'user',
    title: 'User',
    cell: ({ id }) => (
      <TextLink to="/users/$user" params={{ user: id }}>
        {id}
      </TextLink>
    ),
  },
  { id: 'types', title: 'Kinds of sign-in', cell: ({ logonTypes }) => logonTypes },
  { id: 'first', title: 'First seen', width: '160px', cell: ({ firstSeen }) => <Time value={firstSeen} /> },
  { id: 'last', title: 'Last seen', width: '160px', cell: ({ lastSeen }) => <Time value={lastSeen} /> },
];

function SoftwareList({ deviceId }: { readonly deviceId: string }) {
  const { allowed, why } = usePermission('ViewData.Tvm');
  const software = useQuery({ ...softwareQuery(deviceId), enabled: allowed });
  if (why !== null) return <Empty title={why} />;
  return (
    <Loaded query={software} label="Loading software…">
      {(value) =>
        value.length === 0 ? (
          <Empty title="No software of this device is known." />
        ) : (
          <DataTable label="Software" columns={softwareColumns} rows={value} rowKey={({ id }) => id} />
        )
      }
    </Loaded>
  );
}

const softwareColumns: readonly Column<Software>[] = [
  { id: 'name', title: 'Name', cell: ({ name }) => name },
  { id: 'vendor', title: 'Vendor', cell: ({ vendor }) => vendor },
  { id: 'weaknesses', title: 'Weaknesses', width: '110px', cell: ({ weaknesses }) => weaknesses },
];

function MachineFacts({ machine }: { readonly machine: Machine }) {
  return (
    <Facts
      facts={[
        ['Risk', <Level key="risk" level={machine.riskScore} />],
        ['System', `${machine.osPlatform} ${machine.version ?? machine.osVersion ?? ''}`.trim()],
        ['Processor', [machine.osProcessor, machine.osArchitecture].filter(Boolean).join(', ')],
        ['Address', machine.lastIpAddress],
        ['Value', machine.deviceValue],
        ['Seen from', machine.lastExternalIpAddress],
        ['Group', machine.rbacGroupName],
        [
          'Tags',
          machine.machineTags.length === 0 ? null : (
            <span key="tags" style={{ display: 'flex', gap: '4px 10px', flexWrap: 'wrap' }}>
              {machine.machineTags.map((tag) => (
                <TextLink key={tag} to="/devices" search={{ tag }}>
                  {tag}
                </TextLink>
              ))}
            </span>
          ),
        ],
        ['First seen', <Time key="first" value={machine.firstSeen} />],
        ['Last seen', <Time key="last" value={machine.lastSeen} />],
        ['Agent', machine.agentVersion],
        ['Onboarding', machine.onboardingStatus],
        ['Device id', machine.id],
      ]}
    />
  );
}
