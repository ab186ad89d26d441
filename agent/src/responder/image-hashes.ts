/** Hashes of the programs that run: what the sensor knows of them, else read once for each content. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { codeOf } from '../agent-error.ts';
import type { FileHashes } from '../sensor/file-hasher.ts';
import type { RunningImage } from './program-processes.ts';

const CHUNK = 256 * 1024;
const MAX_REMEMBERED = 4_096;

export class ImageHashes {
  readonly #known: (key: string) => FileHashes | null;
  readonly #read = new Map<string, FileHashes>();

  /** @param known what somebody else found out about a content, by its `fileKey` */
  constructor(known: (key: string) => FileHashes | null) {
    this.#known = known;
  }

  /** Null: it cannot be read, or all its processes ended or run something else by now. */
  async of(image: RunningImage): Promise<FileHashes | null> {
    const known = this.#known(image.key) ?? this.#read.get(image.key);
    if (known !== undefined) return known;
    for (const pid of image.pids) {
      const hashes = await readImage(pid, image);
      if (hashes === null) continue;
      this.#read.set(image.key, hashes);
      const [oldest] = this.#read.keys();
      if (this.#read.size > MAX_REMEMBERED && oldest !== undefined) this.#read.delete(oldest);
      return hashes;
    }
    return null;
  }
}

async function readImage(pid: number, image: RunningImage): Promise<FileHashes | null> {
  try {
    // The link leads to the file whatever became of its name.
    const file = await open(`/proc/${pid}/exe`, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { dev, ino } = await file.stat({ bigint: true });
      if (dev !== image.device || ino !== image.inode) return null;
      const [sha1, sha256, md5] = [createHash('sha1'), createHash('sha256'), createHash('md5')];
      const chunk = Buffer.allocUnsafe(CHUNK);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK);
        if (bytesRead === 0) break;
        for (const hash of [sha1, sha256, md5]) hash.update(chunk.subarray(0, bytesRead));
      }
      return { sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), md5: md5.digest('hex') };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return null;
  }
}
