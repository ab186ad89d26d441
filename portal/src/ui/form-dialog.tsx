/** A question that is answered by filling in something: its fields, what went wrong, the way out, and the way on. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { Problem } from './states.tsx';

export function FormDialog({
  title,
  contentClass,
  error,
  busy = false,
  leave = 'Cancel',
  submit,
  onSubmit,
  onClose,
  children,
}: {
  readonly title: ReactNode;
  readonly contentClass?: string;
  readonly error: Error | null;
  /** It is being sent, and there is no way out until that is over. */
  readonly busy?: boolean;
  readonly leave?: string;
  /** The button that submits; null: there is nothing to submit any more. */
  readonly submit: ReactNode;
  onSubmit(): void;
  onClose(): void;
  readonly children: ReactNode;
}) {
  return (
    <Dialog open onOpenChange={(_event, { open }) => (open || busy ? undefined : onClose())}>
      <DialogSurface>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent {...(contentClass === undefined ? {} : { className: contentClass })}>
              {children}
              {error ? <Problem error={error} /> : null}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose} disabled={busy}>
                {leave}
              </Button>
              {submit}
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
