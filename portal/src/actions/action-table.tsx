import { Button } from '@fluentui/react-components';
import type { MachineAction, MachineActionType } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { cancelAction, packageLink } from '../api/machine-actions.ts';
import { actionName } from '../devices/action-progress.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { ArrowDownloadRegular } from '../ui/icons.ts';
import { ActionStatus } from '../ui/levels.tsx';
import { GuardedButton } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';

export const actionColumns: readonly Column<MachineAction>[] = [
  {
    id: 'type',
    title: 'Action',
    width: '130px',
    text: ({ type }) => type,
    cell: ({ type }) => actionName(type),
  },
  {
    id: 'device',
    title: 'Device',
    width: '200px',
    text: ({ computerDnsName, machineId }) => computerDnsName ?? machineId,
    cell: ({ machineId, computerDnsName }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: machineId }} search={{ tab: 'actions' }}>
        {computerDnsName ?? machineId}
      </TextLink>
    ),
  },
  {
    id: 'status',
    title: 'Status',
    width: '150px',
    sortBy: 'status',
    text: ({ status }) => status,
    cell: (action) => <Status action={action} />,
  },
  {
    id: 'requestor',
    title: 'Ordered by',
    width: '140px',
    text: ({ requestor }) => requestor,
    cell: ({ requestor }) => <Cut text={requestor} />,
  },
  {
    id: 'comment',
    title: 'Comment',
    text: ({ requestorComment }) => requestorComment,
    cell: ({ requestorComment }) => <Cut text={requestorComment ?? ''} />,
  },
  {
    id: 'created',
    title: 'Ordered',
    width: '150px',
    sortBy: 'creationDateTimeUtc',
    text: ({ creationDateTimeUtc }) => creationDateTimeUtc,
    cell: ({ creationDateTimeUtc }) => <Time value={creationDateTimeUtc} />,
  },
  {
    id: 'updated',
    title: 'Last change',
    width: '100px',
    sortBy: 'lastUpdateDateTimeUtc',
    text: ({ lastUpdateDateTimeUtc }) => lastUpdateDateTimeUtc,
    cell: ({ lastUpdateDateTimeUtc }) => <Ago value={lastUpdateDateTimeUtc} />,
  },
];

export function ActionTable({
  actions,
  withDevice,
  stale = false,
}: {
  readonly actions: readonly MachineAction[];
  readonly withDevice: boolean;
  readonly stale?: boolean;
}) {
  return (
    <DataTable
      label="Machine actions"
      columns={withDevice ? actionColumns : actionColumns.filter(({ id }) => id !== 'device')}
      rows={actions}
      rowKey={({ id }) => id}
      stale={stale}
    />
  );
}

/** What the device breaks off although it has begun. */
const stoppable: ReadonlySet<MachineActionType> = new Set([
  'RunAntiVirusScan',
  'CollectInvestigationPackage',
  'LiveResponse',
]);

function Cut({ text }: { readonly text: string }) {
  return <span title={text}>{text}</span>;
}

function Status({ action }: { readonly action: MachineAction }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelAction(action.id, ''),
    onSettled: () => queries.invalidateQueries({ queryKey: ['machineActions'] }),
  });
  const download = useMutation({
    mutationFn: () => packageLink(action.id),
    onSuccess: (url) => location.assign(url),
  });
  const problem = cancel.error ?? download.error;
  return (
    <div
      style={{ display: 'flex', alignItems: 'center', gap: 8, flexWrap: 'wrap' }}
      title={action.troubleshootInfo ?? ''}
    >
      <ActionStatus status={action.status} />
      {action.status === 'Pending' || (action.status === 'InProgress' && stoppable.has(action.type)) ? (
        <Button size="small" appearance="subtle" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      ) : null}
      {action.status === 'Succeeded' && action.type === 'CollectInvestigationPackage' ? (
        <GuardedButton
          size="small"
          needs="AlertsInvestigation.Manage"
          icon={<ArrowDownloadRegular />}
          onClick={() => download.mutate()}
        >
          Package
        </GuardedButton>
      ) : null}
      {problem ? <Problem error={problem} /> : null}
    </div>
  );
}
