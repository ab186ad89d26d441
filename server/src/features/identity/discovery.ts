/** The documents by which OpenID clients find their way, in Entra ID's form. Pure. */
import { SHARED_TENANT_NAMES, type Tenant } from './tenants.ts';
import { issuer } from './token-claims.ts';
import type { ProtocolVersion } from './token-request.ts';

export interface DiscoveryInput {
  readonly version: ProtocolVersion;
  /** Origin the client used; its addresses stay on it. */
  readonly origin: string;
  /** Origin in issuers. */
  readonly publicOrigin: string;
  /** Null: a shared name, and the issuer is a template as in the real service. */
  readonly tenant: Tenant | null;
  /** Tenant part of the address as asked. */
  readonly segment: string;
}

export function openidConfiguration({
  version,
  origin,
  publicOrigin,
  tenant,
  segment,
}: DiscoveryInput): Record<string, unknown> {
  const base = `${origin}/${tenant?.id ?? segment.toLowerCase()}`;
  const oauth = version === 1 ? `${base}/oauth2` : `${base}/oauth2/v2.0`;
  return {
    token_endpoint: `${oauth}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: version === 1 ? `${base}/discovery/keys` : `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code'],
    grant_types_supported: [
      'client_credentials',
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'password',
    ],
    device_authorization_endpoint: `${oauth}/devicecode`,
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuer(version, publicOrigin, tenant?.id ?? '{tenantid}'),
    request_uri_parameter_supported: false,
    authorization_endpoint: `${oauth}/authorize`,
    end_session_endpoint: `${oauth}/logout`,
    authorization_response_iss_parameter_supported: true,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'preferred_username',
      'name',
      'tid',
      'ver',
      'oid',
    ],
    tenant_region_scope: null,
    cloud_instance_name: new URL(publicOrigin).host,
  };
}

/** Instance discovery: which hosts are one authority. Here always exactly one. */
export function instanceDiscovery(origin: string, tenantSegment: string): Record<string, unknown> {
  const { host } = new URL(origin);
  return {
    tenant_discovery_endpoint: `${origin}/${tenantSegment}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

/**
 * What Microsoft's libraries ask before they send a name and a password: is the password checked here, or by a federation server that they would have
 * to go to? Always here, whoever it is: an answer for some would say who has an account.
 */
export function userRealm(origin: string, userName: string): Record<string, unknown> {
  return {
    ver: '1.0',
    account_type: 'Managed',
    domain_name: userName.split('@')[1] ?? '',
    cloud_instance_name: new URL(origin).host,
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}

export const isShared = (segment: string): boolean => SHARED_TENANT_NAMES.has(segment.toLowerCase());
