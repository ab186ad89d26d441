import type { Fields } from '../mapping.ts';

/** An event of a Windows log, whatever carried it here. */
export interface WindowsEvent {
  readonly provider: string;
  readonly channel: string;
  readonly eventId: number;
  /** As its host calls itself. */
  readonly computer: string;
  /** ISO with `Z`; null when it was not told or can not be read. */
  readonly time: string | null;
  /** Number in its log, which makes the event known when it comes again. */
  readonly recordId: string | null;
  /** Named fields of EventData or UserData. */
  readonly data: Fields;
  /** Of the head: process and user that wrote the event. */
  readonly writer: { readonly process: unknown; readonly user: unknown };
  /** Values without names, in order; some carriers send only these. */
  readonly inserts: readonly unknown[] | null;
  /** Rendered for people. */
  readonly message: string | null;
}
