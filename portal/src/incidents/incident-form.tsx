/** Status, owner, classification, tags and comments of an incident. What is said of it goes on to its alerts. */
import { Field, Input, makeStyles, Select, Subtitle2, Textarea, tokens } from '@fluentui/react-components';
import type { Incident, IncidentUpdate } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { updateIncident } from '../api/incidents.ts';
import { Comments } from '../ui/comments.tsx';
import { wording } from '../ui/filter-menu.tsx';
import { GuardedButton } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';
import { AssigneeField, ClassificationFields } from '../ui/triage-fields.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
});

const statuses = ['Active', 'InProgress', 'Resolved'] as const;

interface Draft {
  readonly status: string;
  readonly assignedTo: string;
  readonly classification: string;
  readonly determination: string;
  /** Parted by commas. */
  readonly tags: string;
  readonly comment: string;
}

function draftOf({ status, assignedTo, classification, determination, tags }: Incident): Draft {
  return {
    status,
    assignedTo: assignedTo ?? '',
    classification,
    determination,
    tags: tags.join(', '),
    comment: '',
  };
}

/** What the draft changes. */
function changeOf(incident: Incident, draft: Draft): IncidentUpdate {
  const before = draftOf(incident);
  const differs = (name: keyof Draft) => draft[name].trim() !== before[name];
  return {
    ...(differs('status') ? { status: draft.status as (typeof statuses)[number] } : {}),
    ...(differs('assignedTo') ? { assignedTo: draft.assignedTo.trim() } : {}),
    ...(differs('classification')
      ? { classification: draft.classification as Incident['classification'] }
      : {}),
    ...(differs('determination') ? { determination: draft.determination as Incident['determination'] } : {}),
    ...(differs('tags')
      ? {
          tags: draft.tags
            .split(',')
            .map((tag) => tag.trim())
            .filter((tag) => tag !== ''),
        }
      : {}),
    ...(draft.comment.trim() === '' ? {} : { comment: draft.comment.trim() }),
  };
}

export function IncidentForm({ incident }: { readonly incident: Incident }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(incident));
  const edit = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const change = changeOf(incident, draft);
  const save = useMutation({
    mutationFn: () => updateIncident(incident.incidentId, change),
    async onSuccess(updated) {
      setDraft(draftOf(updated));
      queries.setQueryData(['incident', String(incident.incidentId)], updated);
      await queries.invalidateQueries({ queryKey: ['incidents'] });
      await queries.invalidateQueries({ queryKey: ['alerts'] });
    },
  });
  return (
    <form
      className={styles.form}
      aria-label="Manage incident"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Subtitle2 as="h2">Manage</Subtitle2>
      <Field label="Status" hint="Resolving it resolves its alerts.">
        <Select value={draft.status} onChange={(_event, { value }) => edit({ status: value })}>
          {statuses.map((status) => (
            <option key={status} value={status}>
              {wording(status)}
            </option>
          ))}
        </Select>
      </Field>
      <AssigneeField value={draft.assignedTo} onChange={(assignedTo) => edit({ assignedTo })} />
      <ClassificationFields
        classification={draft.classification}
        determination={draft.determination}
        unset={{ classification: 'Unknown', determination: 'NotAvailable' }}
        onChange={edit}
      />
      <Field label="Tags" hint="Parted by commas.">
        <Input value={draft.tags} onChange={(_event, { value }) => edit({ tags: value })} />
      </Field>
      <Field label="Comment">
        <Textarea
          value={draft.comment}
          maxLength={4_000}
          rows={3}
          onChange={(_event, { value }) => edit({ comment: value })}
        />
      </Field>
      {save.error ? <Problem error={save.error} /> : null}
      <GuardedButton
        type="submit"
        appearance="primary"
        needs="AlertsInvestigation.Manage"
        hindrance={Object.keys(change).length === 0 ? 'Nothing is changed.' : null}
      >
        Save
      </GuardedButton>
      <Comments comments={incident.comments} />
    </form>
  );
}
