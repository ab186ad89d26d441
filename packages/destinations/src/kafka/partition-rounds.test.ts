import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionRounds } from './partition-rounds.ts';

const messages = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.integer({ min: 0, max: 3 }),
    size: fc.integer({ min: 1, max: 1_000 }),
  }),
);

describe('rounds', () => {
  it('hold every message once and in order, and no more for a partition than fits, unless one alone is larger', () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 3_000 }), (sent, limit) => {
        const rounds = [...partitionRounds(sent, limit)];
        expect(rounds.flat()).toEqual(sent);
        for (const round of rounds) {
          const places = groupBy(round);
          for (const batch of places.values())
            expect(batch.length === 1 || batch.reduce((sum, { size }) => sum + size, 0) <= limit).toBe(true);
        }
      }),
    );
  });

  it('are single messages when nothing fits', () => {
    const sent = [1, 2, 3].map((size) => ({ topic: 'a', partition: size, size }));
    expect([...partitionRounds(sent, 0)]).toEqual(sent.map((one) => [one]));
  });
});

function groupBy(round: readonly { topic: string; partition: number; size: number }[]) {
  const places = new Map<string, { size: number }[]>();
  for (const one of round) {
    const place = `${one.topic}:${one.partition}`;
    places.set(place, [...(places.get(place) ?? []), one]);
  }
  return places;
}
