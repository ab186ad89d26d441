/**
 * Who may do what: roles of users in the portal, and the resolution of a token's claims to a {@link Caller}. An application is its token's
 * `roles`; a user is the token's `scp` and, on top, the portal permissions of the roles given to him.
 */
import {
  isPortalPermission,
  type Permission,
  type PortalPermission,
  permissions,
  portalPermissions,
} from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Feature } from '../../feature.ts';
import type { Caller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { TokenClaims } from '../identity/index.ts';
import { accessRoutes } from './routes.ts';
import { type AccessDatabase, giveRole, insertBuiltInRole, rolesOf } from './store.ts';

export { accessMigrations } from './migrations.ts';

export interface Access extends Feature {
  resolveCaller(token: TokenClaims): Promise<Caller>;
  /** Gives a new tenant its built-in administrator role. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  prepareTenant(db: Transaction<any>, tenantId: string): Promise<void>;
  /** False when the tenant has no role of that name. */
  // biome-ignore lint/suspicious/noExplicitAny: joins whatever transaction the caller is in
  giveRole(db: Transaction<any>, tenantId: string, userId: string, roleName: string): Promise<boolean>;
}

/** How long a withdrawn role may still count. */
const ROLE_CACHE_MS = 5_000;
const ROLE_CACHE_SIZE = 10_000;

const ALL_PORTAL_PERMISSIONS: ReadonlySet<PortalPermission> = new Set(
  Object.keys(portalPermissions).filter(isPortalPermission),
);
const KNOWN_PERMISSIONS: ReadonlySet<string> = new Set(
  permissions.flatMap(({ application, delegated }) => [application, delegated ?? application]),
);
const NONE: ReadonlySet<PortalPermission> = new Set();

export function createAccess({ state, clock }: { state: StateStore; clock: Clock }): Access {
  const cache = new Map<string, { until: number; roles: ReadonlySet<PortalPermission> }>();

  async function portalPermissionsOf(
    tenantId: string,
    userId: string,
  ): Promise<ReadonlySet<PortalPermission>> {
    const key = `${tenantId} ${userId}`;
    const now = clock.now().getTime();
    const known = cache.get(key);
    if (known && known.until > now) return known.roles;
    const rows = await state.tenant<AccessDatabase, Awaited<ReturnType<typeof rolesOf>>>(tenantId, (db) =>
      rolesOf(db, userId),
    );
    const roles = rows.some((row) => row.permissions === null)
      ? ALL_PORTAL_PERMISSIONS
      : new Set(rows.flatMap((row) => row.permissions ?? []).filter(isPortalPermission));
    if (cache.size >= ROLE_CACHE_SIZE) cache.clear();
    cache.set(key, { until: now + ROLE_CACHE_MS, roles });
    return roles;
  }

  return {
    name: 'access',
    routes: accessRoutes(),
    async resolveCaller(token) {
      return {
        tenantId: token.tenantId,
        kind: token.kind,
        id: token.kind === 'application' ? token.clientId : token.subjectId,
        name: token.name,
        clientId: token.clientId,
        portal: token.portal,
        permissions: new Set(
          token.permissions.filter((name): name is Permission => KNOWN_PERMISSIONS.has(name)),
        ),
        roles: token.kind === 'user' ? await portalPermissionsOf(token.tenantId, token.subjectId) : NONE,
        deviceGroups: 'all',
      };
    },
    prepareTenant: insertBuiltInRole,
    giveRole,
  };
}
