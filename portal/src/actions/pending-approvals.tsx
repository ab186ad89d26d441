/** Orders that a policy lets happen only once a second person has said so. */
import { Button, Field, Textarea } from '@fluentui/react-components';
import type { MachineAction } from '@merlon/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { approvalsQuery, decide } from '../api/machine-actions.ts';
import { meQuery } from '../api/me.ts';
import { actionName } from '../devices/action-progress.tsx';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { GuardedButton, usePermission } from '../ui/permission.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago } from '../ui/time.tsx';

const NEEDED = 'ActiveRemediation.SecurityOperations';
type Verdict = 'approve' | 'reject';

export function PendingApprovals() {
  const { allowed, why } = usePermission(NEEDED);
  const approvals = useQuery({ ...approvalsQuery, enabled: allowed });
  const [asked, setAsked] = useState<{ action: MachineAction; verdict: Verdict } | null>(null);
  if (why !== null) return <Empty title={why} />;
  return (
    <>
      <Loaded query={approvals} label="Loading what waits…">
        {({ value }) =>
          value.length === 0 ? (
            <Empty title="Nothing waits for a second person." />
          ) : (
            <DataTable
              label="Pending approvals"
              columns={columns((action, verdict) => setAsked({ action, verdict }))}
              rows={value}
              rowKey={({ id }) => id}
            />
          )
        }
      </Loaded>
      {asked ? <VerdictDialog {...asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}

const columns = (
  ask: (action: MachineAction, verdict: Verdict) => void,
): readonly Column<MachineAction>[] => [
  { id: 'type', title: 'Action', width: '150px', cell: ({ type }) => actionName(type) },
  {
    id: 'device',
    title: 'Device',
    cell: ({ machineId, computerDnsName }) => (
      <TextLink to="/devices/$deviceId" params={{ deviceId: machineId }}>
        {computerDnsName ?? machineId}
      </TextLink>
    ),
  },
  { id: 'requestor', title: 'Ordered by', width: '170px', cell: ({ requestor }) => requestor },
  { id: 'comment', title: 'Comment', cell: ({ requestorComment }) => requestorComment },
  {
    id: 'created',
    title: 'Ordered',
    width: '120px',
    cell: ({ creationDateTimeUtc }) => <Ago value={creationDateTimeUtc} />,
  },
  {
    id: 'verdict',
    title: 'Decide',
    width: '180px',
    cell: (action) => <Decide action={action} onAsk={(verdict) => ask(action, verdict)} />,
  },
];

function Decide({ action, onAsk }: { readonly action: MachineAction; onAsk(verdict: Verdict): void }) {
  const me = useQuery(meQuery);
  const own = me.data?.name === action.requestor ? 'You ordered it: somebody else has to approve.' : null;
  return (
    <span style={{ display: 'flex', gap: 8 }}>
      <GuardedButton size="small" needs={NEEDED} hindrance={own} onClick={() => onAsk('approve')}>
        Approve
      </GuardedButton>
      <GuardedButton size="small" needs={NEEDED} onClick={() => onAsk('reject')}>
        Reject
      </GuardedButton>
    </span>
  );
}

function VerdictDialog({
  action,
  verdict,
  onClose,
}: {
  readonly action: MachineAction;
  readonly verdict: Verdict;
  onClose(): void;
}) {
  const [comment, setComment] = useState('');
  const queries = useQueryClient();
  const send = useMutation({
    mutationFn: () => decide(action.id, verdict, comment.trim()),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['approvals'] });
      await queries.invalidateQueries({ queryKey: ['machineActions'] });
      onClose();
    },
  });
  const word = verdict === 'approve' ? 'Approve' : 'Reject';
  return (
    <FormDialog
      title={
        <>
          {word}: {actionName(action.type)} of {action.computerDnsName ?? action.machineId}
        </>
      }
      error={send.error}
      busy={send.isPending}
      submit={
        <Button type="submit" appearance="primary" disabled={send.isPending}>
          {word}
        </Button>
      }
      onSubmit={() => send.mutate()}
      onClose={onClose}
    >
      <Field label="Comment">
        <Textarea
          autoFocus
          rows={3}
          maxLength={4_000}
          value={comment}
          onChange={(_event, { value }) => setComment(value)}
        />
      </Field>
    </FormDialog>
  );
}
