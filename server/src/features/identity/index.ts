/** Who is calling: tenants, users, applications, and the sign-in that hands out tokens for them. */
import { randomBytes } from 'node:crypto';
import { builtInAdministratorRole } from '@merlon/contract';
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import { ACCESS_CHANNEL, type Access, grantsOf } from '../access/index.ts';
import { createFederation, federationRoutes } from '../federation/index.ts';
import { createTenant, identityAdmin } from './admin.ts';
import { createAppHolders } from './app-holders.ts';
import { appOperations } from './app-operations.ts';
import { type AppUsage, createAppUsage } from './app-usage.ts';
import { createApps } from './apps.ts';
import { type ConnectorApps, createConnectorApps } from './connector-apps.ts';
import { createConsentFlow } from './consent-flow.ts';
import type { IdentityDatabase } from './database.ts';
import { createGuestFlow } from './guest-flow.ts';
import { guestOperations } from './guest-operations.ts';
import { createGuests } from './guests.ts';
import { createHomeSession } from './home-session.ts';
import { loadProvider } from './oidc-provider.ts';
import { createPasswordSignIn } from './password-sign-in.ts';
import { PORTAL_CLIENT_ID } from './portal-client.ts';
import { createProviders } from './provider.ts';
import { sweepExpired, tenantOfRecord } from './provider-adapter.ts';
import { createProvisionedAccounts, type ProvisionedAccounts } from './provisioned-accounts.ts';
import { identityRoutes } from './routes.ts';
import { createSealer } from './sealed.ts';
import { createSignInFlow } from './sign-in-flow.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createTenants, type Tenant } from './tenants.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
import { createTokenVerifier, type TokenClaims } from './token-verifier.ts';
import { createTotp } from './totp.ts';
import { totpOperations } from './totp-operations.ts';
import { createUserDirectory } from './user-directory.ts';
import { userOperations } from './user-operations.ts';
import { createUsers, type User } from './users.ts';

export { aadstsBodyOf, speaksAadsts } from './aadsts.ts';
export type { Added, ConnectorApps } from './connector-apps.ts';
export { identityMigrations } from './migrations.ts';
export type { ProvisionedAccounts } from './provisioned-accounts.ts';
export type { Tenant } from './tenants.ts';
export type { TokenClaims } from './token-verifier.ts';
export { userMigrations } from './user-migrations.ts';

export interface Identity extends Feature {
  /** For the directories that keep people here. */
  readonly provisioned: ProvisionedAccounts;
  /** For SIEM connectors. */
  readonly connectors: ConnectorApps;
  /** Counts calls by application. */
  readonly usage: Pick<AppUsage, 'count'>;
  /** Claims of a good `Authorization: Bearer …`; throws Unauthorized. */
  verify(authorization: string | undefined): Promise<TokenClaims>;
  /** By GUID, domain or name. Undefined: the default tenant. Throws ResourceNotFound. */
  requireTenant(nameOrId: string | undefined): Promise<Tenant>;
  tenants(): Promise<readonly Tenant[]>;
  /** Whether a person's account is switched on and has not ended, here and, for a guest, at home. */
  works(tenantId: string, userId: string): Promise<boolean>;
  /** Whether the person held a credential of the program at that moment, in whichever tenant he is known by which id. */
  couldAct(clientId: string, at: Date, person: { tenantId: string; userId: string }): Promise<boolean>;
  /** Makes the first tenant and its administrator; null when there is a tenant already. */
  firstStart(): Promise<{
    readonly tenant: Tenant;
    readonly principalName: string;
    readonly oneTimePassword: string;
  } | null>;
}

export interface IdentityDeps extends Pick<Platform, 'state' | 'audit' | 'clock' | 'log' | 'metrics'> {
  readonly access: Access;
  readonly home: string;
  readonly federationNetworks: readonly string[];
  publicOrigin(): string;
  portalOrigins(): readonly string[];
}

const FIRST_TENANT = { name: 'Merlon', domain: 'merlon.local' } as const;
const ADMINISTRATOR = 'admin';
const SWEEP_MS = 10 * 60_000;

export async function createIdentity(deps: IdentityDeps): Promise<Identity> {
  const { state, clock, access, audit } = deps;
  const log = deps.log.child({ part: 'identity' });
  const tenants = createTenants(deps);
  const users = createUsers(deps);
  const totp = createTotp(deps);
  const directory = createUserDirectory({
    state,
    users,
    tenants,
    keepingAnAdministrator: access.keepingAnAdministrator,
  });
  const apps = createApps(deps);
  const guests = createGuests({ state, clock, tenants });
  const holders = createAppHolders(deps);
  const keys = createSigningKeys(deps);
  await keys.load();
  const cookies = await cookieKey();
  const providers = createProviders(
    { ...deps, log, keys, users, apps, guests, totp, cookieKeys: [cookies] },
    await loadProvider(),
  );
  const refusedSecrets = deps.metrics.counter(
    'merlon_refused_client_secrets_total',
    'Sign-ins of known applications with a wrong or expired secret.',
  );
  const usage = createAppUsage({ apps, clock, log });
  let sweep: NodeJS.Timeout | undefined;

  async function cookieKey(): Promise<string> {
    return state.system<IdentityDatabase, string>(async (db) => {
      await db
        .insertInto('identity_secrets')
        .values({ name: 'cookies', value: randomBytes(32).toString('base64url') })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      return (
        await db
          .selectFrom('identity_secrets')
          .select('value')
          .where('name', '=', 'cookies')
          .executeTakeFirstOrThrow()
      ).value;
    });
  }

  const token = createTokenEndpoint({
    tenants,
    apps,
    providers,
    clock,
    passwordSignIn: createPasswordSignIn({ users, totp, audit }),
    publicOrigin: deps.publicOrigin,
    tenantOfGrant: (value) => tenantOfRecord(state, value),
    refused(tenantId, app, reason) {
      refusedSecrets.inc();
      log.info({ tenantId, clientId: app.clientId, reason }, 'sign-in of an application was refused');
    },
  });

  const sealed = (purpose: string) => createSealer(cookies, purpose, () => clock.now());
  const session = createHomeSession({
    providers,
    users,
    totp,
    sealer: sealed('sign-in'),
    publicOrigin: deps.publicOrigin,
  });
  const consent = createConsentFlow({
    state,
    tenants,
    apps,
    audit,
    session,
    sealer: sealed('consent'),
    async mayAdminister(tenantId, userId) {
      const { standing } = grantsOf(await access.store.holdings(tenantId, userId, clock.now()));
      return standing.has('PortalSettings.Manage');
    },
  });
  const guestFlow = createGuestFlow({ tenants, users, guests, session, sealer: sealed('guest') });

  const federation = createFederation({
    ...deps,
    log: log.child({ part: 'federation' }),
    networks: deps.federationNetworks,
    setGroups: access.setFederatedGroups,
    emptyGroups: access.emptyFederatedGroups,
    endSessions: directory.endSessions,
    accounts: {
      find: users.find,
      async create(tenantId, input) {
        const tenant = await tenants.require(tenantId);
        return state.tenant<IdentityDatabase, User>(
          tenantId,
          async (db) => (await users.create(db, tenant, input)).user,
        );
      },
    },
  });
  const signIn = createSignInFlow({
    tenants,
    users,
    totp,
    apps,
    providers,
    audit,
    clock,
    federation: federation.signIn,
    consent,
    guests: guestFlow,
  });
  const operations = [
    ...appOperations(apps, holders),
    ...guestOperations({
      guests,
      tenants,
      audit,
      changed: (tenantId) => state.notify(ACCESS_CHANNEL, tenantId),
    }),
    ...federation.operations,
    ...userOperations({
      directory,
      requireRemovable: access.requireRemovable,
      changed: (tenantId) => state.notify(ACCESS_CHANNEL, tenantId),
    }),
    ...totpOperations({ totp, directory }),
  ];

  return {
    name: 'identity',
    routes: [
      ...operationRoutes(operations, state),
      ...identityRoutes({
        ...deps,
        tenants,
        keys,
        token,
        consent,
        session,
        guests: guestFlow,
        signIn,
      }),
      ...federationRoutes(signIn),
    ],
    admin: {
      ...identityAdmin({ state, audit, access, tenants, users, keys }),
      ...operationHandlers(operations, {
        audit,
        state,
        tenantOf: async (name) => (await tenants.require(name)).id,
      }),
    },
    connectors: createConnectorApps({ ...deps, apps, holders, providers, keys, users, totp }),
    provisioned: createProvisionedAccounts({ state, clock, tenants, directory }),
    usage,
    verify: createTokenVerifier({
      keys,
      tenants,
      clock,
      portalClientId: PORTAL_CLIENT_ID,
      foreign: federation.verify,
      publicOrigin: deps.publicOrigin,
    }),
    requireTenant: tenants.require,
    async couldAct(clientId, at, person) {
      const people = await holders.at(clientId, at);
      if (people.length === 0) return false;
      const same = await guests.identitiesOf(person.tenantId, person.userId);
      return people.some((one) => same.includes(one));
    },
    tenants: tenants.list,
    works: async (tenantId, userId) => (await users.find(tenantId, userId)) !== null,

    async firstStart() {
      if ((await tenants.list()).length > 0) return null;
      const made = await state.system<
        IdentityDatabase,
        { tenant: Tenant; principalName: string; oneTimePassword: string }
      >(async (db) => {
        const actor = { kind: 'system', id: 'first-start', name: 'first start' } as const;
        const tenant = await createTenant({ tenants, access, audit }, db, FIRST_TENANT, actor);
        const { user, oneTimePassword } = await users.create(db, tenant, {
          name: ADMINISTRATOR,
          displayName: 'Administrator',
        });
        await access.giveRole(db, tenant.id, user.id, builtInAdministratorRole);
        await audit.record(
          {
            tenantId: tenant.id,
            actor,
            action: 'user.create',
            target: { kind: 'user', id: user.id },
            outcome: 'success',
            details: { principalName: user.principalName, role: builtInAdministratorRole },
          },
          db,
        );
        return { tenant, principalName: user.principalName, oneTimePassword };
      });
      tenants.forget();
      return made;
    },

    async start() {
      sweep = setInterval(() => {
        Promise.all([sweepExpired(state, clock), users.sweep()]).catch((error: unknown) =>
          log.warn({ err: error }, 'ended sign-in records could not be removed'),
        );
      }, SWEEP_MS);
      sweep.unref();
      usage.start();
      await federation.start();
    },
    async stop() {
      clearInterval(sweep);
      await federation.stop();
      await usage.stop();
    },
  };
}
