/**
 * Keys that sign tokens: RSA, since clients of Entra ID expect RS256. The newest signs; older ones stay in the published set until they
 * retire, so that tokens under way stay good.
 *
 *   made ──> signs ── a newer one is made ──> verifies only ── retires_at passes ──> gone
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { StateStore } from '@merlon/state-store';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';

interface SigningKey {
  readonly kid: string;
  readonly privateJwk: JsonWebKey;
  readonly publicKey: KeyObject;
  readonly publicJwk: JsonWebKey;
}

export interface SigningKeys {
  /** Newest first. Never empty once loaded. */
  current(): readonly SigningKey[];
  /** Loads again, and makes the first key when there is none. */
  load(): Promise<void>;
  /** A key for verification; looks once more in the store for one that another server may have made. */
  find(kid: string): Promise<SigningKey | null>;
  rotate(): Promise<string>;
}

/** Longer than any token lives. */
const RETIRE_AFTER_MS = 24 * 3_600_000;
const RELOAD_AT_MOST_EVERY_MS = 5_000;
const makeKeyPair = promisify(generateKeyPair);

export function createSigningKeys({ state, clock }: { state: StateStore; clock: Clock }): SigningKeys {
  let keys: readonly SigningKey[] = [];
  let loadedAt = 0;

  async function load(): Promise<void> {
    const rows = await state.system<IdentityDatabase, IdentityDatabase['signing_keys'][]>((db) =>
      db.selectFrom('signing_keys').selectAll().orderBy('created_at', 'desc').execute(),
    );
    const now = clock.now();
    loadedAt = now.getTime();
    keys = rows
      .filter((row) => row.retires_at === null || row.retires_at > now)
      .map((row) => toKey(row.private_jwk as unknown as JsonWebKey));
  }

  async function rotate(): Promise<string> {
    const { privateKey } = await makeKeyPair('rsa', { modulusLength: 2048 });
    const privateJwk = privateKey.export({ format: 'jwk' });
    const { kid } = toKey(privateJwk);
    const now = clock.now();
    await state.system<IdentityDatabase, void>(async (db) => {
      await db
        .updateTable('signing_keys')
        .set({ retires_at: new Date(now.getTime() + RETIRE_AFTER_MS) })
        .where('retires_at', 'is', null)
        .execute();
      await db
        .insertInto('signing_keys')
        .values({ kid, private_jwk: JSON.stringify(privateJwk), created_at: now, retires_at: null })
        .execute();
    });
    await load();
    return kid;
  }

  return {
    current: () => keys,
    async load() {
      await load();
      if (keys.length === 0) await rotate();
    },
    async find(kid) {
      const known = keys.find((key) => key.kid === kid);
      if (known || clock.now().getTime() - loadedAt < RELOAD_AT_MOST_EVERY_MS) return known ?? null;
      await load();
      return keys.find((key) => key.kid === kid) ?? null;
    },
    rotate,
  };
}

function toKey(privateJwk: JsonWebKey): SigningKey {
  const publicKey = createPublicKey(createPrivateKey({ key: privateJwk, format: 'jwk' }));
  const { kty, n, e } = publicKey.export({ format: 'jwk' });
  if (!kty || !n || !e) throw new Error('a stored signing key is not an RSA key');
  // RFC 7638 thumbprint.
  const kid = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  const marks = { kid, use: 'sig', alg: 'RS256' };
  return { kid, privateJwk: { ...privateJwk, ...marks }, publicKey, publicJwk: { kty, n, e, ...marks } };
}
