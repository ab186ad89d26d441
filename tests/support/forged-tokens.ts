/** Tokens as the server signs them, with any claims: what no sign-in would give. */
import { importJWK, type JWTPayload, SignJWT } from 'jose';
import { AUDIENCE, type TestServer } from './server.ts';
import { openStateDatabase } from './state-database.ts';

/** The portal's own client: server/src/features/identity/portal-client.ts. */
export const PORTAL_CLIENT = '5b0f2c3a-8d57-4e0b-9f0e-6d1c7b6a4e21';

export interface TokenForge {
  application(tenantId: string, roles: readonly string[]): Promise<string>;
  user(tenantId: string, userId: string, scopes: readonly string[], clientId: string): Promise<string>;
  /** Signed with the server's key, whatever the claims say. */
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function openTokenForge(server: TestServer): Promise<TokenForge> {
  const database = await openStateDatabase(server.home);
  const { rows } = await database.query<{ kid: string; private_jwk: Record<string, unknown> }>(
    'select kid, private_jwk from signing_keys order by created_at desc limit 1',
  );
  await database.end();
  const [signing] = rows;
  if (!signing) throw new Error('the server has no signing key');
  const key = await importJWK(signing.private_jwk, 'RS256');
  const common = (tenantId: string): JWTPayload => {
    const now = Math.floor(Date.now() / 1000);
    return {
      aud: AUDIENCE,
      iss: `${server.url}/${tenantId}/v2.0`,
      iat: now,
      nbf: now - 10,
      exp: now + 3_600,
      tid: tenantId,
      ver: '2.0',
      uti: 'test',
    };
  };
  const sign = (claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: signing.kid, ...header })
      .sign(key);
  return {
    sign,
    application: (tenantId, roles) =>
      sign({
        ...common(tenantId),
        azp: '77777777-7777-4777-8777-777777777777',
        app_displayname: 'a program',
        idtyp: 'app',
        oid: '88888888-8888-4888-8888-888888888888',
        sub: 'x',
        ...(roles.length === 0 ? {} : { roles: [...roles] }),
      }),
    user: (tenantId, userId, scopes, clientId) =>
      sign({
        ...common(tenantId),
        azp: clientId,
        idtyp: 'user',
        oid: userId,
        sub: userId,
        preferred_username: `${userId}@merlon.local`,
        scp: scopes.join(' '),
      }),
  };
}
