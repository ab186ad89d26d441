/** Costly work, a few pieces at a time; what comes when too many wait is turned away at once. */
import { ApiError } from '@merlon/contract';

export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

export function createTurns(atOnce: number, waitingAtMost: number): Turns {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= waitingAtMost)
        throw new ApiError('ServiceUnavailable', undefined, { retryAfterSeconds: 5 });
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    } else running += 1;
    try {
      return await work();
    } finally {
      // Whoever is next takes over the place.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
