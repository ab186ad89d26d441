/** What an indicator asks for beyond keeping a file from starting: whoever runs it is stopped, and with BlockAndRemediate it is put away. */
import type { FileHash, IndicatorItem } from '@merlon/contract';
import type { AgentLog } from '../agent-log.ts';
import type { ImageHashes } from './image-hashes.ts';
import { runningImages } from './program-processes.ts';
import type { Quarantine } from './quarantine.ts';
import type { SoughtHash } from './quarantine-search.ts';

export interface Remedied {
  readonly item: IndicatorItem;
  readonly path: string | null;
  /** As in the receipt of an order to stop and quarantine. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface RemediationOptions {
  readonly quarantine: Pick<Quarantine, 'remediate'>;
  readonly hashes: ImageHashes;
  readonly log: AgentLog;
  readonly done: (remedied: Remedied) => void;
}

/** Of a flood of hits, those that wait at a time. */
const MAX_WAITING = 256;
const ALGORITHMS = {
  FileSha1: 'Sha1',
  FileSha256: 'Sha256',
  FileMd5: 'Md5',
} as const satisfies Partial<Record<IndicatorItem['type'], FileHash['algorithm'] | 'Md5'>>;

export class Remediation {
  readonly #o: RemediationOptions;
  readonly #waiting = new Set<string>();

  constructor(options: RemediationOptions) {
    this.#o = options;
  }

  /** The file was met at the path; null: it runs. Once for a path at a time. */
  async met(item: IndicatorItem, path: string | null, putAway: boolean): Promise<void> {
    const file = soughtBy(item);
    const key = `${item.value} ${path ?? ''}`;
    if (file === null || this.#waiting.has(key) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.add(key);
    try {
      const evidence = await this.#o.quarantine.remediate(file, {
        cause: `indicator ${item.id}`,
        path,
        putAway,
        sparesRestored: true,
      });
      if (evidence !== null) this.#o.done({ item, path, evidence });
    } catch (error) {
      this.#o.log.error('a file that an indicator names could not be stopped', {
        indicator: item.id,
        path,
        error,
      });
    } finally {
      this.#waiting.delete(key);
    }
  }

  /** Indicators that are new: what runs now is looked at once for all of them. */
  async sweep(items: readonly IndicatorItem[]): Promise<void> {
    const byHash = new Map(items.map((item) => [item.value, item]));
    for (const image of runningImages()) {
      const hashes = await this.#o.hashes.of(image);
      for (const hash of hashes === null ? [] : [hashes.sha256, hashes.sha1, hashes.md5]) {
        const item = byHash.get(hash);
        if (item !== undefined) await this.met(item, null, true);
      }
    }
  }
}

function soughtBy({ type, value }: IndicatorItem): SoughtHash | null {
  return Object.hasOwn(ALGORITHMS, type)
    ? { algorithm: ALGORITHMS[type as keyof typeof ALGORITHMS], value }
    : null;
}
