/**
 * Checks access tokens. Our own: signature, issuer, audience, times, tenant; a good one is remembered until it ends, since it is used many times. Those of
 * issuers that an administrator configured are the federation's to check, each time.
 */
import { createHash } from 'node:crypto';
import { ApiError, isAcceptedAudience, isSiemAudience } from '@merlon/contract';
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../telemetry/clock.ts';
import type { VerifyForeign } from '../federation/index.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Tenants } from './tenants.ts';
import { issuer } from './token-claims.ts';

export interface TokenClaims {
  readonly tenantId: string;
  readonly kind: 'application' | 'user';
  readonly clientId: string;
  /** `oid`. */
  readonly subjectId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly portal: boolean;
  /** The token opens the detections feed of SIEM connectors and nothing else. Absent: the API. */
  readonly audience?: 'siem';
  /** Where a guest of the tenant is at home. Absent for its own people and for programs. */
  readonly homeTenantId?: string;
}

const CACHE_SIZE = 10_000;
const MAX_TOKEN_LENGTH = 16_384;
const CLOCK_TOLERANCE_S = 5;

export interface TokenVerifierDeps {
  readonly keys: SigningKeys;
  readonly tenants: Tenants;
  readonly clock: Clock;
  readonly portalClientId: string;
  readonly foreign: VerifyForeign;
  publicOrigin(): string;
}

export function createTokenVerifier(deps: TokenVerifierDeps) {
  const cache = new Map<
    string,
    { readonly kid: string; readonly endsAt: number; readonly claims: TokenClaims }
  >();

  /** `authorization`: the header as sent. Throws Unauthorized. */
  return async function verify(authorization: string | undefined): Promise<TokenClaims> {
    const token = bearer(authorization);
    const key = createHash('sha256').update(token).digest('base64');
    const now = deps.clock.now();
    const known = cache.get(key);
    // The key may have been withdrawn since.
    if (known && known.endsAt > now.getTime() && deps.keys.current().some(({ kid }) => kid === known.kid))
      return known.claims;
    cache.delete(key);
    const foreign = await deps.foreign(token, now);
    if (foreign) return foreign;
    const { kid, claims, endsAt } = await check(token, now);
    if (cache.size >= CACHE_SIZE) {
      const oldest = cache.keys().next();
      if (!oldest.done) cache.delete(oldest.value);
    }
    cache.set(key, { kid, endsAt, claims });
    return claims;
  };

  async function check(token: string, now: Date) {
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = kid === undefined ? null : await deps.keys.find(kid);
      if (!kid || !key) throw new Error('signed by an unknown key');
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: ['RS256'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: now,
        requiredClaims: ['exp', 'nbf', 'iss', 'aud', 'tid', 'oid', 'ver'],
      });
      return { kid, claims: await read(payload), endsAt: Number(payload.exp) * 1_000 };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new ApiError('Unauthorized', undefined, { privateDetail: `token refused: ${reason}` });
    }
  }

  async function read(payload: JWTPayload): Promise<TokenClaims> {
    const tenantId = text(payload, 'tid');
    const version = payload.ver === '1.0' ? 1 : 2;
    if (payload.iss !== issuer(version, deps.publicOrigin(), tenantId))
      throw new Error('the issuer is not this server');
    const siem = typeof payload.aud === 'string' && isSiemAudience(payload.aud);
    if (typeof payload.aud !== 'string' || (!siem && !isAcceptedAudience(payload.aud)))
      throw new Error('the audience is not this API');
    if (!(await deps.tenants.find(tenantId))) throw new Error('the tenant is not known');
    const clientId = text(payload, version === 1 ? 'appid' : 'azp');
    const user = payload.idtyp === 'user';
    const home =
      user && payload.acct === 1 ? text(payload, 'idp').slice(deps.publicOrigin().length + 1, -1) : undefined;
    return {
      tenantId,
      kind: user ? 'user' : 'application',
      clientId,
      subjectId: text(payload, 'oid'),
      name: user
        ? text(payload, version === 1 ? 'upn' : 'preferred_username')
        : text(payload, 'app_displayname'),
      permissions: user ? text(payload, 'scp').split(' ') : names(payload.roles),
      portal: user && clientId === deps.portalClientId,
      ...(siem ? { audience: 'siem' } : {}),
      ...(home === undefined ? {} : { homeTenantId: home }),
    };
  }
}

/** Clients of Graph also send the token without the word before it, as Graph lets them. */
const BARE_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

function bearer(authorization: string | undefined): string {
  const sent = (authorization ?? '').trim();
  const [scheme = '', token = '', ...rest] = BARE_TOKEN.test(sent) ? ['bearer', sent] : sent.split(/\s+/);
  if (
    scheme.toLowerCase() !== 'bearer' ||
    token === '' ||
    rest.length > 0 ||
    token.length > MAX_TOKEN_LENGTH
  ) {
    throw new ApiError('Unauthorized', 'The request must carry a bearer token.');
  }
  return token;
}

function text(payload: JWTPayload, name: string): string {
  const value = payload[name];
  if (typeof value !== 'string') throw new Error(`the claim ${name} is missing`);
  return value;
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
