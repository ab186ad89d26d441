/** The same change for all alerts that are selected. */
import { Select } from '@fluentui/react-components';
import { type Alert, type AlertClassification, alertClassifications } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { updateAlerts } from '../api/alerts.ts';
import { wording } from '../ui/filter-menu.tsx';
import { GuardedButton, usePermission } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';
import { AssignToMe } from '../ui/triage-fields.tsx';

const NEEDED = 'AlertsInvestigation.Manage';

export function BulkTriage({ alerts, onDone }: { readonly alerts: readonly Alert[]; onDone(): void }) {
  const { allowed } = usePermission(NEEDED);
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (body: Parameters<typeof updateAlerts>[1]) =>
      updateAlerts(
        alerts.map(({ id }) => id),
        body,
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['alerts'] });
      onDone();
    },
  });
  return (
    <>
      <AssignToMe onAssign={(assignedTo) => change.mutate({ assignedTo })} />
      <GuardedButton size="small" needs={NEEDED} onClick={() => change.mutate({ status: 'InProgress' })}>
        In progress
      </GuardedButton>
      <GuardedButton size="small" needs={NEEDED} onClick={() => change.mutate({ status: 'Resolved' })}>
        Resolve
      </GuardedButton>
      <Select
        size="small"
        aria-label="Classify"
        value=""
        disabled={!allowed || change.isPending}
        onChange={(_event, { value }) =>
          value === '' ? undefined : change.mutate({ classification: value as AlertClassification })
        }
      >
        <option value="">Classify…</option>
        {alertClassifications.map((one) => (
          <option key={one} value={one}>
            {wording(one)}
          </option>
        ))}
      </Select>
      {change.error ? <Problem error={change.error} /> : null}
    </>
  );
}
