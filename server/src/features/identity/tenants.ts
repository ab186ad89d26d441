/** Tenants: directories of users and applications, each with its data apart from all others. */
import { randomUUID } from 'node:crypto';
import { ApiError, isGuid } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { IdentityDatabase } from './database.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  /** Ends the principal names of its users, and names it in sign-in addresses. */
  readonly domain: string;
  readonly isDefault: boolean;
}

const DOMAIN =
  /^(?=.{3,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;
/** How long a tenant made on another server may stay unknown to this one. */
const CACHE_MS = 5_000;

export interface Tenants {
  /** By GUID, domain or name, whatever the case. Null: none. */
  find(nameOrId: string): Promise<Tenant | null>;
  /** The one a command means: by name when given, else the default. */
  require(nameOrId: string | undefined): Promise<Tenant>;
  list(): Promise<readonly Tenant[]>;
  create(db: Transaction<IdentityDatabase>, input: { name: string; domain: string }): Promise<Tenant>;
  forget(): void;
}

export function createTenants({ state, clock }: { state: StateStore; clock: Clock }): Tenants {
  let cache: { readonly until: number; readonly tenants: readonly Tenant[] } | null = null;

  async function list(): Promise<readonly Tenant[]> {
    const now = clock.now().getTime();
    if (cache && cache.until > now) return cache.tenants;
    const rows = await state.system<IdentityDatabase, IdentityDatabase['tenants'][]>((db) =>
      db.selectFrom('tenants').selectAll().orderBy('created_at').execute(),
    );
    const tenants = rows.map((row) => ({
      id: row.id,
      name: row.name,
      domain: row.domain,
      isDefault: row.is_default,
    }));
    cache = { until: now + CACHE_MS, tenants };
    return tenants;
  }

  async function find(nameOrId: string): Promise<Tenant | null> {
    const wanted = nameOrId.toLowerCase();
    const tenants = await list();
    return (
      tenants.find(({ id }) => id === wanted) ??
      tenants.find(({ domain }) => domain === wanted) ??
      tenants.find(({ name }) => name.toLowerCase() === wanted) ??
      null
    );
  }

  return {
    find,
    list,
    async require(nameOrId) {
      const tenant =
        nameOrId === undefined ? (await list()).find(({ isDefault }) => isDefault) : await find(nameOrId);
      if (!tenant) throw new ApiError('ResourceNotFound', `Tenant ${nameOrId ?? ''} was not found.`);
      return tenant;
    },
    async create(db, { name, domain }) {
      const folded = domain.toLowerCase();
      if (name.trim() === '' || name.length > 128)
        throw new ApiError('InvalidInput', 'The tenant name must have 1 to 128 characters.');
      // A name that looked like an id or a reserved word could be taken for another tenant in an address.
      if (isGuid(name) || RESERVED.has(name.toLowerCase()))
        throw new ApiError('InvalidInput', `A tenant cannot be named "${name}".`);
      if (!DOMAIN.test(folded))
        throw new ApiError('InvalidDomainName', `"${domain}" is not a domain name such as contoso.example.`);
      const existing = await db.selectFrom('tenants').select(['name', 'domain']).execute();
      const taken = existing.some((row) =>
        [row.name.toLowerCase(), row.domain].some((used) => used === folded || used === name.toLowerCase()),
      );
      if (taken)
        throw new ApiError(
          'Conflict',
          `A tenant with the name "${name}" or the domain ${folded} exists already.`,
        );
      const tenant = { id: randomUUID(), name, domain: folded, isDefault: existing.length === 0 };
      await db
        .insertInto('tenants')
        .values({
          id: tenant.id,
          name,
          domain: folded,
          is_default: tenant.isDefault,
          created_at: clock.now(),
        })
        .execute();
      return tenant;
    },
    forget() {
      cache = null;
    },
  };
}

/** Tenant parts of addresses that mean "whichever tenant it is". */
export const SHARED_TENANT_NAMES: ReadonlySet<string> = new Set(['common', 'organizations']);
/** First parts of our own addresses. */
const RESERVED: ReadonlySet<string> = new Set([
  ...SHARED_TENANT_NAMES,
  'consumers',
  'api',
  'device',
  'portal',
  'scim',
  'v1.0',
  'healthz',
  'readyz',
  'metrics',
]);
