import type { Incident, IncidentUpdate } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { updateIncident } from '../api/incidents.ts';
import { GuardedButton } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';
import { AssignToMe } from '../ui/triage-fields.tsx';

const NEEDED = 'AlertsInvestigation.Manage';

export function BulkIncidents({
  incidents,
  onDone,
}: {
  readonly incidents: readonly Incident[];
  onDone(): void;
}) {
  const queries = useQueryClient();
  const change = useMutation({
    async mutationFn(body: IncidentUpdate) {
      // One after another: each takes all its alerts along, and what fails names itself.
      for (const { incidentId } of incidents) await updateIncident(incidentId, body);
    },
    async onSettled(_data, error) {
      await queries.invalidateQueries({ queryKey: ['incidents'] });
      if (error === null) onDone();
    },
  });
  return (
    <>
      <AssignToMe onAssign={(assignedTo) => change.mutate({ assignedTo })} />
      <GuardedButton size="small" needs={NEEDED} onClick={() => change.mutate({ status: 'Resolved' })}>
        Resolve
      </GuardedButton>
      {change.error ? <Problem error={change.error} /> : null}
    </>
  );
}
