import { vi } from 'vitest';

/** Runs a test's body again until it holds: what entities tell follows some seconds after the events that hunting finds. */
export function onceFolded(body: () => Promise<void>): Promise<void> {
  return vi.waitFor(body, { timeout: 15_000, interval: 250 });
}
