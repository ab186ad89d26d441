/**
 * Holds an answer until it is whole, so that whatever goes wrong until then is answered with its own error and status, a slow client holds no query, and
 * the length is known. The first part stays in memory, which is where almost every answer ends; the rest goes to a file that has no name any more
 * and vanishes with its last handle, whatever happens to the process.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SpoolSpace } from './spool-space.ts';

const IN_MEMORY_BYTES = 4 * 1024 * 1024;
/** Text is gathered to writes of about this size. */
const WRITE_BYTES = 256 * 1024;

/** The answer has become longer than it may be. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

export interface SpooledAnswer {
  /** Bytes. */
  readonly length: number;
  readonly body: Buffer | Readable;
  /** Gives back what the answer holds, read or not. To be called once its client has it or is gone. */
  release(): void;
}

/** Makes the folder anew: what a process that was killed between two steps has left there goes. */
export async function prepareSpoolFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
}

export interface SpoolOptions {
  readonly dir: string;
  /** Of this answer. */
  readonly maxBytes: number;
  /** Shared by all answers. */
  readonly space: SpoolSpace;
  readonly tenantId: string;
}

export class AnswerSpool {
  readonly #options: SpoolOptions;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #length = 0;
  #taken = 0;
  #file: FileHandle | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** @throws AnswerTooLarge, SpoolFull */
  async write(text: string): Promise<void> {
    const { maxBytes, space, tenantId } = this.#options;
    const bytes = Buffer.from(text);
    this.#length += bytes.length;
    if (this.#length > maxBytes) throw new AnswerTooLarge(`more than ${maxBytes} bytes`);
    space.take(tenantId, bytes.length);
    this.#taken += bytes.length;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= (this.#file ? WRITE_BYTES : IN_MEMORY_BYTES)) await this.#flush();
  }

  async finish(): Promise<SpooledAnswer> {
    if (this.#file !== null) await this.#flush();
    const file = this.#file;
    this.#file = null;
    const body =
      file === null
        ? Buffer.concat(this.#pending)
        : file.createReadStream({ start: 0, highWaterMark: WRITE_BYTES });
    this.#pending = [];
    return {
      length: this.#length,
      body,
      release: () => {
        if (!Buffer.isBuffer(body)) body.destroy();
        this.#giveBack();
      },
    };
  }

  /** Lets go of everything, before `finish`. */
  async discard(): Promise<void> {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#giveBack();
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  #giveBack(): void {
    this.#options.space.give(this.#options.tenantId, this.#taken);
    this.#taken = 0;
  }

  async #flush(): Promise<void> {
    this.#file ??= await this.#nameless();
    const buffers = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (buffers.length > 0) await this.#file.writev(buffers);
  }

  async #nameless(): Promise<FileHandle> {
    const path = join(this.#options.dir, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    await rm(path);
    return file;
  }
}
