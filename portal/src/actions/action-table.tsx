import { Button } from '@fluentui/react-components';
import type { MachineAction } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { cancelAction } from '../api/machine-actions.ts';
import { actionName } from '../devices/action-progress.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { ActionStatus } from '../ui/levels.tsx';
import { Problem } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';

const columns: readonly Column<MachineAction>[] = [
  { id: 'type', title: 'Action', width: '90px', cell: ({ type }) => actionName(type) },
  {
    id: 'device',
    title: 'Device',
    width: '200px',
    cell: ({ machineId, computerDnsName }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: machineId }} search={{ tab: 'actions' }}>
        {computerDnsName ?? machineId}
      </TextLink>
    ),
  },
  { id: 'status', title: 'Status', width: '120px', cell: (action) => <Status action={action} /> },
  { id: 'requestor', title: 'Ordered by', width: '140px', cell: ({ requestor }) => <Cut text={requestor} /> },
  { id: 'comment', title: 'Comment', cell: ({ requestorComment }) => <Cut text={requestorComment ?? ''} /> },
  {
    id: 'created',
    title: 'Ordered',
    width: '150px',
    cell: ({ creationDateTimeUtc }) => <Time value={creationDateTimeUtc} />,
  },
  {
    id: 'updated',
    title: 'Last change',
    width: '100px',
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
      columns={withDevice ? columns : columns.filter(({ id }) => id !== 'device')}
      rows={actions}
      rowKey={({ id }) => id}
      stale={stale}
    />
  );
}

function Cut({ text }: { readonly text: string }) {
  return <span title={text}>{text}</span>;
}

function Status({ action }: { readonly action: MachineAction }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelAction(action.id, {}),
    onSettled: () => queries.invalidateQueries({ queryKey: ['machineActions'] }),
  });
  return (
    <div
      style={{ display: 'flex', alignItems: 'center', gap: 8, flexWrap: 'wrap' }}
      title={action.troubleshootInfo ?? ''}
    >
      <ActionStatus status={action.status} />
      {action.status === 'Pending' ? (
        <Button size="small" appearance="subtle" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      ) : null}
      {cancel.error ? <Problem error={cancel.error} /> : null}
    </div>
  );
}
