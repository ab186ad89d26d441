/**
 * Messages in order, cut into rounds: what is sent at once. A partition gets one batch a round, so the batch's bytes are bounded by what a topic takes;
 * a message waits for the next round when its partition has no room left, and everything after it with it, so that order is kept. Pure.
 */
export interface Placed {
  readonly topic: string;
  readonly partition: number;
  /** Bytes that it takes in a batch, before compression. */
  readonly size: number;
}

export function* partitionRounds<T extends Placed>(
  messages: Iterable<T>,
  maxBatchBytes: number,
): Generator<T[]> {
  let round: T[] = [];
  const filled = new Map<string, number>();
  for (const message of messages) {
    const place = `${message.topic}:${message.partition}`;
    const size = (filled.get(place) ?? 0) + message.size;
    if (size > maxBatchBytes && round.length > 0) {
      yield round;
      round = [];
      filled.clear();
      filled.set(place, message.size);
    } else filled.set(place, size);
    round.push(message);
  }
  if (round.length > 0) yield round;
}
