/** How long lists and things are shown without being asked for again. Live updates say what changed before; this is for where they do not come through. */
export const REFRESH_MS = 60_000;
/** Whoever looks at an empty list waits for the first to come. */
export const EMPTY_REFRESH_MS = 2_000;

interface Asked {
  readonly state: { readonly data?: { readonly value: readonly unknown[] } | undefined };
}

export function listRefresh({ state: { data } }: Asked): number {
  return data?.value.length === 0 ? EMPTY_REFRESH_MS : REFRESH_MS;
}
