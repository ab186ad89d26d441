/**
 * Passwords of people: scrypt, with its cost written into the hash so that it can rise later. Secrets of programs are long and random, so
 * one SHA-256 is enough for them (`app-secrets.ts`).
 */
import { randomBytes, randomInt, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createWorkGate } from './work-gate.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** 32 MiB and about 60 ms a hash. */
const COST = { N: 32_768, r: 8, p: 1 };
const KEY_BYTES = 32;
const MAX_MEMORY = 64 * 1024 * 1024;

export const PASSWORD_LENGTH = { least: 12, most: 256 } as const;

/** Null when it will do. Length is what counts; no rules about kinds of characters. */
export function passwordProblem(password: string, principalName: string): string | null {
  if (password.length < PASSWORD_LENGTH.least)
    return `The password must have at least ${PASSWORD_LENGTH.least} characters.`;
  if (password.length > PASSWORD_LENGTH.most)
    return `The password must have at most ${PASSWORD_LENGTH.most} characters.`;
  if (new Set(password).size < 5) return 'The password repeats too few characters.';
  if (
    password.toLowerCase().includes((principalName.split('@')[0] ?? '').toLowerCase()) &&
    password.length < 20
  ) {
    return 'The password must not contain the user name.';
  }
  return null;
}

/** No letters or digits that look alike: it is read from a screen and typed. 16 characters, 78 bits. */
export function oneTimePassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const group = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await gate(() =>
    derive(password.normalize('NFC'), salt, KEY_BYTES, { ...COST, maxmem: MAX_MEMORY }),
  );
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** With `stored` null (no such user) it takes the same time and is false. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const [scheme, N, r, p, salt, key] = (stored ?? UNKNOWN_USER).split('$');
  if (scheme !== 'scrypt' || !salt || !key) throw new Error('a stored password hash has an unknown form');
  const expected = Buffer.from(key, 'base64url');
  const actual = await gate(() =>
    derive(
      password.normalize('NFC').slice(0, PASSWORD_LENGTH.most),
      Buffer.from(salt, 'base64url'),
      expected.length,
      {
        N: Number(N),
        r: Number(r),
        p: Number(p),
        maxmem: MAX_MEMORY,
      },
    ),
  );
  return timingSafeEqual(actual, expected) && stored !== null;
}

const UNKNOWN_USER = `scrypt$${COST.N}$${COST.r}$${COST.p}$${randomBytes(16).toString('base64url')}$${randomBytes(KEY_BYTES).toString('base64url')}`;

/** Hashing shares Node's thread pool with the event log's fsyncs. A flood of sign-ins must not take it. */
const gate = createWorkGate(32);
