/**
 * A set of file digests in little memory: a distribution's packages bring some hundred thousand files. Digests of one kind lie sorted in one buffer, which threads share.
 * Pure.
 */
import type { FileHashes } from '../sensor/file-hasher.ts';

const BYTES = { md5: 16, sha256: 32 } as const;
export type DigestKind = keyof typeof BYTES;

export type DigestBuffers = { readonly [K in DigestKind]: SharedArrayBuffer };

export class DigestList {
  readonly #buffers: { readonly [K in DigestKind]: Buffer };
  /** To be handed to another thread. */
  readonly shared: DigestBuffers;

  constructor(shared: DigestBuffers) {
    this.shared = shared;
    this.#buffers = { md5: Buffer.from(shared.md5), sha256: Buffer.from(shared.sha256) };
  }

  /** @param digests hex, in any order, repeated or not. What is no digest of its kind is left out. */
  static of(digests: { readonly [K in DigestKind]?: Iterable<string> }): DigestList {
    return new DigestList({
      md5: pack('md5', digests.md5 ?? []),
      sha256: pack('sha256', digests.sha256 ?? []),
    });
  }

  /** Digests in it. */
  get size(): number {
    return this.#buffers.md5.length / BYTES.md5 + this.#buffers.sha256.length / BYTES.sha256;
  }

  holds(hashes: FileHashes): boolean {
    return (
      search(this.#buffers.sha256, BYTES.sha256, hashes.sha256) ||
      search(this.#buffers.md5, BYTES.md5, hashes.md5)
    );
  }
}

function pack(kind: DigestKind, digests: Iterable<string>): SharedArrayBuffer {
  const pattern = new RegExp(`^[0-9a-f]{${BYTES[kind] * 2}}$`);
  const sorted = [...new Set(digests)].filter((digest) => pattern.test(digest)).sort();
  const shared = new SharedArrayBuffer(sorted.length * BYTES[kind]);
  const into = Buffer.from(shared);
  for (const [i, digest] of sorted.entries()) into.write(digest, i * BYTES[kind], 'hex');
  return shared;
}

function search(sorted: Buffer, bytes: number, hex: string): boolean {
  if (sorted.length === 0) return false;
  const wanted = Buffer.from(hex, 'hex');
  let low = 0;
  let high = sorted.length / bytes - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = sorted.compare(wanted, 0, bytes, middle * bytes, (middle + 1) * bytes);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
