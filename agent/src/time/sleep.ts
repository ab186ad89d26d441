import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after the time; at once when it is not above 0. @throws the reason of `signal` when that is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return;
  try {
    await delay(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
