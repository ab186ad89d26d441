/** Asks why, begins a console session and opens it. */
import { Button, Field, Text, Textarea } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { startSession } from '../api/live-response.ts';
import { FormDialog } from '../ui/form-dialog.tsx';

export function ConsoleDialog({ machine, onClose }: { readonly machine: Machine; onClose(): void }) {
  const [comment, setComment] = useState('');
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: () => startSession(machine.id, comment.trim()),
    onSuccess: ({ id }) =>
      navigate({
        to: '/devices/$deviceId/console/$sessionId',
        params: { deviceId: machine.id, sessionId: id },
      }),
  });
  return (
    <FormDialog
      title={<>Live response: {machine.computerDnsName ?? machine.id}</>}
      error={start.error}
      busy={start.isPending}
      submit={
        <Button type="submit" appearance="primary" disabled={comment.trim() === '' || start.isPending}>
          Open console
        </Button>
      }
      onSubmit={() => start.mutate()}
      onClose={onClose}
    >
      <Text as="p" block style={{ marginTop: 0 }}>
        A console on the device. Every line of it, yours and the device’s, is kept.
      </Text>
      <Field label="Comment" hint="Why. It is kept with the session." required>
        <Textarea
          value={comment}
          maxLength={4_000}
          rows={3}
          autoFocus
          onChange={(_event, { value }) => setComment(value)}
        />
      </Field>
    </FormDialog>
  );
}
