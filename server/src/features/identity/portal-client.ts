/** Merlon's own portal as a client of the sign-in: public, known in every tenant under one id, like a first-party application. */
import type { AdapterPayload } from 'oidc-provider';

export const PORTAL_CLIENT_ID = '5b0f2c3a-8d57-4e0b-9f0e-6d1c7b6a4e21';
/** Where the portal takes the answer of a sign-in. */
export const PORTAL_REDIRECT_PATH = '/auth/callback';

/** `origins`: every address under which the portal may be open in a browser. */
export function portalClient(origins: readonly string[]): AdapterPayload {
  return {
    client_id: PORTAL_CLIENT_ID,
    client_name: 'Merlon portal',
    application_type: 'web',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: origins.map((origin) => origin + PORTAL_REDIRECT_PATH),
    post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
  };
}
