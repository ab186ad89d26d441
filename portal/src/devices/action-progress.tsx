/** One machine action as it happens. */
import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Spinner,
} from '@fluentui/react-components';
import type { MachineAction, MachineActionType } from '@merlon/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { underWay } from '../actions/under-way.ts';
import { machineActionQuery } from '../api/machine-actions.ts';
import { wording } from '../ui/filter-menu.tsx';
import { DismissRegular } from '../ui/icons.ts';
import { Problem } from '../ui/states.tsx';

const names: Partial<Record<MachineActionType, string>> = { Isolate: 'Isolation', Unisolate: 'Release' };

export function actionName(type: MachineActionType): string {
  return names[type] ?? wording(type);
}

function wordsOf(action: MachineAction): string {
  switch (action.status) {
    case 'Pending':
      return 'Waiting for the device to take the order.';
    case 'InProgress':
      return 'The device is carrying it out.';
    case 'Succeeded':
      return action.type === 'Isolate'
        ? 'The device is cut off; only its line to Merlon is open.'
        : action.type === 'Unisolate'
          ? 'The device has its network back.'
          : 'Done.';
    case 'Failed':
      return (
        action.troubleshootInfo ?? action.error ?? 'The device could not carry it out and gave no reason.'
      );
    case 'TimeOut':
      return 'The device did not answer in time. Its receipt still counts if it comes.';
    case 'Cancelled':
      return `Cancelled by ${action.cancellationRequestor ?? 'somebody'}.`;
  }
}

const intents = {
  Pending: 'info',
  InProgress: 'info',
  Succeeded: 'success',
  Failed: 'error',
  TimeOut: 'warning',
  Cancelled: 'warning',
} as const;

export function ActionProgress({ id, onClose }: { readonly id: string; onClose(): void }) {
  const action = useQuery(machineActionQuery(id));
  const queries = useQueryClient();
  const status = action.data?.status;
  useEffect(() => {
    // The history beside this shows every step too.
    if (status !== undefined) void queries.invalidateQueries({ queryKey: ['machineActions'] });
  }, [status, queries]);
  if (!action.data) return action.error ? <Problem error={action.error} /> : null;
  const { data } = action;
  return (
    <MessageBar
      intent={intents[data.status]}
      politeness="polite"
      data-testid="action-progress"
      {...(underWay(data.status) ? { icon: <Spinner size="tiny" /> } : {})}
    >
      <MessageBarBody>
        <MessageBarTitle>
          {actionName(data.type)}:{' '}
          {data.status === 'TimeOut' ? 'timed out' : wording(data.status).toLowerCase()}
        </MessageBarTitle>
        {wordsOf(data)}
      </MessageBarBody>
      <MessageBarActions
        containerAction={
          <Button appearance="transparent" icon={<DismissRegular />} aria-label="Close" onClick={onClose} />
        }
      />
    </MessageBar>
  );
}
