/**
 * Reads of single keys, asked together. The engine takes some milliseconds to plan a statement and hardly longer for fifty keys than for one, so
 * what is asked while a statement runs waits for it and goes with the next. Nobody waits when nothing runs.
 */

/** A statement this long is still planned quickly. */
const MOST_KEYS = 64;

interface Waiting<V> {
  readonly key: string;
  readonly done: (value: V | null) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * @param read of some keys, for whoever `about` says; keys that were not found are not in what it gives
 * @returns null for a key that was not found. Keys that share a failure are asked again each on its own, so that none fails by another's fault.
 */
export function gathered<A, V>(
  read: (about: A, keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  nameOf: (about: A) => string,
): (about: A, key: string) => Promise<V | null> {
  const lanes = new Map<string, Waiting<V>[]>();

  async function drain(about: A, name: string, lane: Waiting<V>[]): Promise<void> {
    while (lane.length > 0) {
      const batch = lane.splice(0, MOST_KEYS);
      try {
        const found = await read(about, [...new Set(batch.map(({ key }) => key))]);
        for (const { key, done } of batch) done(found.get(key) ?? null);
      } catch (error) {
        if (batch.length === 1) batch[0]?.failed(error);
        else await Promise.all(batch.map((one) => alone(about, one)));
      }
    }
    // In the same turn in which it was found empty: who comes later must not wait in a lane that nobody empties.
    lanes.delete(name);
  }

  async function alone(about: A, { key, done, failed }: Waiting<V>): Promise<void> {
    try {
      done((await read(about, [key])).get(key) ?? null);
    } catch (error) {
      failed(error);
    }
  }

  return (about, key) =>
    new Promise((done, failed) => {
      const name = nameOf(about);
      const running = lanes.get(name);
      if (running) {
        running.push({ key, done, failed });
        return;
      }
      const lane = [{ key, done, failed }];
      lanes.set(name, lane);
      void drain(about, name, lane);
    });
}
