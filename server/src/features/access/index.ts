/**
 * Who may do what: resolves a token's claims to a {@link Caller}. An application is its token's `roles`; a person is the token's `scp` and, on top,
 * what the roles of his user groups give, for the devices that those groups may see.
 */
import { ApiError, type Permission, type PortalPermission, permissions } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Feature } from '../../feature.ts';
import type { Caller, Route } from '../../http/route.ts';
import { type OperationCaller, operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Audit } from '../audit/index.ts';
import type { TokenClaims } from '../identity/index.ts';
import { emptyFederatedGroups, type FederatedMembership, setFederatedGroups } from './federated-groups.ts';
import { type Grants, grantsOf } from './grants.ts';
import { accessOperations } from './operations.ts';
import { accessRoutes } from './routes.ts';
import { requireRemovable } from './standing-administrator.ts';
import {
  type AccessStore,
  type Accounts,
  accessStore,
  giveRole,
  keepingAnAdministrator,
  prepareTenant,
} from './store.ts';

export { requireApplicationBelow } from './ceiling.ts';
export { grantsOf } from './grants.ts';
export { accessMigrations } from './migrations.ts';
export { createScimGroups, SCIM_SOURCE, type ScimGroups } from './scim-groups.ts';
export type { AccessStore } from './store.ts';

export interface Access extends Feature {
  readonly store: AccessStore;
  /** @throws Unauthorized when the person's account does not work any more */
  resolveCaller(token: TokenClaims): Promise<Caller>;
  /**
   * Puts a person into the groups his identity provider named, and out of its others. Resolves to groups left out for want of room.
   * @throws DisallowedOperation when nobody would be left who administers the tenant
   */
  setFederatedGroups(membership: FederatedMembership): Promise<readonly string[]>;
  /** Takes everybody out of the groups a provider kept. @throws DisallowedOperation as above */
  emptyFederatedGroups(tenantId: string, providerId: string): Promise<void>;
  /** Gives a new tenant its built-in roles. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  prepareTenant(db: Transaction<any>, tenantId: string): Promise<void>;
  /** Undoes the work, by an error, when nobody would be left who administers the tenant of this transaction. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  keepingAnAdministrator<T>(db: Transaction<any>, work: () => Promise<T>): Promise<T>;
  /** @throws DisallowedOperation when the person is an administrator for good, and the caller by an elevation only */
  requireRemovable(caller: OperationCaller, userId: string): Promise<void>;
  /** False when the tenant has no role of that name. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  giveRole(db: Transaction<any>, tenantId: string, userId: string, roleName: string): Promise<boolean>;
}

/** Servers tell each other that what they remember of a tenant's access no longer counts. */
export const ACCESS_CHANNEL = 'access';

/** How long what was withdrawn may still count, should the news of it be lost. */
const CACHE_MS = 5_000;
const CACHE_SIZE = 10_000;

const KNOWN_PERMISSIONS: ReadonlySet<string> = new Set(
  permissions.flatMap(({ application, delegated }) => [application, delegated ?? application]),
);
const NOTHING: ReadonlySet<PortalPermission> = new Set();

export function createAccess(deps: {
  state: StateStore;
  audit: Audit;
  clock: Clock;
  accounts: Accounts;
  routes(): readonly Route[];
  tenantOf(nameOrId: string | undefined): Promise<string>;
}): Access {
  const { state, clock } = deps;
  const store = accessStore(state, deps.accounts);
  const cache = new Map<string, { tenantId: string; until: number; grants: Grants }>();
  let stopListening: (() => Promise<void>) | null = null;

  function forget(tenantId: string): void {
    for (const [key, entry] of cache) if (entry.tenantId === tenantId) cache.delete(key);
  }

  async function grants(tenantId: string, userId: string): Promise<Grants> {
    const key = `${tenantId} ${userId}`;
    const now = clock.now();
    const known = cache.get(key);
    if (known && known.until > now.getTime()) return known.grants;
    const fresh = grantsOf(await store.holdings(tenantId, userId, now));
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(key, { tenantId, until: now.getTime() + CACHE_MS, grants: fresh });
    return fresh;
  }

  async function changed(tenantId: string): Promise<void> {
    forget(tenantId);
    await state.notify(ACCESS_CHANNEL, tenantId);
  }

  const operations = accessOperations({ store, clock, routes: deps.routes, changed });

  return {
    name: 'access',
    routes: [...accessRoutes(), ...operationRoutes(operations, state)],
    admin: operationHandlers(operations, deps),
    store,
    async resolveCaller(token) {
      const granted = token.kind === 'user' ? await grants(token.tenantId, token.subjectId) : null;
      // A token outlives the account by up to an hour, and not every operation needs a role.
      if (granted?.enabled === false)
        throw new ApiError('Unauthorized', 'The account is switched off, has ended or was removed.');
      return {
        tenantId: token.tenantId,
        kind: token.kind,
        id: token.kind === 'application' ? token.clientId : token.subjectId,
        name: token.name,
        clientId: token.clientId,
        portal: token.portal,
        ...(token.audience === undefined ? {} : { audience: token.audience }),
        permissions: new Set(
          token.permissions.filter((name): name is Permission => KNOWN_PERMISSIONS.has(name)),
        ),
        roles: granted?.permissions ?? NOTHING,
        standing: granted?.standing ?? NOTHING,
        deviceGroups: granted?.deviceGroups ?? 'all',
        ...(token.homeTenantId === undefined ? {} : { homeTenantId: token.homeTenantId }),
      };
    },
    async setFederatedGroups(membership) {
      const leftOut = await setFederatedGroups(state, membership);
      await changed(membership.tenantId);
      return leftOut;
    },
    async emptyFederatedGroups(tenantId, providerId) {
      await emptyFederatedGroups(state, tenantId, providerId);
      await changed(tenantId);
    },
    prepareTenant,
    giveRole,
    keepingAnAdministrator,
    requireRemovable: (caller, userId) => requireRemovable({ store, clock }, caller, userId),
    async start() {
      stopListening = await state.listen(ACCESS_CHANNEL, forget);
    },
    async stop() {
      await stopListening?.();
    },
  };
}
