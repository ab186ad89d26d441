/**
 * The state of a setting, and how long it waits before it tries again. Pure.
 *
 *                       delivered
 *   Stopped ──start──▶ Active ◀───────────── Retrying ◀─┐
 *      ▲                 │  passing fault ──────▲ │     │ passing fault
 *      │                 │                        │ lasting fault
 *      │                 └── lasting fault ──▶ Failing ─┘
 *      └──────── stop, from any ─────────        │ delivered ──▶ Active
 *
 * Retrying: the destination is away or asks for patience; nobody has to do anything. Failing: it refuses us, and will until somebody acts; it is
 * tried all the same, seldom, since what is wrong may be put right over there.
 */
import { type DeliveryFault, deliveryFaults } from '@merlon/destinations';

export const pumpStates = ['Stopped', 'Active', 'Retrying', 'Failing'] as const;
export type PumpState = (typeof pumpStates)[number];

/** `internal`: a defect of ours, which stands still rather than lose anything. */
export type PumpFault = DeliveryFault | 'internal';
export const pumpFaults = [...deliveryFaults, 'internal'] as const satisfies readonly PumpFault[];

export type PumpEvent =
  | { readonly kind: 'started' | 'stopped' | 'delivered' }
  | { readonly kind: 'failed'; readonly fault: PumpFault };

export function nextState(event: PumpEvent): PumpState {
  switch (event.kind) {
    case 'started':
    case 'delivered':
      return 'Active';
    case 'stopped':
      return 'Stopped';
    case 'failed':
      return isPassing(event.fault) ? 'Retrying' : 'Failing';
  }
}

function isPassing(fault: PumpFault): boolean {
  switch (fault) {
    case 'unreachable':
    case 'throttled':
      return true;
    case 'credentials':
    case 'forbidden':
    case 'missing':
    case 'refused':
    case 'settings':
    case 'internal':
      return false;
  }
}

const PASSING = { firstMs: 500, mostMs: 60_000 };
const LASTING = { firstMs: 5_000, mostMs: 300_000 };
/** A destination that asks for longer is asked again all the same. */
const LONGEST_ASKED_MS = 3_600_000;

/** @param attempt from 1. @param random in [0, 1): settings that failed together must not come back together */
export function retryDelayMs(
  fault: PumpFault,
  attempt: number,
  retryAfterMs: number | null,
  random: number,
): number {
  const { firstMs, mostMs } = isPassing(fault) ? PASSING : LASTING;
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 20));
  const own = ceiling / 2 + (ceiling / 2) * random;
  return Math.max(own, Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS));
}
