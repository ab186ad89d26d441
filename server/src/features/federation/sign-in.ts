/**
 * Signing a person in by an external provider: authorization code, PKCE, nonce and state.
 *
 *   sign-in page ──> begin ──> provider ──> callback ──> finish ── refused ──> sign-in page, with the reason
 *                      │                                    │ accepted
 *                      └ state, nonce, verifier are kept    └──> linked or new account, groups refreshed
 *                        with the interaction, and used once
 */
import { createHash, randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import * as client from 'openid-client';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { domainRefusal, type ForeignPerson, personOf, provisionedKey } from './claims.ts';
import type { Configured, MatchAttribute } from './identity-provider.ts';
import { type Outbound, Unreachable } from './outbound.ts';
import type { FederationStore } from './store.ts';

/** Kept with the interaction between leaving for the provider and coming back. */
export interface Pending {
  readonly providerId: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Account {
  readonly id: string;
  readonly principalName: string;
}

export type Finished<A extends Account> =
  | {
      readonly kind: 'ok';
      readonly user: A;
      /** The provider asked for a second proof, and is believed. */
      readonly mfa: boolean;
      readonly details: Readonly<Record<string, unknown>>;
    }
  /** `message` is for the person, `reason` for the audit trail. */
  | {
      readonly kind: 'refused';
      readonly provider: { readonly id: string; readonly name: string };
      readonly userId: string | null;
      readonly message: string;
      readonly reason: string;
    };

/** What federation needs of the users of a tenant. */
export interface Accounts<A extends Account> {
  /** Null: unknown or disabled. */
  find(tenantId: string, userId: string): Promise<A | null>;
  /** @throws Conflict when the name is taken */
  create(tenantId: string, input: { name: string; displayName: string }): Promise<A>;
}

export interface SignInDeps<A extends Account> {
  readonly state: StateStore;
  readonly store: FederationStore;
  readonly seal: SecretSeal;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Logger;
  readonly accounts: Accounts<A>;
  /** Resolves to the groups left out. @throws DisallowedOperation when nobody would be left who administers the tenant */
  setGroups(membership: {
    tenantId: string;
    userId: string;
    provider: { id: string; name: string };
    groups: readonly string[];
  }): Promise<readonly string[]>;
  publicOrigin(): string;
}

export interface FederatedSignIn<A extends Account> {
  choices(tenantId: string): Promise<readonly { readonly id: string; readonly name: string }[]>;
  /** @throws ResourceNotFound, ServiceUnavailable */
  begin(tenantId: string, providerId: string, uid: string): Promise<{ location: string; pending: Pending }>;
  /** `query`: what the provider sent back, as it is. */
  finish(tenantId: string, pending: Pending, query: string): Promise<Finished<A>>;
}

type Whose =
  | { readonly kind: 'linked'; readonly userId: string }
  | { readonly kind: 'matched'; readonly userId: string; readonly attribute: MatchAttribute }
  | { readonly kind: 'new' }
  | { readonly kind: 'refused'; readonly reason: string };

export function callbackPath(tenantId: string): string {
  return `/${tenantId}/federation/callback`;
}

export function createFederatedSignIn<A extends Account>(deps: SignInDeps<A>): FederatedSignIn<A> {
  const { store, clock } = deps;

  async function enabled(tenantId: string, id: string): Promise<Configured> {
    const provider = await store.get(tenantId, id);
    if (!provider.enabled) throw new ApiError('ResourceNotFound', 'That way to sign in is turned off.');
    return provider;
  }

  async function configuration(provider: Configured): Promise<client.Configuration> {
    const { sealedSecret, discovered } = provider;
    const secret =
      sealedSecret === null
        ? null
        : await deps.seal.open(sealedSecret, `${provider.tenantId}/${provider.id}`);
    const methods = discovered.token_endpoint_auth_methods_supported;
    const byPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic');
    const made = new client.Configuration(
      { ...discovered },
      provider.clientId,
      {},
      secret === null
        ? client.None()
        : byPost
          ? client.ClientSecretPost(secret)
          : client.ClientSecretBasic(secret),
    );
    made[client.customFetch] = (url, { method, headers, body }) =>
      deps.outbound(url, {
        method,
        headers,
        body: body instanceof URLSearchParams ? body.toString() : typeof body === 'string' ? body : undefined,
      });
    // The ID token's signature is checked too, not only the connection it came by.
    client.enableNonRepudiationChecks(made);
    return made;
  }

  return {
    async choices(tenantId) {
      return (await store.list(tenantId)).filter((one) => one.enabled).map(({ id, name }) => ({ id, name }));
    },

    async begin(tenantId, providerId, uid) {
      const provider = await enabled(tenantId, providerId);
      const pending: Pending = {
        providerId,
        state: `${uid}.${client.randomState()}`,
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const location = client.buildAuthorizationUrl(await configuration(provider), {
        redirect_uri: deps.publicOrigin() + callbackPath(tenantId),
        scope: [...new Set(['openid', ...provider.scopes])].join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
      });
      return { location: location.href, pending };
    },

    async finish(tenantId, pending, query) {
      const provider = await enabled(tenantId, pending.providerId);
      const refuse = (message: string, reason: string, userId: string | null = null): Finished<A> => ({
        kind: 'refused',
        provider: { id: provider.id, name: provider.name },
        userId,
        message,
        reason,
      });
      let claims: client.IDToken | undefined;
      try {
        const tokens = await client.authorizationCodeGrant(
          await configuration(provider),
          new URL(deps.publicOrigin() + callbackPath(tenantId) + query),
          {
            expectedState: pending.state,
            expectedNonce: pending.nonce,
            pkceCodeVerifier: pending.verifier,
            idTokenExpected: true,
          },
        );
        claims = tokens.claims();
      } catch (error) {
        const reason = reasonOf(error);
        deps.log.warn({ tenantId, provider: provider.id, reason }, 'a federated sign-in failed');
        return refuse(`${provider.name} did not sign you in (${reason}).`, reason);
      }
      if (!claims) return refuse(`${provider.name} did not say who you are.`, 'no ID token');
      const domain = domainRefusal(claims, provider);
      if (domain !== null) return refuse('Your account there may not sign in here.', domain);
      return admit(provider, claims, refuse);
    },
  };

  async function admit(
    provider: Configured,
    claims: client.IDToken,
    refuse: (message: string, reason: string, userId?: string | null) => Finished<A>,
  ): Promise<Finished<A>> {
    const { tenantId, issuer } = provider;
    const person = personOf(claims, provider.claims);
    const whose = await accountOf(provider, claims);
    if (whose.kind === 'refused')
      return refuse('You have no account here. Ask an administrator.', whose.reason);
    const user =
      whose.kind === 'new'
        ? await provision(provider, claims.sub, person)
        : await deps.accounts.find(tenantId, whose.userId);
    if (!user)
      return refuse(
        'Your account here is turned off.',
        'disabled',
        whose.kind === 'new' ? null : whose.userId,
      );
    if (
      whose.kind === 'matched' &&
      !(await store.linkProvisioned(tenantId, {
        issuer,
        subject: claims.sub,
        userId: user.id,
        now: clock.now(),
      }))
    )
      return refuse(
        'Your account here belongs to somebody else of your organisation. Ask an administrator.',
        'another subject has the account',
        user.id,
      );
    let full: readonly string[];
    try {
      full = await deps.setGroups({
        tenantId,
        userId: user.id,
        provider: { id: provider.id, name: provider.name },
        groups: person.groups,
      });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'DisallowedOperation') throw error;
      // His groups stay, but he does not come in by what the provider no longer says.
      return refuse(
        `${provider.name} no longer names you in the group of administrators, and you are the last one here. Ask whoever runs this server.`,
        'last administrator',
        user.id,
      );
    }
    return {
      kind: 'ok',
      user,
      mfa: provider.mfaTrusted && saysMfa(claims),
      details: {
        provider: provider.name,
        issuer,
        subject: claims.sub,
        groups: person.groups.length - full.length,
        groupsLeftOut: person.groupsLeftOut + full.length,
        ...(whose.kind === 'new' ? { provisioned: true } : {}),
        ...(whose.kind === 'matched' ? { matched: whose.attribute } : {}),
      },
    };
  }

  /**
   * Who it is: whom the subject was linked to; else whom the directory's word of him and the provider's name alike; else somebody new, where that is allowed.
   * A link to an account that is gone makes nobody new: the account was taken away.
   */
  async function accountOf(provider: Configured, claims: client.IDToken): Promise<Whose> {
    const { tenantId, issuer } = provider;
    const linked = await store.linked(tenantId, issuer, claims.sub);
    if (linked?.there) return { kind: 'linked', userId: linked.userId };
    const key = provisionedKey(claims, provider);
    if (key?.kind === 'refused') return { kind: 'refused', reason: key.reason };
    if (key !== null) {
      const [found, another] = await store.provisioned(tenantId, key.attribute, key.value);
      if (another !== undefined)
        return { kind: 'refused', reason: `several people have this ${key.attribute}` };
      if (found !== undefined) return { kind: 'matched', userId: found, attribute: key.attribute };
    }
    if (linked !== null) return { kind: 'linked', userId: linked.userId };
    return provider.provisioning ? { kind: 'new' } : { kind: 'refused', reason: 'not provisioned' };
  }

  /** A name that somebody has already is never taken over: the new account gets another. */
  function provision({ tenantId, issuer }: Configured, subject: string, person: ForeignPerson): Promise<A> {
    const mark = createHash('sha256').update(`${issuer} ${subject}`).digest('hex').slice(0, 8);
    const make = (name: string) =>
      deps.state.together(async () => {
        const user = await deps.accounts.create(tenantId, { name, displayName: person.displayName });
        await store.link(tenantId, issuer, subject, user.id, clock.now());
        return user;
      });
    const nameTaken = (error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'Conflict') throw error;
    };
    return make(person.userName).catch((first: unknown) => {
      nameTaken(first);
      return make(`${person.userName}-${mark}`).catch((second: unknown) => {
        nameTaken(second);
        return make(`${person.userName}-${randomUUID().slice(0, 8)}`);
      });
    });
  }
}

/** RFC 8176. */
function saysMfa({ amr }: client.IDToken): boolean {
  return Array.isArray(amr) && amr.includes('mfa');
}

/** The provider's own words are not shown to people: only codes of the protocol, and what we know ourselves. */
function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof Unreachable) return 'it cannot be reached';
  if (error instanceof client.AuthorizationResponseError || error instanceof client.ResponseBodyError)
    return /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'error';
  if (error instanceof client.ClientError) return error.code ?? 'invalid answer';
  return 'invalid answer';
}
