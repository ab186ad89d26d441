/**
 * A set of file digests in little memory: a distribution's packages bring some hundred thousand files. Digests of one kind lie in one table, which threads share: open addressing
 * by the digest's own first bytes, which are as good as random. Pure.
 */
import type { FileHashes } from '../sensor/file-hasher.ts';

const BYTES = { md5: 16, sha256: 32 } as const;
type DigestKind = keyof typeof BYTES;

export interface DigestTables {
  readonly md5: SharedArrayBuffer;
  readonly sha256: SharedArrayBuffer;
  readonly size: number;
}

const FIRST_SLOTS = 64;

export class DigestList {
  readonly #md5: Table;
  readonly #sha256: Table;
  /** Digests in it. */
  readonly size: number;
  /** To be handed to another thread. */
  readonly shared: DigestTables;

  constructor(shared: DigestTables) {
    this.shared = shared;
    this.size = shared.size;
    this.#md5 = new Table(BYTES.md5, shared.md5);
    this.#sha256 = new Table(BYTES.sha256, shared.sha256);
  }

  /** @param digests hex, in any order, repeated or not. What is no digest of its kind is left out. */
  static of(digests: { readonly [K in DigestKind]?: Iterable<string> }): DigestList {
    const tables = { md5: new Table(BYTES.md5), sha256: new Table(BYTES.sha256) };
    for (const kind of ['md5', 'sha256'] as const) {
      const pattern = new RegExp(`^[0-9a-f]{${BYTES[kind] * 2}}$`);
      const bytes = Buffer.alloc(BYTES[kind]);
      for (const digest of digests[kind] ?? []) {
        if (!pattern.test(digest)) continue;
        bytes.write(digest, 'hex');
        tables[kind].add(bytes);
      }
    }
    const { md5, sha256 } = tables;
    return new DigestList({ md5: md5.shared, sha256: sha256.shared, size: md5.size + sha256.size });
  }

  holds(hashes: FileHashes): boolean {
    return (
      this.#sha256.has(Buffer.from(hashes.sha256, 'hex')) || this.#md5.has(Buffer.from(hashes.md5, 'hex'))
    );
  }
}

/** A free slot is all zeros; nothing is known that hashes to that. */
class Table {
  readonly #bytes: number;
  #slots: Buffer;
  size = 0;

  constructor(bytes: number, shared = new SharedArrayBuffer(FIRST_SLOTS * bytes)) {
    this.#bytes = bytes;
    this.#slots = Buffer.from(shared);
  }

  get shared(): SharedArrayBuffer {
    return this.#slots.buffer as SharedArrayBuffer;
  }

  has(digest: Buffer): boolean {
    return digest.length === this.#bytes && this.#find(digest).taken;
  }

  add(digest: Buffer): void {
    const { at, taken } = this.#find(digest);
    if (taken) return;
    digest.copy(this.#slots, at);
    this.size++;
    if (this.size * this.#bytes * 2 > this.#slots.length) this.#grow();
  }

  /** Where the digest is, or would be. */
  #find(digest: Buffer): { at: number; taken: boolean } {
    const count = this.#slots.length / this.#bytes;
    for (let slot = digest.readUInt32LE(0) % count; ; slot = (slot + 1) % count) {
      const at = slot * this.#bytes;
      if (digest.compare(this.#slots, at, at + this.#bytes) === 0) return { at, taken: true };
      if (this.#slots.readBigUInt64LE(at) === 0n) return { at, taken: false };
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = Buffer.from(new SharedArrayBuffer(before.length * 2));
    for (let at = 0; at < before.length; at += this.#bytes) {
      const digest = before.subarray(at, at + this.#bytes);
      if (digest.readBigUInt64LE(0) !== 0n) digest.copy(this.#slots, this.#find(digest).at);
    }
  }
}
