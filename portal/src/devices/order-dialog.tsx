/** Asks why, and what else an order needs, then gives it to one device or many. */
import { Button, Field, Input, Radio, RadioGroup, Text, Textarea } from '@fluentui/react-components';
import type { Machine, MachineAction } from '@merlon/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type BulkOutcome, order, orderOnMany } from '../api/orders.ts';
import { FormDialog } from '../ui/form-dialog.tsx';
import { type OrderType, orderKinds, orderOf } from './order-kinds.ts';

const MAX_COMMENT = 4_000;
type Target = Pick<Machine, 'id' | 'computerDnsName'>;

export interface OrderDialogProps {
  readonly type: OrderType;
  readonly machines: readonly Target[];
  readonly sha1?: string;
  /** Of one device. */
  onOrdered?(action: MachineAction): void;
  onClose(): void;
}

export function OrderDialog({ type, machines, sha1 = '', onOrdered, onClose }: OrderDialogProps) {
  const kind = orderKinds[type];
  const [comment, setComment] = useState('');
  const [choice, setChoice] = useState(kind.choices?.[0]?.[0] ?? '');
  const [file, setFile] = useState(sha1);
  const [outcomes, setOutcomes] = useState<readonly BulkOutcome[] | null>(null);
  const queries = useQueryClient();
  const asked = orderOf(type, { choice, sha1: file });
  const [one, ...more] = machines;
  const send = useMutation({
    async mutationFn() {
      if (asked === null || !one) return;
      if (more.length === 0) onOrdered?.(await order(one.id, asked, comment.trim()));
      else
        setOutcomes(
          await orderOnMany(
            machines.map(({ id }) => id),
            asked,
            comment.trim(),
          ),
        );
    },
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['machineActions'] });
      if (more.length === 0) onClose();
    },
  });
  const whose = more.length === 0 ? (one?.computerDnsName ?? one?.id ?? '') : `${machines.length} devices`;

  return (
    <FormDialog
      title={
        <>
          {kind.title}: {whose}
        </>
      }
      error={outcomes === null ? send.error : null}
      busy={send.isPending}
      leave={outcomes === null ? 'Cancel' : 'Close'}
      submit={
        outcomes === null ? (
          <Button
            type="submit"
            appearance="primary"
            disabled={comment.trim() === '' || asked === null || send.isPending}
          >
            {kind.verb}
          </Button>
        ) : null
      }
      onSubmit={() => send.mutate()}
      onClose={onClose}
    >
      {outcomes === null ? (
        <>
          <Text as="p" block style={{ marginTop: 0 }}>
            {kind.text}
          </Text>
          {kind.choices ? (
            <Field label="How">
              <RadioGroup value={choice} onChange={(_event, { value }) => setChoice(value)}>
                {kind.choices.map(([value, title]) => (
                  <Radio key={value} value={value} label={title} />
                ))}
              </RadioGroup>
            </Field>
          ) : null}
          {kind.asksFile ? (
            <Field label="SHA-1 of the file" required>
              <Input value={file} onChange={(_event, { value }) => setFile(value)} />
            </Field>
          ) : null}
          <Field label="Comment" hint="Why. It is kept with the action and in the audit log." required>
            <Textarea
              value={comment}
              maxLength={MAX_COMMENT}
              rows={3}
              autoFocus
              onChange={(_event, data) => setComment(data.value)}
            />
          </Field>
        </>
      ) : (
        <Outcomes machines={machines} outcomes={outcomes} />
      )}
    </FormDialog>
  );
}

/** What became of an order on many devices: those that refused it are named. */
function Outcomes({
  machines,
  outcomes,
}: {
  readonly machines: readonly Target[];
  readonly outcomes: readonly BulkOutcome[];
}) {
  const refused = outcomes.filter(({ error }) => error !== null);
  const names = new Map(machines.map(({ id, computerDnsName }) => [id, computerDnsName ?? id]));
  return (
    <>
      <Text as="p" block role="status">
        Ordered on {outcomes.length - refused.length} of {outcomes.length} devices.
      </Text>
      {refused.length === 0 ? null : (
        <ul>
          {refused.map(({ machineId, error }) => (
            <li key={machineId}>
              {names.get(machineId) ?? machineId}: {error?.message} ({error?.code})
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
