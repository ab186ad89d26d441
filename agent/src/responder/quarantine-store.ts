/**
 * Where files are put away: encrypted, so that neither a scan nor a careless copy brings them to life, with all that is needed to put them back. An entry is a folder:
 *
 *   <id>/content      the file, AES-256-GCM under `quarantine.key`; immutable where the file system can
 *   <id>/entry.json   QuarantineEntry; `moved` is written once the file is gone from where it was
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import {
  makePrivateFolder,
  readJson,
  removeDurably,
  writeDurably,
  writeJsonDurably,
} from '../files/durable.ts';
import type { FileHashes } from '../sensor/file-hasher.ts';
import { ATTRIBUTE, type NativeCalls } from './native-calls.ts';

const Hex = Type.String({ pattern: '^[0-9a-f]+$' });

export const QuarantineEntry = Type.Object({
  id: Hex,
  /** Where it lay; more than one where it had several names. */
  paths: Type.Array(Type.String(), { minItems: 1 }),
  /** It had no name any more, and only ran. */
  deleted: Type.Boolean(),
  size: Type.Integer(),
  sha1: Hex,
  sha256: Hex,
  md5: Hex,
  mode: Type.Integer(),
  uid: Type.Integer(),
  gid: Type.Integer(),
  /** Nanoseconds since the Unix epoch. */
  atimeNs: Type.String(),
  mtimeNs: Type.String(),
  /** Of `chattr`, where the file system has them. */
  attributes: Type.Union([Type.Integer(), Type.Null()]),
  /** base64 by name. */
  extendedAttributes: Type.Record(Type.String(), Type.String()),
  device: Type.String(),
  inode: Type.String(),
  /** Names it still has elsewhere. */
  linksLeft: Type.Integer(),
  quarantinedAt: Type.String(),
  /** The order or the indicator that asked for it. */
  cause: Type.String(),
  iv: Hex,
  tag: Hex,
  moved: Type.Boolean(),
});
export type QuarantineEntry = Static<typeof QuarantineEntry>;

/** What the store adds to what it is told of a file. */
type Described = Omit<QuarantineEntry, 'id' | 'iv' | 'tag' | 'size' | 'moved' | keyof FileHashes>;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const CHUNK = 1024 * 1024;
/** Left free on the disk of the store. */
const RESERVE_BYTES = 64 * 1024 * 1024;

export interface QuarantineStoreOptions {
  readonly home: string;
  readonly calls: NativeCalls;
  /** Largest file that is put away. */
  readonly maxBytes: number;
}

export class QuarantineStore {
  readonly #folder: string;
  readonly #keyPath: string;
  readonly #o: QuarantineStoreOptions;

  constructor(options: QuarantineStoreOptions) {
    this.#o = options;
    this.#folder = join(options.home, 'quarantine');
    this.#keyPath = join(options.home, 'quarantine.key');
  }

  get folder(): string {
    return this.#folder;
  }

  async list(): Promise<QuarantineEntry[]> {
    let names: string[] = [];
    try {
      names = await readdir(this.#folder);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    const entries: QuarantineEntry[] = [];
    for (const name of names.sort()) {
      const entry = await readJson(join(this.#folder, name, 'entry.json'), QuarantineEntry);
      if (entry !== null) entries.push(entry);
    }
    return entries;
  }

  /** Copies the open file in; on disk when it resolves. The file itself is left alone. @throws AgentError for too large a file, a full disk. */
  async keep(file: FileHandle, described: Described): Promise<QuarantineEntry> {
    const { size } = await file.stat();
    if (size > this.#o.maxBytes) {
      throw new AgentError(`the file has ${size} bytes, and at most ${this.#o.maxBytes} are put away`);
    }
    await makePrivateFolder(this.#folder);
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < size + RESERVE_BYTES) {
      throw new AgentError(`the disk of ${this.#folder} has no room for ${size} bytes more`);
    }
    const id = randomBytes(8).toString('hex');
    const folder = join(this.#folder, id);
    await mkdir(folder, { mode: 0o700 });
    try {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, await this.#key(), iv);
      cipher.setAAD(Buffer.from(id));
      const hashes = await this.#copy(
        file,
        join(folder, 'content'),
        (bytes) => cipher.update(bytes),
        cipher.final.bind(cipher),
      );
      const entry: QuarantineEntry = {
        ...described,
        ...hashes.digests,
        id,
        size: hashes.bytes,
        iv: iv.toString('hex'),
        tag: cipher.getAuthTag().toString('hex'),
        moved: false,
      };
      await this.write(entry);
      return entry;
    } catch (error) {
      await removeDurably(folder);
      if (codeOf(error) === 'ENOSPC')
        throw new AgentError('the disk became full while the file was copied', { cause: error });
      throw error;
    }
  }

  async write(entry: QuarantineEntry): Promise<void> {
    await writeJsonDurably(join(this.#folder, entry.id, 'entry.json'), entry);
  }

  /** Guards the stored copy against being changed or deleted. False where the file system has no such thing. */
  async seal(entry: QuarantineEntry, sealed: boolean): Promise<boolean> {
    const content = await open(this.#content(entry), 'r');
    try {
      const before = this.#o.calls.attributes(content.fd);
      if (before === null) return false;
      const wanted = sealed ? before | ATTRIBUTE.immutable : before & ~ATTRIBUTE.immutable;
      return this.#o.calls.setAttributes(content.fd, wanted);
    } finally {
      await content.close();
    }
  }

  /** Writes the bytes to an open, empty file. @throws AgentError when they are not those that were put away. */
  async unpack(entry: QuarantineEntry, to: FileHandle): Promise<void> {
    const decipher = createDecipheriv(CIPHER, await this.#key(), Buffer.from(entry.iv, 'hex'));
    decipher.setAAD(Buffer.from(entry.id));
    decipher.setAuthTag(Buffer.from(entry.tag, 'hex'));
    const sha256 = createHash('sha256');
    const from = await open(this.#content(entry), 'r');
    try {
      const chunk = Buffer.alloc(CHUNK);
      for (;;) {
        const { bytesRead } = await from.read(chunk, 0, CHUNK);
        if (bytesRead === 0) break;
        const plain = decipher.update(chunk.subarray(0, bytesRead));
        sha256.update(plain);
        await to.writeFile(plain);
      }
      await to.writeFile(decipher.final());
    } catch (error) {
      throw codeOf(error) === ''
        ? new AgentError(`what was put away as ${entry.id} was changed: ${messageOf(error)}`, {
            cause: error,
          })
        : error;
    } finally {
      await from.close();
    }
    if (sha256.digest('hex') !== entry.sha256)
      throw new AgentError(`what was put away as ${entry.id} is not what it was`);
  }

  async remove(entry: QuarantineEntry): Promise<void> {
    await this.seal(entry, false).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    await removeDurably(join(this.#folder, entry.id));
  }

  #content(entry: QuarantineEntry): string {
    return join(this.#folder, entry.id, 'content');
  }

  async #copy(
    file: FileHandle,
    to: string,
    encrypt: (bytes: Buffer) => Buffer,
    end: () => Buffer,
  ): Promise<{ bytes: number; digests: FileHashes }> {
    const hashes = { sha1: createHash('sha1'), sha256: createHash('sha256'), md5: createHash('md5') };
    const out = await open(to, 'wx', 0o600);
    let at = 0;
    try {
      const chunk = Buffer.alloc(CHUNK);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        if (at > this.#o.maxBytes) throw new AgentError('the file grows while it is copied');
        const bytes = chunk.subarray(0, bytesRead);
        for (const hash of Object.values(hashes)) hash.update(bytes);
        await out.writeFile(encrypt(bytes));
      }
      await out.writeFile(end());
      await out.sync();
    } finally {
      await out.close();
    }
    const digests = {
      sha1: hashes.sha1.digest('hex'),
      sha256: hashes.sha256.digest('hex'),
      md5: hashes.md5.digest('hex'),
    };
    return { bytes: at, digests };
  }

  async #key(): Promise<Buffer> {
    try {
      return await this.#readKey();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await writeDurably(this.#keyPath, randomBytes(KEY_BYTES));
      return await this.#readKey();
    }
  }

  async #readKey(): Promise<Buffer> {
    const key = await readFile(this.#keyPath);
    if (key.length !== KEY_BYTES) throw new AgentError(`${this.#keyPath} is no key of ${KEY_BYTES} bytes`);
    return key;
  }
}
