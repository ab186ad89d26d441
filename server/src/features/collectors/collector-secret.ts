/**
 * What a collector shows itself with: 256 random bits, of which one SHA-256 is kept. Shippers differ in how they can show a secret, so it is taken in each way
 * that they have: as the password of Basic (the name does not matter), in an API key of Elasticsearch (base64 of `id:secret`), as a bearer or HEC token.
 */
import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'mcol_';
const SECRET = /^mcol_[A-Za-z0-9_-]{43}$/;
const MAX_HEADER_CHARS = 512;

export function newSecret(): { secret: string; hash: string; hint: string } {
  const secret = PREFIX + randomBytes(32).toString('base64url');
  return { secret, hash: hashOf(secret), hint: secret.slice(0, 9) };
}

/** Hash of the secret in an `Authorization` header; null when there is none of ours in it. */
export function hashOfShown(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > MAX_HEADER_CHARS) return null;
  const [, scheme = '', rest = ''] = /^(\S+) +(\S+)$/.exec(authorization.trim()) ?? [];
  const secret = shown(scheme.toLowerCase(), rest);
  return secret !== null && SECRET.test(secret) ? hashOf(secret) : null;
}

function shown(scheme: string, rest: string): string | null {
  switch (scheme) {
    case 'bearer':
    case 'splunk':
      return rest;
    case 'basic':
    case 'apikey': {
      const pair = Buffer.from(rest, 'base64').toString('utf8');
      return pair.slice(pair.indexOf(':') + 1);
    }
    default:
      return null;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
