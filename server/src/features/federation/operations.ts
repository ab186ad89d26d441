/** What administrators do with external identity providers. */
import { randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { discover } from './discovery.ts';
import {
  ClaimMapping,
  type Configured,
  IdentityProvider,
  members,
  type Settings,
  usualClaims,
  usualScopes,
} from './identity-provider.ts';
import type { Outbound } from './outbound.ts';
import type { SecretSeal } from './sealed-secret.ts';
import { callbackPath } from './sign-in.ts';
import type { FederationStore } from './store.ts';

export interface OperationsDeps {
  readonly store: FederationStore;
  readonly seal: SecretSeal;
  readonly outbound: Outbound;
  readonly clock: Clock;
  publicOrigin(): string;
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
    claims: one.claims,
    enabled: one.enabled,
    hasSecret: one.sealedSecret !== null,
    redirectUri: deps.publicOrigin() + callbackPath(one.tenantId),
    createdAt: nowIso7(one.createdAt),
  });
  const after = async (work: Promise<Configured>): Promise<IdentityProvider> => {
    const done = await work;
    await deps.changed();
    return shown(done);
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
      input: Type.Object(
        { name: members.name, issuer: members.issuer, clientId: members.clientId, ...optional },
        exactly,
      ),
      output: IdentityProvider,
      async run({ tenantId }, { clientSecret: secret, claims, ...input }) {
        const settings: Settings = {
          scopes: [...usualScopes],
          apiAudience: null,
          emailDomains: [],
          provisioning: false,
          ...input,
          claims: { ...usualClaims, ...claims },
        };
        const newId = randomUUID();
        return after(
          store.create(tenantId, {
            id: newId,
            settings,
            discovered: await discovered(settings.issuer),
            sealedSecret: secret === undefined ? null : await deps.seal.seal(secret, `${tenantId}/${newId}`),
            now: deps.clock.now(),
          }),
        );
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
      async run({ tenantId }, { id: asked, clientSecret: secret, claims, enabled, ...changes }) {
        const old = await store.get(tenantId, asked);
        const settings: Settings = {
          name: old.name,
          issuer: old.issuer,
          clientId: old.clientId,
          scopes: old.scopes,
          apiAudience: old.apiAudience,
          emailDomains: old.emailDomains,
          provisioning: old.provisioning,
          ...changes,
          claims: { ...old.claims, ...claims },
        };
        // Turning one off must work also while it does not answer.
        const off = enabled === false && settings.issuer === old.issuer;
        return after(
          store.update(tenantId, asked, {
            settings,
            discovered: off ? old.discovered : await discovered(settings.issuer),
            sealedSecret:
              secret === undefined ? old.sealedSecret : await deps.seal.seal(secret, `${tenantId}/${asked}`),
            enabled: enabled ?? old.enabled,
          }),
        );
      },
    }),
    defineOperation({
      name: 'identityProvider.remove',
      method: 'DELETE',
      path: '/api/merlon/identityproviders/:id',
      summary:
        'Remove an external identity provider. Accounts it made stay, and are linked again should it come back.',
      ...managing,
      changes: 'identityProvider',
      input: Type.Object({ id }, exactly),
      output: IdentityProvider,
      run: ({ tenantId }, input) => after(store.remove(tenantId, input.id)),
    }),
  ];
}
