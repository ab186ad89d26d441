/** Reads what a provider says of itself (OpenID Connect Discovery 1.0, section 4) and refuses by name what will not do. */
import { ApiError } from '@merlon/contract';
import type { Discovered } from './identity-provider.ts';
import { type Outbound, Unreachable } from './outbound.ts';

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;

/** @throws InvalidInput saying what is wrong with the issuer */
export async function discover(issuer: string, outbound: Outbound): Promise<Discovered> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ApiError('InvalidInput', `The issuer ${issuer.slice(0, 300)} will not do: ${why}.`, { cause });
  };
  if (!URL.canParse(issuer) || /[?#]/.test(issuer)) refuse('it is not an issuer address');
  let document: unknown;
  try {
    const answer = await outbound(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (answer.status !== 200) refuse(`its configuration answered ${answer.status}`);
    document = await answer.json();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    refuse(error instanceof Unreachable ? error.message : 'its configuration is not JSON', error);
  }
  if (document === null || typeof document !== 'object') refuse('its configuration is not an object');
  const found = document as Partial<Record<keyof Discovered, unknown>>;
  if (found.issuer !== issuer)
    refuse(
      typeof found.issuer === 'string'
        ? `it calls itself ${found.issuer.slice(0, 300)}`
        : 'its configuration names no issuer',
    );
  const endpoint = (name: (typeof ENDPOINTS)[number]): string => {
    const value = found[name];
    if (typeof value !== 'string') return refuse(`its configuration has no ${name}`);
    if (!URL.canParse(value) || new URL(value).protocol !== 'https:')
      return refuse(`its ${name} is not an https address`);
    return value;
  };
  const methods = found.token_endpoint_auth_methods_supported;
  return {
    issuer,
    authorization_endpoint: endpoint('authorization_endpoint'),
    token_endpoint: endpoint('token_endpoint'),
    jwks_uri: endpoint('jwks_uri'),
    ...(found.authorization_response_iss_parameter_supported === true
      ? { authorization_response_iss_parameter_supported: true }
      : {}),
    ...(Array.isArray(methods)
      ? {
          token_endpoint_auth_methods_supported: methods.filter(
            (one): one is string => typeof one === 'string',
          ),
        }
      : {}),
  };
}
