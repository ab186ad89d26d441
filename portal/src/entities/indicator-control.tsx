/** Whether an indicator stands for a value, and the way to set or take back one. */
import {
  Button,
  Field,
  Input,
  makeStyles,
  Select,
  Subtitle2,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type IndicatorKind, indicatorsOf, removeIndicator, submitIndicator } from '../api/indicators.ts';
import { wording } from '../ui/filter-menu.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { GuardedButton } from '../ui/permission.tsx';
import { Loaded, Problem } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';

const NEEDED = 'ActiveRemediation.SecurityOperations';
const DAY_MS = 86_400_000;

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  list: { listStyle: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalS },
  fields: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
});

const forFiles = ['Block', 'BlockAndRemediate', 'Warn', 'Audit', 'Allowed'] as const;
const forNetwork = ['Block', 'Warn', 'Audit', 'Allowed'] as const;

export function IndicatorControl({ type, value }: { readonly type: IndicatorKind; readonly value: string }) {
  const styles = useStyles();
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const found = useQuery(indicatorsOf(value));
  const remove = useMutation({
    mutationFn: removeIndicator,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['indicators', value] }),
  });
  return (
    <section className={styles.frame} aria-label="Indicator">
      <Subtitle2 as="h2">Indicator</Subtitle2>
      <Loaded query={found} label="Looking for indicators…">
        {(indicators) => (
          <>
            {indicators.length === 0 ? 'Nothing is blocked or allowed.' : null}
            <ul className={styles.list}>
              {indicators.map(({ id, action, title, expirationTime }) => (
                <li key={id}>
                  <strong>{wording(action)}</strong>: {title}
                  {expirationTime === null ? null : (
                    <>
                      {' '}
                      until <Time value={expirationTime} />
                    </>
                  )}{' '}
                  <GuardedButton size="small" needs={NEEDED} onClick={() => remove.mutate(id)}>
                    Remove
                  </GuardedButton>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
      {remove.error ? <Problem error={remove.error} /> : null}
      <div>
        <GuardedButton needs={NEEDED} onClick={() => setAsking(true)}>
          Block or allow
        </GuardedButton>
      </div>
      {asking ? <IndicatorDialog type={type} value={value} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

function IndicatorDialog({
  type,
  value,
  onClose,
}: {
  readonly type: IndicatorKind;
  readonly value: string;
  onClose(): void;
}) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [draft, setDraft] = useState({ action: 'Block', title: '', description: '', days: '' });
  const edit = (change: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...change }));
  const send = useMutation({
    mutationFn: () =>
      submitIndicator({
        indicatorType: type,
        indicatorValue: value,
        action: draft.action,
        title: draft.title.trim(),
        description: draft.description.trim(),
        ...(draft.days === ''
          ? {}
          : { expirationTime: new Date(Date.now() + Number(draft.days) * DAY_MS).toISOString() }),
      }),
    async onSuccess() {
      await queries.invalidateQueries({ queryKey: ['indicators', value] });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Block or allow"
      contentClass={styles.fields}
      error={send.error}
      busy={send.isPending}
      submit={
        <Button
          type="submit"
          appearance="primary"
          disabled={draft.title.trim() === '' || draft.description.trim() === '' || send.isPending}
        >
          Save indicator
        </Button>
      }
      onSubmit={() => send.mutate()}
      onClose={onClose}
    >
      <div style={{ overflowWrap: 'anywhere' }}>{value}</div>
      <Field label="Action">
        <Select value={draft.action} onChange={(_event, data) => edit({ action: data.value })}>
          {(type.startsWith('File') ? forFiles : forNetwork).map((action) => (
            <option key={action} value={action}>
              {wording(action)}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Title" required>
        <Input
          autoFocus
          value={draft.title}
          maxLength={1_024}
          onChange={(_event, data) => edit({ title: data.value })}
        />
      </Field>
      <Field label="Why" required>
        <Textarea
          rows={3}
          value={draft.description}
          maxLength={10_000}
          onChange={(_event, data) => edit({ description: data.value })}
        />
      </Field>
      <Field label="Ends">
        <Select value={draft.days} onChange={(_event, data) => edit({ days: data.value })}>
          <option value="">Never</option>
          <option value="1">In a day</option>
          <option value="7">In 7 days</option>
          <option value="30">In 30 days</option>
          <option value="90">In 90 days</option>
        </Select>
      </Field>
    </FormDialog>
  );
}
