import { Button, Checkbox, Field, Input } from '@fluentui/react-components';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type SavedQuery, saveQuery } from '../api/hunting.ts';
import { FormDialog } from '../ui/form-dialog.tsx';

export function SaveDialog({
  query,
  onSaved,
  onClose,
}: {
  readonly query: string;
  onSaved(saved: SavedQuery): void;
  onClose(): void;
}) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => saveQuery({ name: name.trim(), query, shared }),
    async onSuccess(saved) {
      await queries.invalidateQueries({ queryKey: ['savedQueries'] });
      onSaved(saved);
    },
  });
  return (
    <FormDialog
      title="Save query"
      error={save.error}
      submit={
        <Button type="submit" appearance="primary" disabled={name.trim() === '' || save.isPending}>
          Save
        </Button>
      }
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Field label="Name" required>
        <Input autoFocus value={name} maxLength={200} onChange={(_event, { value }) => setName(value)} />
      </Field>
      <Checkbox
        label="Share with everyone of the tenant who may hunt"
        checked={shared}
        onChange={(_event, { checked }) => setShared(checked === true)}
      />
    </FormDialog>
  );
}
