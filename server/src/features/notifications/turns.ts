/**
 * Looks for new alerts and sends what is due, rule by rule. How far a rule has come and what it has still to send are kept together, before
 * anything is sent: whatever ends the server, the next goes on from there. A message whose answer was lost is sent again, under the same id.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, nowIso7 } from '@merlon/contract';
import { DeliveryError } from '@merlon/destinations';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Alerts } from '../alerts/index.ts';
import type { RuleFailure, StoredRule } from './rule.ts';
import { begun, dueMs, failed, gathered, sent } from './rule-outbox.ts';
import { SEND_MS, type Sender } from './sender.ts';
import type { NotificationsStore } from './store.ts';

const IDLE_MS = 1_000;
const LEASE_MS = SEND_MS + 30_000;
/** Alerts looked at in a turn. */
const PER_TURN = 500;
/** A rule that nothing matches is moved on this often, so that it does not look through ever more alerts. */
const MOVE_ON_MS = 10 * 60_000;
/** Rules that send at the same time. */
const AT_ONCE = 8;

export interface TurnDeps {
  readonly store: Pick<NotificationsStore, 'free' | 'lease' | 'settle'>;
  readonly sender: Pick<Sender, 'send'>;
  readonly alerts: Pick<Alerts, 'createdSince'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  counted(what: 'sent' | 'failed' | 'givenUp', rule: StoredRule, alerts: number): void;
}

export async function runTurns(deps: TurnDeps): Promise<void> {
  const busy = new Map<string, Promise<void>>();
  while (!deps.signal.aborted) {
    try {
      for (const rule of await deps.store.free(deps.clock.now())) {
        // A channel that hangs holds up its own rule only.
        while (busy.size >= AT_ONCE) await Promise.race(busy.values());
        if (busy.has(rule.id) || deps.signal.aborted) continue;
        const turn = takeTurn(deps, rule)
          .catch((error: unknown) => {
            if (!deps.signal.aborted)
              deps.log.warn(
                { err: error, rule: rule.id },
                'a notification rule was not looked at; it is tried again',
              );
          })
          .finally(() => busy.delete(rule.id));
        busy.set(rule.id, turn);
      }
    } catch (error) {
      if (!deps.signal.aborted)
        deps.log.warn({ err: error }, 'notification rules cannot be read; they are tried again');
    }
    await delay(IDLE_MS, undefined, { signal: deps.signal }).catch(() => {});
  }
  await Promise.all(busy.values());
}

/** Exported for its test. */
export async function takeTurn(deps: TurnDeps, seen: StoredRule): Promise<void> {
  const now = () => deps.clock.now().getTime();
  const found = await newAlerts(deps, seen);
  const due = dueMs(gathered(seen.outbox, found.alerts, now()), seen, now());
  const moves = found.upTo.getTime() - seen.seenTo.getTime() >= MOVE_ON_MS;
  if (found.alerts.length === 0 && !moves && (due === null || due > now())) return;

  const leased = await deps.store.lease(seen.tenantId, seen.id, deps.clock.now(), new Date(now() + LEASE_MS));
  // Somebody else was here between the two looks.
  if (leased === null) return;
  if (leased.seenTo.getTime() !== seen.seenTo.getTime()) {
    await deps.store.settle(leased, { outbox: leased.outbox }, null);
    return;
  }
  let outbox = gathered(leased.outbox, found.alerts, now());
  const dueNow = dueMs(outbox, leased, now());
  const sends = dueNow !== null && dueNow <= now();
  if (sends) outbox = begun(outbox, randomUUID, now());
  const rule = await deps.store.settle(
    leased,
    { outbox, seenTo: found.upTo },
    sends ? new Date(now() + LEASE_MS) : null,
  );
  const message = rule?.outbox.sending;
  if (!sends || rule === null || !message) return;

  try {
    const left = await deps.sender.send(rule, message, { id: message.id, isTest: false });
    deps.counted('sent', rule, message.count);
    await deps.store.settle(
      rule,
      {
        outbox: sent(rule.outbox, now()),
        sentAlerts: message.count,
        lastSuccess: deps.clock.now(),
        ...(left.length === 0
          ? {}
          : { lastError: failure('refused', `It was not taken for ${left.join(', ')}.`, deps.clock) }),
      },
      null,
    );
  } catch (error) {
    // A server that stops leaves the message as it is; whoever comes next sends it.
    if (deps.signal.aborted) {
      await deps.store.settle(rule, { outbox: rule.outbox }, null);
      return;
    }
    const fault = faultOf(error);
    const next = failed(rule.outbox, fault.retryAfterMs, now());
    deps.counted('failed', rule, message.count);
    if (next.givenUp > 0) {
      deps.counted('givenUp', rule, next.givenUp);
      deps.log.error(
        { rule: rule.id, tenant: rule.tenantId, alerts: next.givenUp, reason: fault.message },
        'a notification was given up after a day; nobody was told of its alerts',
      );
    }
    await deps.store.settle(
      rule,
      {
        outbox: next.outbox,
        lastError: failure(fault.fault, fault.message, deps.clock),
        ...(next.givenUp > 0 ? { givenUpAlerts: next.givenUp } : {}),
      },
      null,
    );
  }
}

async function newAlerts(deps: TurnDeps, rule: StoredRule) {
  const { alerts, upTo } = await deps.alerts.createdSince(
    {
      tenantId: rule.tenantId,
      deviceGroups: rule.deviceGroups.length === 0 ? 'all' : rule.deviceGroups.map(String),
    },
    { after: rule.seenTo, severities: rule.severities, limit: PER_TURN },
  );
  return { upTo, alerts: alerts.map((alert) => ({ ...alert, createdAt: alert.createdAt.toISOString() })) };
}

const failure = (fault: RuleFailure['fault'], message: string, clock: Clock): RuleFailure => ({
  fault,
  message,
  at: nowIso7(clock.now()),
});

function faultOf(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  // Secrets that cannot be opened: the key beside the database is another.
  if (error instanceof ApiError) return new DeliveryError('settings', error.publicMessage, { cause: error });
  throw error;
}
