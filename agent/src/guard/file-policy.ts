/**
 * Which files may be executed. Pure. The thread that judges is small, so it is told of indicators only what it judges by: it imports nothing that makes the whole contract
 * come along.
 */
import type { FileHashes } from '../sensor/file-hasher.ts';
import type { DigestList } from './digest-list.ts';
import type { Effect } from './effect.ts';

/** What an execution is stopped or told for: an indicator, by its hash, or the restriction to what packages brought. */
export type Ground =
  | { readonly kind: 'indicator'; readonly value: string }
  | { readonly kind: 'restriction' };

export type FileVerdict =
  | { readonly kind: 'allow' }
  /** Let run, and told of every time. */
  | { readonly kind: 'observe'; readonly ground: Ground }
  | { readonly kind: 'deny'; readonly ground: Ground };

export interface FilePolicy {
  /** By hash, in hex; the three kinds differ in length. */
  readonly indicators: ReadonlyMap<string, Effect>;
  /** What may run while execution is restricted; null: it is not. */
  readonly restriction: DigestList | null;
}

const ALLOW: FileVerdict = { kind: 'allow' };

/** @param hashes null: they cannot be known; then only a restriction speaks. */
export function judgeFile(policy: FilePolicy, hashes: FileHashes | null): FileVerdict {
  const { indicators, restriction } = policy;
  const mayRun = restriction === null || (hashes !== null && restriction.holds(hashes));
  // The stronger hash rules: `rulingIndicator` of the contract, for files.
  const value =
    hashes === null
      ? undefined
      : [hashes.sha256, hashes.sha1, hashes.md5].find((hash) => indicators.has(hash));
  const effect = value === undefined ? undefined : indicators.get(value);
  if (value !== undefined && effect !== undefined) {
    if (effect === 'deny') return { kind: 'deny', ground: { kind: 'indicator', value } };
    // What somebody allowed by its hash may run under a restriction too.
    if (effect === 'allow') return ALLOW;
    if (mayRun) return { kind: 'observe', ground: { kind: 'indicator', value } };
  }
  return mayRun ? ALLOW : { kind: 'deny', ground: { kind: 'restriction' } };
}
