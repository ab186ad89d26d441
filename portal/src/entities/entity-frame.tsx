/** What the pages of files, addresses, domains and accounts share: facts at the side, devices and alerts in the middle. */
import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { AlertTable } from '../alerts/alert-table.tsx';
import { type EntityKind, entityAlertsQuery, entityMachinesQuery } from '../api/entities.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { Health, Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago } from '../ui/time.tsx';

const NARROW = '@media (max-width: 1080px)';

const useStyles = makeStyles({
  body: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 280px',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  column: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXL },
  heading: { display: 'block', marginBottom: tokens.spacingVerticalS },
});

export interface EntityFrameProps {
  readonly kind: EntityKind;
  readonly id: string;
  readonly title: string;
  readonly about: ReactNode;
  readonly actions?: ReactNode;
  /** Beside the lists. */
  readonly children: ReactNode;
}

export function EntityFrame({ kind, id, title, about, actions, children }: EntityFrameProps) {
  const styles = useStyles();
  const machines = useQuery(entityMachinesQuery(kind, id));
  const alerts = useQuery(entityAlertsQuery(kind, id));
  return (
    <Page title={title} about={about} actions={actions}>
      <div className={styles.body}>
        <div className={styles.column}>
          <section aria-label="Alerts">
            <Subtitle2 as="h2" className={styles.heading}>
              Alerts
            </Subtitle2>
            <Loaded query={alerts} label="Loading alerts…">
              {(value) =>
                value.length === 0 ? (
                  <Empty title="No alert names it." />
                ) : (
                  <AlertTable alerts={value} withDevice narrow />
                )
              }
            </Loaded>
          </section>
          <section aria-label="Observed in the organization">
            <Subtitle2 as="h2" className={styles.heading}>
              Observed in the organization
            </Subtitle2>
            <Loaded query={machines} label="Loading devices…">
              {(value) =>
                value.length === 0 ? (
                  <Empty title="No device that you may see has seen it in the time that is kept." />
                ) : (
                  <DataTable label="Devices" columns={machineColumns} rows={value} rowKey={(one) => one.id} />
                )
              }
            </Loaded>
          </section>
        </div>
        <div className={styles.column}>{children}</div>
      </div>
    </Page>
  );
}

const machineColumns: readonly Column<Machine>[] = [
  {
    id: 'name',
    title: 'Device',
    cell: ({ id, computerDnsName }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: id }}>
        {computerDnsName ?? id}
      </TextLink>
    ),
  },
  { id: 'os', title: 'System', width: '140px', cell: ({ osPlatform }) => osPlatform },
  {
    id: 'health',
    title: 'Health',
    width: '130px',
    cell: ({ healthStatus }) => <Health status={healthStatus} />,
  },
  { id: 'risk', title: 'Risk', width: '110px', cell: ({ riskScore }) => <Level level={riskScore} /> },
  { id: 'seen', title: 'Last seen', width: '130px', cell: ({ lastSeen }) => <Ago value={lastSeen} /> },
];
