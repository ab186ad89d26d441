/**
 * The device's Ed25519 key: made here at onboarding, kept in one file that only root may read, never sent anywhere. What leaves is its public
 * half and what it signed.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Ed25519PublicJwk } from '@merlon/contract';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import { writeDurably } from '../files/durable.ts';

export class DeviceKey {
  readonly publicJwk: Ed25519PublicJwk;
  /** RFC 7638, base64url SHA-256: the device's name until the server gives it an id. */
  readonly thumbprint: string;
  readonly #privateKey: KeyObject;

  private constructor(privateKey: KeyObject) {
    const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' });
    if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') throw new Error('not an Ed25519 key');
    this.publicJwk = { kty, crv, x };
    this.thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
    this.#privateKey = privateKey;
  }

  /** A key that lives only as long as this process: for simulated devices and tests. */
  static ephemeral(): DeviceKey {
    return new DeviceKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** Makes a key and has it on disk before anyone can use it. Replaces a key that is there. */
  static async create(path: string): Promise<DeviceKey> {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
    return new DeviceKey(privateKey);
  }

  /** Null when there is none. */
  static async load(path: string): Promise<DeviceKey | null> {
    try {
      const { mode } = await stat(path);
      if ((mode & 0o077) !== 0) {
        throw new AgentError(
          `${path} can be read by others than its owner: make it mode 0600, or offboard and onboard for a new key`,
        );
      }
      return new DeviceKey(createPrivateKey(await readFile(path, 'utf8')));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      if (error instanceof AgentError) throw error;
      throw new AgentError(`${path} does not hold a usable device key: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** A compact JWS, alg EdDSA. */
  sign(typ: string, claims: object): string {
    const input = `${part({ alg: 'EdDSA', typ })}.${part(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), this.#privateKey).toString('base64url')}`;
  }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
