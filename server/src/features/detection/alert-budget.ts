/**
 * Keeps one device from flooding everybody's alerts. A device that sends a new process tree with every event would open an alert with each of
 * them; every alert is a transaction that all devices' findings wait for. Past a number of alerts within an hour, what a device's events
 * add to a rule becomes one alert of that rule. A rule that was silent before is still heard: each rule keeps an alert of its own.
 */
import { createHash } from 'node:crypto';
import type { AlertCandidate } from '../alerts/index.ts';

const WINDOW_MS = 3_600_000;
const MAX_JOINED_EVENTS = 200;
const MAX_JOINED_EVIDENCE = 200;
const JOINED =
  'The device had more findings within an hour than are told apart; further ones of this rule are together here.';

interface Window {
  readonly endsAt: number;
  /** Keys that have, or may open, an alert of their own. */
  readonly keys: Set<string>;
}

export class AlertBudget {
  readonly #perHour: number;
  readonly #windows = new Map<string, Window>();
  #sweepAt = 0;

  constructor(perHour = 100) {
    this.#perHour = perHour;
  }

  /**
   * The candidates to raise, in their order, joined ones last; and the devices that passed the bound with this call.
   * @param nowMs time of receipt of the events, not of the clock: a range read again is judged alike
   */
  fit(
    candidates: readonly AlertCandidate[],
    nowMs: number,
  ): { candidates: AlertCandidate[]; exceeded: string[] } {
    const kept: AlertCandidate[] = [];
    const joined = new Map<string, AlertCandidate>();
    const exceeded = new Set<string>();
    for (const candidate of candidates) {
      const { keys } = this.#window(`${candidate.tenantId} ${candidate.deviceId}`, nowMs);
      if (keys.has(candidate.dedupKey) || keys.size < this.#perHour) {
        keys.add(candidate.dedupKey);
        kept.push(candidate);
        continue;
      }
      const dedupKey = joinedKey(candidate);
      if (!keys.has(dedupKey)) exceeded.add(candidate.deviceId);
      keys.add(dedupKey);
      const known = joined.get(dedupKey);
      joined.set(
        dedupKey,
        known
          ? join(known, candidate)
          : { ...candidate, dedupKey, description: `${candidate.description}\n\n${JOINED}` },
      );
    }
    return { candidates: [...kept, ...joined.values()], exceeded: [...exceeded] };
  }

  #window(device: string, nowMs: number): Window {
    if (nowMs >= this.#sweepAt) {
      for (const [key, window] of this.#windows) if (window.endsAt <= nowMs) this.#windows.delete(key);
      this.#sweepAt = nowMs + WINDOW_MS;
    }
    const known = this.#windows.get(device);
    if (known && known.endsAt > nowMs) return known;
    const fresh: Window = { endsAt: nowMs + WINDOW_MS, keys: new Set() };
    this.#windows.set(device, fresh);
    return fresh;
  }
}

function join(into: AlertCandidate, more: AlertCandidate): AlertCandidate {
  if (into.events.length >= MAX_JOINED_EVENTS) return into;
  return {
    ...into,
    firstEventTime: inOrder(more.firstEventTime, into.firstEventTime)[0],
    lastEventTime: inOrder(more.lastEventTime, into.lastEventTime)[1],
    events: [...into.events, ...more.events].slice(0, MAX_JOINED_EVENTS),
    evidence: [...into.evidence, ...more.evidence].slice(0, MAX_JOINED_EVIDENCE),
  };
}

/** 40 hex digits, as every key; of the rule and the device alone. */
function joinedKey({ ruleId, deviceId }: AlertCandidate): string {
  return createHash('sha256')
    .update(JSON.stringify([ruleId, deviceId, 'joined']))
    .digest('hex')
    .slice(0, 40);
}

/** ISO times sort as text. */
function inOrder(a: string, b: string): [earlier: string, later: string] {
  if (a < b) return [a, b];
  return [b, a];
}
