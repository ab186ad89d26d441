/** Which hosts a collector may speak for: names with `*` for any run of characters, letter case aside. */

export const HOST_PATTERN = '^[\\p{L}\\p{N}_*][\\p{L}\\p{N}_.*-]{0,252}$';

/** @param patterns none: any host */
export function speaksFor(patterns: readonly string[], host: string): boolean {
  return (
    patterns.length === 0 || patterns.some((pattern) => matches(pattern.toLowerCase(), host.toLowerCase()))
  );
}

/** Piece by piece, without going back: each piece is looked for behind the one before it. */
function matches(pattern: string, host: string): boolean {
  const pieces = pattern.split('*');
  const [first = ''] = pieces;
  if (pieces.length === 1) return host === first;
  const last = pieces.at(-1) ?? '';
  if (!host.startsWith(first) || host.length < first.length + last.length || !host.endsWith(last))
    return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = host.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= host.length - last.length;
}
