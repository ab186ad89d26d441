/** Examples that cannot agree here, and why. The key is the page and the ordinal of the example on it. */
export const exceptions: Readonly<Record<string, string>> = {};
