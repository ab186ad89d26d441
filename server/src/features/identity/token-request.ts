/**
 * What a sign-in request in Entra ID's dialect asks for, in standard terms. v1 names the API as `resource=<audience>`, v2 as
 * `scope=<audience>/.default` or, for users, `<audience>/<permission>` among the OpenID scopes. Pure.
 */
import { isAcceptedAudience, isDelegatedPermission, isSiemAudience, permissions } from '@merlon/contract';
import { AadstsError } from './aadsts.ts';

export type ProtocolVersion = 1 | 2;
export type Fields = Readonly<Record<string, string | string[] | undefined>>;

export const DELEGATED_SCOPES: readonly string[] = [
  ...new Set(permissions.flatMap(({ delegated }) => (delegated === null ? [] : [delegated]))),
];
const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/** Characters of what was sent that come back in an error. */
const MOST_ECHOED = 500;

/** Single value of a field; a repeated one is malformed. */
export function field(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (Array.isArray(value)) throw new AadstsError(9002313, `The parameter '${name}' appears more than once.`);
  return value === '' ? undefined : value;
}

export function requireField(fields: Fields, name: string): string {
  const value = field(fields, name);
  if (value === undefined)
    throw new AadstsError(900144, `The request body must contain the parameter '${name}'.`);
  return value;
}

/** The audience an application asks a token for. */
export function applicationAudience(version: ProtocolVersion, fields: Fields, tenantName: string): string {
  if (version === 1) return acceptedAudience(requireField(fields, 'resource'), tenantName);
  const scope = requireField(fields, 'scope').trim();
  // For a program there is nothing to refresh; connectors that ask for it all the same get their token.
  const [only, ...more] = scope.split(/\s+/).filter((name) => name !== 'offline_access');
  if (only === undefined || more.length > 0 || !only.endsWith('/.default')) {
    throw new AadstsError(
      1002012,
      `The value '${scope.slice(0, MOST_ECHOED)}' of the parameter scope is not valid. Applications ask for one API as <audience>/.default.`,
    );
  }
  return acceptedAudience(only.slice(0, -'/.default'.length), tenantName);
}

export interface UserScopes {
  readonly audience: string | null;
  /** OpenID scopes and short permission names. */
  readonly scopes: readonly string[];
}

/** @param allowed what was granted to the client for people, short names. */
export function userScopes(
  version: ProtocolVersion,
  fields: Fields,
  tenantName: string,
  allowed: readonly string[],
): UserScopes {
  const wanted = (field(fields, 'scope') ?? 'openid').trim().split(/\s+/);
  const scopes = new Set<string>(['openid']);
  let audience: string | null = null;
  const resource = field(fields, 'resource');
  if (resource !== undefined) {
    audience = acceptedAudience(resource, tenantName);
    if (version === 1) for (const scope of allowed) scopes.add(scope);
  }
  for (const scope of wanted) {
    if (OPENID_SCOPES.has(scope)) {
      scopes.add(scope);
      continue;
    }
    if (isDelegatedPermission(scope)) {
      scopes.add(granted(scope));
      continue;
    }
    const cut = scope.lastIndexOf('/');
    const permission = scope.slice(cut + 1);
    if (cut < 0 || (permission !== '.default' && !isDelegatedPermission(permission))) {
      throw new AadstsError(70011, `The scope '${scope.slice(0, MOST_ECHOED)}' is not valid.`);
    }
    const own = acceptedAudience(scope.slice(0, cut), tenantName);
    if (audience !== null && audience !== own) throw new AadstsError(70011, 'A request names one API only.');
    audience = own;
    for (const name of permission === '.default' ? allowed : [granted(permission)]) scopes.add(name);
  }
  return { audience, scopes: [...scopes] };

  function granted(permission: string): string {
    if (allowed.includes(permission)) return permission;
    throw new AadstsError(
      65001,
      `Nobody has consented to the permission '${permission}' for this application. An administrator grants it.`,
    );
  }
}

function acceptedAudience(audience: string, tenantName: string): string {
  if (isAcceptedAudience(audience) || isSiemAudience(audience)) return audience;
  throw new AadstsError(
    500011,
    `The resource principal named ${audience.slice(0, MOST_ECHOED)} was not found in the tenant named ${tenantName}.`,
  );
}
