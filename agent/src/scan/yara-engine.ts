/** YARA rules over files, one after another in a worker of its own, which is gone when the scan is. */
import { Worker } from 'node:worker_threads';
import { findAsset } from '../asset-places.ts';
import type { FileHashes } from '../sensor/file-hasher.ts';
import { builtInRules } from './built-in-rules.ts';
import type { ScanTarget } from './scan-targets.ts';

/** Rules of one origin, which stand or fall together. */
export interface YaraSource {
  /** Letters, digits and underscores: it becomes the namespace of its rules. */
  readonly id: string;
  readonly text: string;
}

export interface YaraMatch {
  readonly rule: string;
  readonly source: string;
  readonly tags: readonly string[];
}

export type YaraAnswer =
  | { readonly matches: readonly YaraMatch[]; readonly hashes: FileHashes | null; readonly bytes: number }
  | { readonly skipped: string };

const FILE_MS = 30_000;
export const MAX_SCANNED_BYTES = 256 * 1024 * 1024;

export class YaraEngine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(answer: YaraAnswer): void; reject(error: Error): void }>();
  /** Sources that do not compile, with the compiler's words. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  #nextId = 1;
  #failure: Error | null = null;

  private constructor(worker: Worker, refused: YaraEngine['refused']) {
    this.#worker = worker;
    this.refused = refused;
    worker.on('message', ({ id, ...answer }: { id: number } & YaraAnswer) => {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    worker.on('error', (error: Error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the scanning thread ended')));
  }

  /** With the rules that come with the agent besides. */
  static async start(sources: readonly YaraSource[]): Promise<YaraEngine> {
    const program = findAsset('yara-worker.js');
    const wasm = findAsset('yara-x.wasm');
    if (program === null || wasm === null) throw new Error('the scanner is not beside the agent');
    const worker = new Worker(program, {
      workerData: {
        wasm,
        sources: [builtInRules, ...sources],
        fileMs: FILE_MS,
        maxBytes: MAX_SCANNED_BYTES,
      },
      // What it prints would be in nobody's log.
      stdout: true,
      stderr: true,
    });
    const refused = await new Promise<YaraEngine['refused']>((resolve, reject) => {
      worker.once('message', (said: { refused: YaraEngine['refused'] }) => resolve(said.refused));
      worker.once('error', reject);
    });
    return new YaraEngine(worker, refused);
  }

  scan({ path, link }: ScanTarget): Promise<YaraAnswer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, path, link });
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
