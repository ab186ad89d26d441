/** The three hashes of an open file, a step at a time, so that whoever reads several can let the short ones by. Plain JavaScript, for workers run from the source folder. */
import { createHash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';

const chunk = Buffer.allocUnsafe(256 * 1024);

function stamp(fd) {
  const { size, mtimeNs, ctimeNs } = fstatSync(fd, { bigint: true });
  return `${size} ${mtimeNs} ${ctimeNs}`;
}

export class HashingFile {
  #fd;
  #before;
  #at = 0;
  #sha1 = createHash('sha1');
  #sha256 = createHash('sha256');
  #md5 = createHash('md5');

  /** @throws the system's error. */
  constructor(fd) {
    this.#fd = fd;
    this.#before = stamp(fd);
  }

  /** Reads on. Null while there is more; `missing: 'changed'` when the file was written to meanwhile. @throws the system's error. */
  step() {
    const n = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
    if (n > 0) {
      this.#at += n;
      const bytes = chunk.subarray(0, n);
      this.#sha1.update(bytes);
      this.#sha256.update(bytes);
      this.#md5.update(bytes);
      return null;
    }
    if (stamp(this.#fd) !== this.#before) return { missing: 'changed' };
    return {
      sha1: this.#sha1.digest('hex'),
      sha256: this.#sha256.digest('hex'),
      md5: this.#md5.digest('hex'),
    };
  }
}
