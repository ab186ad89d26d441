import { describe, expect, it } from 'vitest';
import { createWorkGate } from './work-gate.ts';

describe('a work gate', () => {
  it('does one piece at a time, in order, whatever becomes of each', async () => {
    const gate = createWorkGate(10);
    const seen: string[] = [];
    let under = 0;
    const piece = (name: string, fails = false) =>
      gate(async () => {
        under += 1;
        expect(under).toBe(1);
        await Promise.resolve();
        under -= 1;
        seen.push(name);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([piece('a'), piece('b', true), piece('c')]);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('turns away what it has no room for, and has room again afterwards', async () => {
    const gate = createWorkGate(2);
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = [gate(() => done), gate(() => done)];
    await expect(gate(async () => 'x')).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      retryAfterSeconds: 5,
    });
    finish();
    await Promise.all(first);
    expect(await gate(async () => 'x')).toBe('x');
  });
});
