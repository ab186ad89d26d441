/** Our own pages of consent and of guests as a client of the sign-in, which redeems no code: the session is all they want. */
import type { AdapterPayload } from 'oidc-provider';

export const PAGES_CLIENT_ID = '0e4d7f1c-52a8-4c39-8b61-97f0c2d3ab58';
/** Where a sign-in for them ends, within the tenant. */
export const PAGES_REDIRECT_PATH = '/sign-in/back';

export function pagesClient(origin: string, tenantId: string): AdapterPayload {
  return {
    client_id: PAGES_CLIENT_ID,
    client_name: 'Merlon',
    application_type: 'web',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [`${origin}/${tenantId}${PAGES_REDIRECT_PATH}`],
  };
}
