import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
} from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeTag } from '../api/machines.ts';
import { GuardedButton } from '../ui/permission.tsx';
import { Problem } from '../ui/states.tsx';

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
    <Dialog open onOpenChange={(_event, { open }) => (open ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate([tag.trim(), 'Add']);
          }}
        >
          <DialogBody>
            <DialogTitle>Tags of {machine.computerDnsName ?? machine.id}</DialogTitle>
            <DialogContent>
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
                <Input
                  value={tag}
                  maxLength={200}
                  autoFocus
                  onChange={(_event, { value }) => setTag(value)}
                />
              </Field>
              {change.error ? <Problem error={change.error} /> : null}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Close</Button>
              <GuardedButton
                type="submit"
                appearance="primary"
                needs={NEEDED}
                hindrance={tag.trim() === '' ? 'Name the tag first.' : null}
              >
                Add tag
              </GuardedButton>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
