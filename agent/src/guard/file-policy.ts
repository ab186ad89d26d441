/** Which files may be executed. Pure. */
import { type IndicatorItem, isBlocking, rulingIndicator } from '@merlon/contract';
import type { FileHashes } from '../sensor/file-hasher.ts';
import type { DigestList } from './digest-list.ts';

/** What an execution is stopped or told for: an indicator, or the restriction to what packages brought. */
export type Ground =
  | { readonly kind: 'indicator'; readonly item: IndicatorItem }
  | { readonly kind: 'restriction' };

export type FileVerdict =
  | { readonly kind: 'allow' }
  /** Let run, and told of every time. */
  | { readonly kind: 'observe'; readonly ground: Ground }
  | { readonly kind: 'deny'; readonly ground: Ground };

export interface FilePolicy {
  readonly indicators: readonly IndicatorItem[];
  /** What may run while execution is restricted; null: it is not. */
  readonly restriction: DigestList | null;
}

const ALLOW: FileVerdict = { kind: 'allow' };

const FILE_TYPES = { FileSha256: 'sha256', FileSha1: 'sha1', FileMd5: 'md5' } as const satisfies Partial<
  Record<IndicatorItem['type'], keyof FileHashes>
>;
type FileType = keyof typeof FILE_TYPES;

export function isFileIndicator(item: IndicatorItem): item is IndicatorItem & { type: FileType } {
  return Object.hasOwn(FILE_TYPES, item.type);
}

export class FileRules {
  readonly #byHash = new Map<string, IndicatorItem>();
  readonly #restriction: DigestList | null;

  constructor({ indicators, restriction }: FilePolicy) {
    // The three hashes differ in length, so one map holds them all.
    for (const item of indicators) if (isFileIndicator(item)) this.#byHash.set(item.value, item);
    this.#restriction = restriction;
  }

  /** @param hashes null: they cannot be known; then only a restriction speaks. */
  judge(hashes: FileHashes | null): FileVerdict {
    const ruling = hashes === null ? null : rulingIndicator(this.#matching(hashes));
    if (ruling !== null) {
      const ground: Ground = { kind: 'indicator', item: ruling };
      if (isBlocking(ruling.action)) return { kind: 'deny', ground };
      // What somebody allowed by its hash may run under a restriction too.
      if (ruling.action === 'Allowed') return ALLOW;
      if (this.#mayRun(hashes)) return { kind: 'observe', ground };
    }
    return this.#mayRun(hashes) ? ALLOW : { kind: 'deny', ground: { kind: 'restriction' } };
  }

  #matching(hashes: FileHashes): IndicatorItem[] {
    return [hashes.sha256, hashes.sha1, hashes.md5]
      .map((hash) => this.#byHash.get(hash))
      .filter((item) => item !== undefined);
  }

  #mayRun(hashes: FileHashes | null): boolean {
    if (this.#restriction === null) return true;
    return hashes !== null && this.#restriction.holds(hashes);
  }
}
