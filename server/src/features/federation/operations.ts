/** What administrators do with external identity providers. */
import { randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { discover } from './discovery.ts';
import {
  ClaimMapping,
  type Configured,
  type Discovered,
  IdentityProvider,
  members,
  type Settings,
  usualClaims,
  usualScopes,
} from './identity-provider.ts';
import type { Outbound } from './outbound.ts';
import { callbackPath } from './sign-in.ts';
import type { FederationStore } from './store.ts';

export interface OperationsDeps {
  readonly store: FederationStore;
  readonly seal: SecretSeal;
  readonly outbound: Outbound;
  readonly clock: Clock;
  publicOrigin(): string;
  endSessions(tenantId: string, userIds: readonly string[]): Promise<void>;
  /** @throws DisallowedOperation when nobody would be left who administers the tenant */
  emptyGroups(tenantId: string, providerId: string): Promise<void>;
  /** What is remembered of providers no longer counts. */
  changed(): Promise<void>;
}

const exactly = { additionalProperties: false } as const;
const managing = { role: 'PortalSettings.Manage' } as const;
const id = Type.String({ format: 'uuid' });
const clientSecret = Type.String({ minLength: 1, maxLength: 1_000 });
const optional = {
  clientSecret: Type.Optional(clientSecret),
  scopes: Type.Optional(members.scopes),
  claims: Type.Optional(Type.Partial(ClaimMapping, exactly)),
  apiAudience: Type.Optional(members.apiAudience),
  emailDomains: Type.Optional(members.emailDomains),
  provisioning: Type.Optional(members.provisioning),
  matchProvisioned: Type.Optional(members.matchProvisioned),
  mfaTrusted: Type.Optional(members.mfaTrusted),
} as const;

export function federationOperations(deps: OperationsDeps): Operation[] {
  const { store } = deps;
  const shown = (one: Configured): IdentityProvider => ({
    id: one.id,
    name: one.name,
    issuer: one.issuer,
    clientId: one.clientId,
    scopes: one.scopes,
    apiAudience: one.apiAudience,
    emailDomains: one.emailDomains,
    provisioning: one.provisioning,
    matchProvisioned: one.matchProvisioned,
    mfaTrusted: one.mfaTrusted,
    claims: one.claims,
    enabled: one.enabled,
    hasSecret: one.sealedSecret !== null,
    redirectUri: deps.publicOrigin() + callbackPath(one.tenantId),
    createdAt: nowIso7(one.createdAt),
  });
  /** The door is shut: nobody stays inside, or refreshes, who came through it. */
  const shut = async ({ tenantId, issuer }: Configured) =>
    deps.endSessions(tenantId, await store.people(tenantId, issuer));
  /** The provider is no longer the issuer's: it vouches for nobody and fills no groups. After the change of its row. */
  const leave = async (old: Configured) => {
    await shut(old);
    await store.unlinkAll(old.tenantId, old.issuer);
    await deps.emptyGroups(old.tenantId, old.id);
  };
  const discovered = (issuer: string) => {
    if (URL.canParse(issuer) && new URL(issuer).origin === deps.publicOrigin())
      throw new ApiError('InvalidInput', 'Merlon is not an external provider of itself.');
    return discover(issuer, deps.outbound);
  };

  return [
    defineOperation({
      name: 'identityProvider.list',
      method: 'GET',
      path: '/api/merlon/identityproviders',
      summary: 'External identity providers of the tenant.',
      ...managing,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(IdentityProvider) }),
      run: async ({ tenantId }) => ({ value: (await store.list(tenantId)).map(shown) }),
    }),
    defineOperation({
      name: 'identityProvider.get',
      method: 'GET',
      path: '/api/merlon/identityproviders/:id',
      summary: 'One external identity provider.',
      ...managing,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: IdentityProvider,
      run: async ({ tenantId }, input) => shown(await store.get(tenantId, input.id)),
    }),
    defineOperation({
      name: 'identityProvider.create',
      method: 'POST',
      path: '/api/merlon/identityproviders',
      summary:
        'Let people and programs of an external OpenID Connect issuer in; its configuration is read at once.',
      ...managing,
      changes: 'identityProvider',
      lasting: true,
      input: Type.Object(
        { name: members.name, issuer: members.issuer, clientId: members.clientId, ...optional },
        exactly,
      ),
      output: IdentityProvider,
      prepare: (_caller, input) => discovered(input.issuer),
      async run({ tenantId }, { clientSecret: secret, claims, ...input }, found) {
        const settings: Settings = {
          scopes: [...usualScopes],
          apiAudience: null,
          emailDomains: [],
          provisioning: false,
          matchProvisioned: null,
          mfaTrusted: false,
          ...input,
          claims: { ...usualClaims, ...claims },
        };
        const newId = randomUUID();
        const made = await store.create(tenantId, {
          id: newId,
          settings,
          discovered: found,
          sealedSecret: secret === undefined ? null : await deps.seal.seal(secret, `${tenantId}/${newId}`),
          now: deps.clock.now(),
        });
        await deps.changed();
        return shown(made);
      },
    }),
    defineOperation({
      name: 'identityProvider.update',
      method: 'PATCH',
      path: '/api/merlon/identityproviders/:id',
      summary:
        'Change an external identity provider, or turn it on or off; what is left out stays. Its configuration is read again.',
      ...managing,
      changes: 'identityProvider',
      lasting: 'unlessOff',
      input: Type.Object(
        {
          id,
          name: Type.Optional(members.name),
          issuer: Type.Optional(members.issuer),
          clientId: Type.Optional(members.clientId),
          enabled: Type.Optional(Type.Boolean()),
          ...optional,
        },
        exactly,
      ),
      output: IdentityProvider,
      async prepare({ tenantId }, { id: asked, issuer, enabled }): Promise<Discovered> {
        const old = await store.get(tenantId, asked);
        // Turning one off must work also while it does not answer.
        const off = enabled === false && (issuer ?? old.issuer) === old.issuer;
        return off ? old.discovered : discovered(issuer ?? old.issuer);
      },
      async run({ tenantId }, { id: asked, clientSecret: secret, claims, enabled, ...changes }, found) {
        const old = await store.get(tenantId, asked);
        const settings: Settings = {
          name: old.name,
          issuer: old.issuer,
          clientId: old.clientId,
          scopes: old.scopes,
          apiAudience: old.apiAudience,
          emailDomains: old.emailDomains,
          provisioning: old.provisioning,
          matchProvisioned: old.matchProvisioned,
          mfaTrusted: old.mfaTrusted,
          ...changes,
          claims: { ...old.claims, ...claims },
        };
        if (found.issuer !== settings.issuer)
          throw new ApiError('Conflict', 'The provider was given another issuer at the same moment.');
        const updated = await store.update(tenantId, asked, {
          settings,
          discovered: found,
          sealedSecret:
            secret === undefined ? old.sealedSecret : await deps.seal.seal(secret, `${tenantId}/${asked}`),
          enabled: enabled ?? old.enabled,
        });
        if (old.issuer !== updated.issuer) await leave(old);
        else if (old.enabled && !updated.enabled) await shut(old);
        await deps.changed();
        return shown(updated);
      },
    }),
    defineOperation({
      name: 'identityProvider.remove',
      method: 'DELETE',
      path: '/api/merlon/identityproviders/:id',
      summary:
        'Remove an external identity provider. Accounts it made stay; their sessions end, and nobody comes to them by it again.',
      ...managing,
      changes: 'identityProvider',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: IdentityProvider,
      async run({ tenantId }, input) {
        const gone = await store.remove(tenantId, input.id);
        await leave(gone);
        await deps.changed();
        return shown(gone);
      },
    }),
  ];
}
