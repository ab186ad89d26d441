/** Registrations of SIEM connectors: programs that read detections and nothing else, as themselves or for the person who turned them on. */
import { randomUUID } from 'node:crypto';
import { ApiError, siemAudience } from '@merlon/contract';
import { importJWK, SignJWT } from 'jose';
import type { OperationCaller } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { AppHolders } from './app-holders.ts';
import type { App, AppSecret, Apps } from './apps.ts';
import { CONNECTOR_REFRESH_S, type Providers, TOKEN_SECONDS } from './provider.ts';
import type { SigningKeys } from './signing-keys.ts';
import { userClaims } from './token-claims.ts';
import type { Totp } from './totp.ts';
import type { Users } from './users.ts';

/** What such a program may do. */
const READING = { permissions: ['Alert.Read.All'], delegated: ['Alert.Read'] } as const;
const MAX_SECRETS = 2;

export interface ConnectorSecret {
  readonly secretId: string;
  readonly clientSecret: string;
  readonly expiresAt: Date;
}

export interface ConnectorTokens {
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
}

/** Permissions that a consent did not give before. */
export interface Added {
  readonly permissions: readonly string[];
  readonly delegated: readonly string[];
}

export interface ConnectorApps {
  /** Makes the program, with a secret. */
  create(
    caller: OperationCaller,
    input: { readonly name: string; readonly redirectUris: readonly string[]; readonly secretDays?: number },
  ): Promise<ConnectorSecret & { readonly clientId: string }>;
  /** A further secret, in place of the oldest where there are two. */
  renewSecret(caller: OperationCaller, clientId: string, days?: number): Promise<ConnectorSecret>;
  /** Null: somebody removed it. */
  secrets(tenantId: string, clientId: string): Promise<readonly AppSecret[] | null>;
  /** Its secrets and tokens with it. Of one that is gone: nothing. */
  remove(tenantId: string, clientId: string): Promise<void>;
  /**
   * Lets a program of another tenant read detections here.
   * @throws ResourceNotFound when that tenant has no such program; DisallowedOperation when it may not be used by others
   */
  admit(
    tenantId: string,
    foreign: { readonly clientId: string; readonly homeTenantId: string },
    by: string,
  ): Promise<{ readonly name: string; readonly added: Added }>;
  /** Takes away what {@link ConnectorApps.admit} added. */
  dismiss(tenantId: string, clientId: string, added: Added): Promise<void>;
  /** For a person, as if he had signed in through it. @throws ResourceNotFound when his account does not work */
  tokens(tenantId: string, clientId: string, userId: string): Promise<ConnectorTokens>;
}

export function createConnectorApps(deps: {
  readonly apps: Apps;
  readonly holders: AppHolders;
  readonly providers: Providers;
  readonly keys: SigningKeys;
  readonly users: Pick<Users, 'find'>;
  readonly totp: Pick<Totp, 'missing'>;
  readonly clock: Clock;
  publicOrigin(): string;
}): ConnectorApps {
  const { apps, holders } = deps;

  async function addSecret(
    caller: OperationCaller,
    clientId: string,
    days: number | undefined,
  ): Promise<ConnectorSecret> {
    const { clientSecret, secret } = await apps.addSecret(caller.tenantId, clientId, days);
    await holders.made(caller, { ...secret, clientId });
    return { secretId: secret.id, clientSecret, expiresAt: secret.expiresAt };
  }

  const present = async (tenantId: string, clientId: string) =>
    (await apps.list(tenantId)).find((one) => one.clientId === clientId) ?? null;

  return {
    async create(caller, { name, redirectUris, secretDays }) {
      const { clientId } = await apps.create(caller.tenantId, {
        name,
        ...READING,
        isPublic: false,
        redirectUris,
        multiTenant: false,
        passwordGrant: false,
        enabled: true,
      });
      return { clientId, ...(await addSecret(caller, clientId, secretDays)) };
    },

    async renewSecret(caller, clientId, days) {
      const { secrets } = await apps.get(caller.tenantId, clientId);
      for (const { id } of secrets.slice(0, Math.max(0, secrets.length - MAX_SECRETS + 1))) {
        await holders.removed(caller.tenantId, id);
        await apps.removeSecret(caller.tenantId, clientId, id);
      }
      return addSecret(caller, clientId, days);
    },

    secrets: async (tenantId, clientId) => (await present(tenantId, clientId))?.secrets ?? null,

    async remove(tenantId, clientId) {
      const app = await present(tenantId, clientId);
      if (app === null) return;
      for (const { id } of app.secrets) await holders.removed(tenantId, id);
      await apps.remove(tenantId, clientId);
    },

    async admit(tenantId, { clientId, homeTenantId }, by) {
      const app = await apps.home(clientId);
      if (app === null || app.homeTenantId !== homeTenantId || homeTenantId === tenantId)
        throw new ApiError(
          'ResourceNotFound',
          `Tenant ${homeTenantId} is not another tenant that has an application ${clientId}.`,
        );
      if (!app.multiTenant)
        throw new ApiError(
          'DisallowedOperation',
          `Application ${clientId} is for its own tenant only; whoever registered it has to make it one for many tenants.`,
        );
      const before = await apps.find(tenantId, clientId);
      const added = without(READING, before);
      await apps.setConsent(tenantId, clientId, by, {
        permissions: [...(before?.permissions ?? []), ...added.permissions],
        delegated: [...(before?.delegated ?? []), ...added.delegated],
      });
      return { name: app.name, added };
    },

    async dismiss(tenantId, clientId, added) {
      const before = await apps.find(tenantId, clientId);
      if (before === null) return;
      const left = without(before, added);
      if (left.permissions.length + left.delegated.length === 0)
        await apps.withdrawConsent(tenantId, clientId);
      else await apps.setConsent(tenantId, clientId, null, left);
    },

    async tokens(tenantId, clientId, userId) {
      const user = await deps.users.find(tenantId, userId);
      if (user === null) throw new ApiError('ResourceNotFound', `User ${userId} was not found.`);
      const provider = deps.providers.forTenant(tenantId);
      const client = await provider.Client.find(clientId);
      if (client === undefined) throw new ApiError('ResourceNotFound', 'The connector application is gone.');
      const now = deps.clock.now();
      const issuedAt = Math.floor(now.getTime() / 1_000);
      const scope = READING.delegated.join(' ');
      const grant = new provider.Grant({ accountId: userId, clientId });
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(siemAudience, scope);
      const grantId = await grant.save();
      // He has signed in to ask for it, and given a second proof where the tenant wants one.
      const amr = (await deps.totp.missing(tenantId, userId, ['pwd'])) === 'none' ? ['pwd'] : ['pwd', 'mfa'];
      const refreshToken = await new provider.RefreshToken({
        accountId: userId,
        client,
        grantId,
        gty: 'authorization_code',
        amr,
        authTime: issuedAt,
        resource: siemAudience,
        scope: `openid offline_access ${scope}`,
      }).save();
      return {
        accessToken: await signed(
          userClaims(
            {
              version: 1,
              origin: deps.publicOrigin(),
              tenantId,
              audience: siemAudience,
              issuedAt,
              expiresAt: issuedAt + TOKEN_SECONDS,
              tokenId: randomUUID(),
              clientProof: '0',
            },
            user,
            clientId,
            READING.delegated,
          ),
        ),
        accessExpiresAt: new Date((issuedAt + TOKEN_SECONDS) * 1_000),
        refreshToken,
        refreshExpiresAt: new Date((issuedAt + CONNECTOR_REFRESH_S) * 1_000),
      };
    },
  };

  async function signed(claims: Record<string, unknown>): Promise<string> {
    const key = deps.keys.current()[0];
    if (key === undefined) throw new Error('there is no key to sign with');
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
      .sign(await importJWK(key.privateJwk, 'RS256'));
  }
}

function without(all: Added, some: Pick<App, 'permissions' | 'delegated'> | Added | null): Added {
  return {
    permissions: all.permissions.filter((one) => !some?.permissions.includes(one)),
    delegated: all.delegated.filter((one) => !some?.delegated.includes(one)),
  };
}
