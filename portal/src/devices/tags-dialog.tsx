import { Field, Input } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeTag } from '../api/machines.ts';
import { FormDialog } from '../ui/form-dialog.tsx';
import { GuardedButton } from '../ui/permission.tsx';

const NEEDED = 'SecuritySettings.Manage';

export function TagsDialog({ machine, onClose }: { readonly machine: Machine; onClose(): void }) {
  const [tag, setTag] = useState('');
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: ([value, verb]: readonly [string, 'Add' | 'Remove']) => changeTag(machine.id, value, verb),
    async onSuccess() {
      setTag('');
      await queries.invalidateQueries({ queryKey: ['machine', machine.id] });
      await queries.invalidateQueries({ queryKey: ['machines'] });
    },
  });
  return (
    <FormDialog
      title={<>Tags of {machine.computerDnsName ?? machine.id}</>}
      error={change.error}
      leave="Close"
      submit={
        <GuardedButton
          type="submit"
          appearance="primary"
          needs={NEEDED}
          hindrance={tag.trim() === '' ? 'Name the tag first.' : null}
        >
          Add tag
        </GuardedButton>
      }
      onSubmit={() => change.mutate([tag.trim(), 'Add'])}
      onClose={onClose}
    >
      <ul style={{ listStyle: 'none', padding: 0, display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        {machine.machineTags.map((one) => (
          <li key={one}>
            <GuardedButton
              size="small"
              needs={NEEDED}
              aria-label={`Remove tag ${one}`}
              onClick={() => change.mutate([one, 'Remove'])}
            >
              {one} ✕
            </GuardedButton>
          </li>
        ))}
      </ul>
      <Field label="New tag">
        <Input value={tag} maxLength={200} autoFocus onChange={(_event, { value }) => setTag(value)} />
      </Field>
    </FormDialog>
  );
}
