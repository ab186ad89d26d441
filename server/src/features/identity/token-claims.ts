/**
 * Claims of access tokens, named and shaped as in Entra ID's tokens of version 1.0 and 2.0, with this server as the issuer. Pure.
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
import type { App } from './apps.ts';
import type { ProtocolVersion } from './token-request.ts';
import type { User } from './users.ts';

/** Entra ID backdates tokens by five minutes, for services whose clock is behind. */
const BACKDATE_S = 300;

/** v1.0: `https://host/<tid>/`; v2.0: `https://host/<tid>/v2.0`. The real service's hosts differ between the two; ours is one. */
export function issuer(version: ProtocolVersion, origin: string, tenantId: string): string {
  return version === 1 ? `${origin}/${tenantId}/` : `${origin}/${tenantId}/v2.0`;
}

export interface Stamp {
  readonly version: ProtocolVersion;
  readonly origin: string;
  readonly tenantId: string;
  readonly audience: string;
  /** Seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly tokenId: string;
  /** How the client proved itself: 0 not at all, 1 by a secret, 2 by a certificate. */
  readonly clientProof: '0' | '1' | '2';
}

export function applicationClaims(stamp: Stamp, app: App): Record<string, unknown> {
  return {
    ...common(stamp),
    ...client(stamp.version, app.clientId, stamp.clientProof),
    app_displayname: app.name,
    ...(stamp.version === 1 ? { idp: issuer(1, stamp.origin, stamp.tenantId) } : {}),
    idtyp: 'app',
    oid: app.objectId,
    // Like the real service: absent, not empty, when nothing was granted.
    ...(app.permissions.length > 0 ? { roles: [...app.permissions] } : {}),
    sub: app.objectId,
  };
}

export function userClaims(
  stamp: Stamp,
  user: User,
  clientId: string,
  scopes: readonly string[],
  /** Where a guest of the tenant is at home; null for its own people. */
  homeTenantId: string | null = null,
): Record<string, unknown> {
  return {
    ...common(stamp),
    ...client(stamp.version, clientId, stamp.clientProof),
    ...(stamp.version === 1
      ? { amr: ['pwd'], unique_name: user.principalName, upn: user.principalName }
      : { preferred_username: user.principalName }),
    // As in the real service: 1 says that he is a guest, `idp` who answers for him.
    ...(homeTenantId === null ? {} : { acct: 1, idp: issuer(1, stamp.origin, homeTenantId) }),
    idtyp: 'user',
    name: user.displayName,
    oid: user.id,
    scp: scopes.join(' '),
    sub: user.id,
  };
}

function common(stamp: Stamp): Record<string, unknown> {
  return {
    aud: stamp.audience,
    iss: issuer(stamp.version, stamp.origin, stamp.tenantId),
    iat: stamp.issuedAt - BACKDATE_S,
    nbf: stamp.issuedAt - BACKDATE_S,
    exp: stamp.expiresAt,
    tid: stamp.tenantId,
    uti: stamp.tokenId,
    ver: stamp.version === 1 ? '1.0' : '2.0',
  };
}

function client(
  version: ProtocolVersion,
  clientId: string,
  strength: Stamp['clientProof'],
): Record<string, unknown> {
  return version === 1 ? { appid: clientId, appidacr: strength } : { azp: clientId, azpacr: strength };
}
