/**
 * What a rule has still to send. Kept with the rule, so that it survives whatever happens to the server; there is one message on its way at most, and what
 * comes meanwhile gathers for the next. So a thousand alerts after a pause, or beyond the rate that was allowed, make one message and not a thousand.
 *
 *     Idle ──alerts──▶ Gathering ──digest over, rate allows──▶ Sending ──taken──▶ Idle, or Gathering what came meanwhile
 *                                                                │  ▲
 *                                                          fails ▼  │ its time has come
 *                                                              Retrying ──a day after the first try──▶ given up, and counted
 *
 * Pure.
 */
import type { AlertBundle, AlertSummary } from './alert-message.ts';
import { bundled } from './alert-message.ts';

export interface RuleOutbox {
  readonly gathering: (AlertBundle & { readonly sinceMs: number }) | null;
  readonly sending:
    | (AlertBundle & {
        readonly id: string;
        readonly attempts: number;
        readonly firstTriedMs: number;
        readonly notBeforeMs: number;
      })
    | null;
  /** When messages were sent, within the last hour. */
  readonly sentMs: readonly number[];
}

export const emptyOutbox: RuleOutbox = { gathering: null, sending: null, sentMs: [] };

export const outboxStates = ['Off', 'Idle', 'Gathering', 'Sending', 'Retrying'] as const;
export type OutboxState = (typeof outboxStates)[number];

export interface Pace {
  /** 0: at once. */
  readonly digestMinutes: number;
  readonly maxPerHour: number;
}

const HOUR_MS = 3_600_000;
const FIRST_RETRY_MS = 15_000;
const LONGEST_RETRY_MS = 30 * 60_000;
const GIVE_UP_MS = 24 * HOUR_MS;

export function stateOf(outbox: RuleOutbox, enabled: boolean): OutboxState {
  if (!enabled) return 'Off';
  if (outbox.sending !== null) return outbox.sending.attempts === 0 ? 'Sending' : 'Retrying';
  return outbox.gathering === null ? 'Idle' : 'Gathering';
}

export const waitingCount = ({ gathering, sending }: RuleOutbox): number =>
  (gathering?.count ?? 0) + (sending?.count ?? 0);

export function gathered(outbox: RuleOutbox, alerts: readonly AlertSummary[], nowMs: number): RuleOutbox {
  if (alerts.length === 0) return outbox;
  const sinceMs = outbox.gathering?.sinceMs ?? nowMs;
  return { ...outbox, gathering: { ...bundled(outbox.gathering, alerts), sinceMs } };
}

/** When there is something to send next; null: nothing waits. */
export function dueMs({ gathering, sending, sentMs }: RuleOutbox, pace: Pace, nowMs: number): number | null {
  if (sending !== null) return sending.notBeforeMs;
  if (gathering === null) return null;
  const recent = sentMs.filter((at) => at > nowMs - HOUR_MS);
  const oldest = recent[recent.length - pace.maxPerHour];
  return Math.max(
    gathering.sinceMs + pace.digestMinutes * 60_000,
    oldest === undefined ? 0 : oldest + HOUR_MS,
  );
}

/** What gathered becomes the message, unless one is on its way; `newId` names it. */
export function begun(outbox: RuleOutbox, newId: () => string, nowMs: number): RuleOutbox {
  if (outbox.sending !== null || outbox.gathering === null) return outbox;
  const { sinceMs: _, ...bundle } = outbox.gathering;
  return {
    ...outbox,
    gathering: null,
    sending: { ...bundle, id: newId(), attempts: 0, firstTriedMs: nowMs, notBeforeMs: nowMs },
  };
}

export const sent = (outbox: RuleOutbox, nowMs: number): RuleOutbox => ({
  ...outbox,
  sending: null,
  sentMs: [...outbox.sentMs.filter((at) => at > nowMs - HOUR_MS), nowMs],
});

/** `givenUp`: alerts that nobody will be told of. */
export function failed(
  outbox: RuleOutbox,
  retryAfterMs: number | undefined,
  nowMs: number,
): { readonly outbox: RuleOutbox; readonly givenUp: number } {
  const { sending } = outbox;
  if (sending === null) return { outbox, givenUp: 0 };
  if (nowMs - sending.firstTriedMs >= GIVE_UP_MS)
    return { outbox: { ...outbox, sending: null }, givenUp: sending.count };
  const wait = Math.min(FIRST_RETRY_MS * 2 ** sending.attempts, LONGEST_RETRY_MS);
  const notBeforeMs = nowMs + Math.min(Math.max(wait, retryAfterMs ?? 0), HOUR_MS);
  return {
    outbox: { ...outbox, sending: { ...sending, attempts: sending.attempts + 1, notBeforeMs } },
    givenUp: 0,
  };
}
