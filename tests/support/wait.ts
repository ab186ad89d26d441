/** Waits for a condition, looking often; the message of the error tells what was seen last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  options: { withinMs: number; everyMs?: number; lastSeen?: () => string },
): Promise<{ value: T; tookMs: number }> {
  const began = performance.now();
  for (;;) {
    const value = await look();
    const tookMs = performance.now() - began;
    if (value) return { value, tookMs };
    if (tookMs > options.withinMs) {
      throw new Error(`${what} did not happen within ${options.withinMs} ms. ${options.lastSeen?.() ?? ''}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 25));
  }
}
