/** Resolves to the first answer that is not null or false. @throws Error after the deadline, naming what never came. */
export async function until<T>(
  what: string,
  look: () => T | null | false | undefined | Promise<T | null | false | undefined>,
  limitMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await look();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`never came within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
