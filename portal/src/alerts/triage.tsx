/** Status, owner, classification and comments of an alert. */
import { Field, makeStyles, Select, Subtitle2, Textarea, tokens } from '@fluentui/react-components';
import type {
  Alert,
  AlertClassification,
  AlertDetermination,
  AlertStatus,
  AlertUpdate,
} from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { updateAlert } from '../api/alerts.ts';
import { Comments } from '../ui/comments.tsx';
import { wording } from '../ui/filter-menu.tsx';
import { GuardedButton } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';
import { AssigneeField, ClassificationFields } from '../ui/triage-fields.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
});

interface Draft {
  readonly status: AlertStatus;
  readonly assignedTo: string;
  readonly classification: AlertClassification | '';
  readonly determination: AlertDetermination | '';
  readonly comment: string;
}

function draftOf(alert: Alert): Draft {
  return {
    status: alert.status,
    assignedTo: alert.assignedTo ?? '',
    classification: alert.classification ?? '',
    determination: alert.determination ?? '',
    comment: '',
  };
}

/** What the draft changes; empty when it changes nothing. */
function changeOf(alert: Alert, draft: Draft): AlertUpdate {
  const { status } = draft;
  return {
    ...(status !== alert.status && status !== 'Unknown' ? { status } : {}),
    ...(draft.assignedTo.trim() !== (alert.assignedTo ?? '') ? { assignedTo: draft.assignedTo.trim() } : {}),
    ...(draft.classification !== (alert.classification ?? '')
      ? { classification: draft.classification || 'Unknown' }
      : {}),
    ...(draft.determination !== (alert.determination ?? '')
      ? { determination: draft.determination || 'NotAvailable' }
      : {}),
    ...(draft.comment.trim() === '' ? {} : { comment: draft.comment.trim() }),
  };
}

export function Triage({ alert }: { readonly alert: Alert }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(alert));
  const edit = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const change = changeOf(alert, draft);
  const save = useMutation({
    mutationFn: () => updateAlert(alert.id, change),
    onSuccess(updated) {
      queries.setQueryData(['alert', alert.id], (before: Alert | undefined) => ({
        ...updated,
        // An answer may leave evidence out; what is shown stays.
        evidence: updated.evidence.length > 0 ? updated.evidence : (before?.evidence ?? []),
      }));
      void queries.invalidateQueries({ queryKey: ['alerts'] });
      setDraft(draftOf(updated));
    },
  });
  return (
    <form
      className={styles.form}
      aria-label="Manage alert"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Subtitle2 as="h2">Manage</Subtitle2>
      <Field label="Status">
        <Select value={draft.status} onChange={(_event, { value }) => edit({ status: value as AlertStatus })}>
          {(['New', 'InProgress', 'Resolved'] as const).map((status) => (
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
        unset={{ classification: '', determination: '' }}
        onChange={edit}
      />
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
      <Comments comments={alert.comments} />
    </form>
  );
}
