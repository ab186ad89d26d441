/** The password grant (RFC 6749 §4.3), which the provider does not bring along: who the person is was settled before, what the tokens are like is as in any other grant. */
import type {
  AccountClaims,
  Client,
  Grant,
  KoaContextWithOIDC,
  Provider,
  ResourceServer,
} from 'oidc-provider';
import type { SignedIn } from './password-sign-in.ts';
import type { User } from './users.ts';

export const PASSWORD_GRANT = 'password';

export interface PasswordGrantDeps {
  /** Who signs in by this request. */
  signIn(ctx: KoaContextWithOIDC): Promise<SignedIn>;
  /** What the client may do for the person, kept. */
  grantFor(client: Client, accountId: string, audience: string): Promise<Grant>;
  api(audience: string): ResourceServer;
  /** Of an identity token. */
  claims(user: User): AccountClaims;
  now(): Date;
}

export function registerPasswordGrant(provider: Provider, deps: PasswordGrantDeps): void {
  provider.registerGrantType<{ scope: string; resource: string }>(
    PASSWORD_GRANT,
    async (ctx) => {
      const { client, params } = ctx.oidc;
      const { user, amr } = await deps.signIn(ctx);
      const { scope, resource: audience } = params;
      const scopes = new Set(scope.split(' '));
      const grant = await deps.grantFor(client, user.id, audience);
      const given = { accountId: user.id, client, grantId: grant.jti, gty: PASSWORD_GRANT };
      const token = new provider.AccessToken({
        ...given,
        resourceServer: new provider.ResourceServer(audience, deps.api(audience)),
        scope: grant.getResourceScopeFiltered(audience, scopes),
      });
      const accessToken = await token.save();
      const refreshToken = scopes.has('offline_access')
        ? await new provider.RefreshToken({
            ...given,
            amr: [...amr],
            authTime: Math.floor(deps.now().getTime() / 1_000),
            resource: audience,
            scope,
          }).save()
        : undefined;
      const idToken = Object.assign(new provider.IdToken(deps.claims(user), { ctx }), {
        scope: grant.getOIDCScopeFiltered(scopes),
      });
      ctx.body = {
        access_token: accessToken,
        expires_in: token.expiration,
        token_type: token.tokenType,
        scope: token.scope,
        id_token: await idToken.issue({ use: 'idtoken' }),
        refresh_token: refreshToken,
      };
    },
    ['scope', 'resource'],
  );
}
