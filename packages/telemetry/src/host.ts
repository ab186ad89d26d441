const HOST = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,252})$/u;

/** A host name as it may become a device's: without the final dot; null when it is none. */
export function hostOf(said: unknown): string | null {
  if (typeof said !== 'string') return null;
  const name = said.trim().replace(/\.$/, '');
  return HOST.test(name) ? name : null;
}
