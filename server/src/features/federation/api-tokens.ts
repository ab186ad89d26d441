/**
 * Tokens of external issuers at the API. The issuer and audience of a token choose the provider an administrator configured, and with it the tenant;
 * nothing in the token does. Key sets are fetched when first needed and, for keys they do not hold, at most once in half a minute.
 */
import { ApiError } from '@merlon/contract';
import { createRemoteJWKSet, customFetch, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../telemetry/clock.ts';
import { foreignClientId, tokenOf } from './claims.ts';
import type { Configured } from './identity-provider.ts';
import { type Outbound, Unreachable } from './outbound.ts';

/** What is known of the caller after a token was checked. */
export interface ForeignClaims {
  readonly tenantId: string;
  readonly kind: 'application' | 'user';
  readonly clientId: string;
  readonly subjectId: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly portal: false;
}

/** Null: the issuer is none of those configured. Throws Unauthorized or ServiceUnavailable. */
export type VerifyForeign = (token: string, now: Date) => Promise<ForeignClaims | null>;

export interface ApiTokensDeps {
  readonly outbound: Outbound;
  readonly clock: Clock;
  providers(): Promise<readonly Configured[]>;
  /** The enabled user that the provider's person is; null when there is none. */
  userOf(
    provider: Configured,
    subject: string,
  ): Promise<{ readonly id: string; readonly principalName: string } | null>;
}

/** Signatures by key pairs alone. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_S = 60;
const PROVIDERS_MS = 5_000;
const KEYS_MS = 10 * 60_000;
const REFETCH_MS = 30_000;
/** How long an issuer that did not give its keys is not asked again. */
const REST_MS = 5_000;
const MOST_KEY_SETS = 1_000;

export function createApiTokens(deps: ApiTokensDeps): { verify: VerifyForeign; forget(): void } {
  let known: { readonly until: number; readonly providers: Promise<readonly Configured[]> } | null = null;
  const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

  function providers(now: number): Promise<readonly Configured[]> {
    if (known === null || known.until <= now) {
      const asked = deps.providers();
      asked.catch(() => {
        known = null;
      });
      known = { until: now + PROVIDERS_MS, providers: asked };
    }
    return known.providers;
  }

  function keysOf(uri: string) {
    const made = keySets.get(uri) ?? remoteKeys(uri);
    if (!keySets.has(uri)) {
      if (keySets.size >= MOST_KEY_SETS) keySets.clear();
      keySets.set(uri, made);
    }
    return made;
  }

  function remoteKeys(uri: string) {
    let restsUntil = 0;
    return createRemoteJWKSet(new URL(uri), {
      cacheMaxAge: KEYS_MS,
      cooldownDuration: REFETCH_MS,
      async [customFetch](url, { headers }) {
        const now = deps.clock.now().getTime();
        if (now < restsUntil) throw new Unreachable('the key set did not answer a moment ago');
        try {
          const answer = await deps.outbound(url, { headers: Object.fromEntries(headers) });
          if (answer.status !== 200) throw new Unreachable(`the key set answered ${answer.status}`);
          return answer;
        } catch (error) {
          restsUntil = now + REST_MS;
          throw error;
        }
      },
    });
  }

  return {
    forget() {
      known = null;
    },
    async verify(token, now) {
      const claimed = unchecked(token);
      if (typeof claimed?.iss !== 'string') return null;
      const ofIssuer = (await providers(now.getTime())).filter(({ issuer }) => issuer === claimed.iss);
      if (ofIssuer.length === 0) return null;
      const audiences = [claimed.aud ?? []].flat();
      const named = ofIssuer.filter(({ apiAudience }) => audiences.includes(apiAudience ?? ''));
      const [provider] = named;
      if (provider?.apiAudience == null) throw refused('the audience is not this API');
      if (named.length > 1) throw refused('the token is for the audiences of two providers');
      const payload = await check(token, provider, provider.apiAudience, now);
      return claimsOf(payload, provider);
    },
  };

  async function check(
    token: string,
    { issuer, discovered }: Configured,
    audience: string,
    now: Date,
  ): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keysOf(discovered.jwks_uri), {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: now,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const code = (error as { code?: unknown }).code;
      if (error instanceof Unreachable || code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JWKS_INVALID')
        throw new ApiError(
          'ServiceUnavailable',
          'The keys of the identity provider that issued the token cannot be read now.',
          {
            retryAfterSeconds: REST_MS / 1_000,
            privateDetail: `keys of ${issuer}: ${reason}`,
            cause: error,
          },
        );
      throw refused(reason);
    }
  }

  async function claimsOf(payload: JWTPayload, provider: Configured): Promise<ForeignClaims> {
    const { tenantId, issuer, claims } = provider;
    const token = tokenOf(payload, claims);
    if (token.client === '') throw refused('the token names no client');
    const clientId = foreignClientId(tenantId, issuer, token.client);
    const common = { tenantId, clientId, permissions: token.permissions, portal: false } as const;
    if (token.kind === 'application')
      return { ...common, kind: 'application', subjectId: clientId, name: token.client.slice(0, 200) };
    const user = await deps.userOf(provider, payload.sub ?? '');
    if (!user) throw refused('the person has no account here, or a disabled one');
    return { ...common, kind: 'user', subjectId: user.id, name: user.principalName };
  }
}

/** What a token says of itself, before anything of it is believed. */
function unchecked(token: string): JWTPayload | null {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}

function refused(reason: string): ApiError {
  return new ApiError('Unauthorized', undefined, { privateDetail: `token refused: ${reason}` });
}
