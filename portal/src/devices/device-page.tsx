import { Badge, Button, makeStyles, Tab, TabList, Tooltip, tokens } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { ActionTable } from '../actions/action-table.tsx';
import { AlertTable } from '../alerts/alert-table.tsx';
import { actionsOfMachine } from '../api/machine-actions.ts';
import { machineAlertsQuery, machineQuery } from '../api/machines.ts';
import { meQuery } from '../api/me.ts';
import type { DeviceTab } from '../router.tsx';
import { Timeline } from '../timeline/timeline.tsx';
import { Facts } from '../ui/facts.tsx';
import { PlugConnectedRegular, PlugDisconnectedRegular } from '../ui/icons.ts';
import { Health, Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';
import { ActionProgress } from './action-progress.tsx';
import { type Isolation, isolationOf } from './isolation.ts';
import { IsolationDialog, type IsolationOrder } from './isolation-dialog.tsx';

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
  const { tab = 'timeline', until = null } = useSearch({ from: '/devices/$deviceId' });
  const navigate = useNavigate();
  const actions = useQuery(actionsOfMachine(machine.id));
  const alerts = useQuery(machineAlertsQuery(machine.id));
  const isolation = isolationOf(actions.data?.value ?? []);
  const [order, setOrder] = useState<IsolationOrder | null>(null);
  const [watched, setWatched] = useState<string | null>(null);
  const [closed, setClosed] = useState<string | null>(null);
  const shown = watched ?? isolation.pending?.id ?? null;
  const openAlerts = alerts.data?.value.filter(({ status }) => status !== 'Resolved').length ?? 0;

  return (
    <Page
      filled
      title={machine.computerDnsName ?? machine.id}
      about={
        <span className={styles.about}>
          <Health status={machine.healthStatus} />
          {isolation.isolated ? (
            <Badge appearance="filled" color="danger">
              Isolated
            </Badge>
          ) : null}
          <span>
            seen <Ago value={machine.lastSeen} />
          </span>
        </span>
      }
      actions={actions.data ? <IsolationButton isolation={isolation} onOrder={setOrder} /> : null}
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
            <Tab value="actions">Actions</Tab>
          </TabList>
          <div className={styles.panel} role="tabpanel" aria-label={tab}>
            {tab === 'timeline' ? (
              <Timeline key={until} deviceId={machine.id} until={until} />
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
      {order === null ? null : (
        <IsolationDialog
          order={order}
          machine={machine}
          onClose={() => setOrder(null)}
          onOrdered={({ id }) => {
            setOrder(null);
            setWatched(id);
          }}
        />
      )}
    </Page>
  );
}

function IsolationButton({
  isolation: { isolated, pending },
  onOrder,
}: {
  readonly isolation: Isolation;
  onOrder(order: IsolationOrder): void;
}) {
  const me = useQuery(meQuery);
  const allowed = me.data?.roles.includes('ActiveRemediation.SecurityOperations') ?? false;
  const why = !me.data
    ? null
    : !allowed
      ? 'Your role does not allow actions on devices.'
      : pending
        ? 'An order is under way.'
        : null;
  const button = (
    <Button
      appearance={isolated ? 'secondary' : 'primary'}
      icon={isolated ? <PlugConnectedRegular /> : <PlugDisconnectedRegular />}
      disabledFocusable={!allowed || pending !== null}
      onClick={() => onOrder(isolated ? 'release' : 'isolate')}
    >
      {isolated ? 'Release from isolation' : 'Isolate device'}
    </Button>
  );
  return why === null ? (
    button
  ) : (
    <Tooltip content={why} relationship="description">
      {button}
    </Tooltip>
  );
}

function MachineFacts({ machine }: { readonly machine: Machine }) {
  return (
    <Facts
      facts={[
        ['Risk', <Level key="risk" level={machine.riskScore} />],
        ['System', `${machine.osPlatform} ${machine.version ?? machine.osVersion ?? ''}`.trim()],
        ['Processor', [machine.osProcessor, machine.osArchitecture].filter(Boolean).join(', ')],
        ['Address', machine.lastIpAddress],
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
