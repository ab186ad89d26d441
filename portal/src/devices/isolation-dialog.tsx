/** Asks why, then orders an isolation or a release. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Text,
  Textarea,
} from '@fluentui/react-components';
import type { Machine, MachineAction } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { isolate, unisolate } from '../api/machine-actions.ts';
import { Problem } from '../ui/states.tsx';

const MAX_COMMENT = 4_000;

const wordings = {
  isolate: {
    title: 'Isolate',
    text: 'The device loses every connection but the one to Merlon, until you release it. Work of its users is interrupted.',
    button: 'Isolate device',
  },
  release: {
    title: 'Release',
    text: 'The device gets its network back.',
    button: 'Release device',
  },
} as const;

export type IsolationOrder = keyof typeof wordings;

export function IsolationDialog({
  order,
  machine,
  onOrdered,
  onClose,
}: {
  readonly order: IsolationOrder;
  readonly machine: Machine;
  onOrdered(action: MachineAction): void;
  onClose(): void;
}) {
  const [comment, setComment] = useState('');
  const queries = useQueryClient();
  const { title, text, button } = wordings[order];
  const send = useMutation({
    mutationFn: () =>
      order === 'isolate'
        ? isolate(machine.id, { Comment: comment.trim(), IsolationType: 'Full' })
        : unisolate(machine.id, { Comment: comment.trim() }),
    onSuccess(action) {
      void queries.invalidateQueries({ queryKey: ['machineActions'] });
      onOrdered(action);
    },
  });
  return (
    <Dialog open onOpenChange={(_event, { open }) => (open || send.isPending ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send.mutate();
          }}
        >
          <DialogBody>
            <DialogTitle>
              {title} {machine.computerDnsName ?? machine.id}
            </DialogTitle>
            <DialogContent>
              <Text as="p" block style={{ marginTop: 0 }}>
                {text}
              </Text>
              <Field label="Comment" hint="Why. It is kept with the action and in the audit log." required>
                <Textarea
                  value={comment}
                  maxLength={MAX_COMMENT}
                  rows={3}
                  autoFocus
                  onChange={(_event, data) => setComment(data.value)}
                />
              </Field>
              {send.error ? <Problem error={send.error} /> : null}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose} disabled={send.isPending}>
                Cancel
              </Button>
              <Button type="submit" appearance="primary" disabled={comment.trim() === '' || send.isPending}>
                {button}
              </Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
