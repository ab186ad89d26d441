/** Secrets of others as they lie in the database: AES-256-GCM under a key in a file beside it, so that a copy of the database alone gives none away. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '@merlon/contract';

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

export interface SecretSeal {
  /** `owner`: what the secret belongs to; it opens for nothing else. */
  seal(secret: string, owner: string): Promise<string>;
  /** @throws ServiceUnavailable when it was sealed under another key */
  open(sealed: string, owner: string): Promise<string>;
}

/**
 * @param name of the file with the key: `federation` is `$MERLON_HOME/federation.key`
 * @param whose completes "The secret of … cannot be read."
 */
export function createSecretSeal(home: string, name: string, whose: string): SecretSeal {
  const path = join(home, `${name}.key`);
  let key: Promise<Buffer> | null = null;

  async function load(): Promise<Buffer> {
    await writeFile(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
    const bytes = Buffer.from(await readFile(path, 'utf8'), 'base64');
    if (bytes.length !== 32) throw new Error(`${path} does not hold a key`);
    return bytes;
  }

  const current = () => {
    key ??= load().catch((error: unknown) => {
      key = null;
      throw error;
    });
    return key;
  };

  return {
    async seal(secret, owner) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv(CIPHER, await current(), nonce);
      cipher.setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    async open(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv(CIPHER, await current(), bytes.subarray(0, NONCE), {
        authTagLength: TAG,
      });
      decipher.setAAD(Buffer.from(owner));
      decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw new ApiError('ServiceUnavailable', `The secret of ${whose} cannot be read.`, {
          privateDetail: `the secret was sealed under another key than that of ${path}; set it again`,
          cause,
        });
      }
    },
  };
}
