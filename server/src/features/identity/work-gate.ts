/** Costly work, one piece at a time, with a short queue; what comes when it is full is turned away at once. */
import { ApiError } from '@merlon/contract';

export type WorkGate = <T>(work: () => Promise<T>) => Promise<T>;

/** @param most pieces under way or waiting */
export function createWorkGate(most: number): WorkGate {
  let inside = 0;
  let tail: Promise<unknown> = Promise.resolve();
  return async (work) => {
    if (inside >= most) {
      throw new ApiError('ServiceUnavailable', 'Too many sign-ins at once. Try again in a moment.', {
        retryAfterSeconds: 5,
      });
    }
    inside += 1;
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      inside -= 1;
    }
  };
}
