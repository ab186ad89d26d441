/**
 * A person's sign-in by name and password alone, through a program that has both (the password grant). Where the sign-in page would ask for more,
 * or lead elsewhere, it is refused: nothing that a page would ask is left out.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '@merlon/contract';
import type { RouteRequest } from '../../http/route.ts';
import type { Audit } from '../audit/index.ts';
import { AadstsError } from './aadsts.ts';
import type { App } from './apps.ts';
import { REFUSED_AFTER_MS } from './lockout.ts';
import type { Tenant } from './tenants.ts';
import type { Totp } from './totp.ts';
import type { User, Users } from './users.ts';

export interface PasswordSignInDeps {
  readonly users: Pick<Users, 'signIn'>;
  readonly totp: Pick<Totp, 'missing'>;
  readonly audit: Pick<Audit, 'record'>;
}

interface Given {
  readonly tenant: Tenant;
  readonly app: App;
  readonly name: string;
  readonly password: string;
  readonly request: Pick<RouteRequest, 'ip' | 'correlationId'>;
}

export interface SignedIn {
  readonly user: User;
  readonly amr: readonly string[];
}

const AMR = ['pwd'];

export type PasswordSignIn = ReturnType<typeof createPasswordSignIn>;

export function createPasswordSignIn({ users, totp, audit }: PasswordSignInDeps) {
  /**
   * @param wrong called when the name or the password is wrong, or the name is locked
   * @throws AadstsError saying why not; only who knows the password learns more about the account
   */
  return async (given: Given, wrong: () => void): Promise<SignedIn> => {
    const earliest = delay(REFUSED_AFTER_MS);
    const refuse = async (error: AadstsError, user: User | null, reason: string): Promise<never> => {
      if (user) await record(given, user, { outcome: 'refused', reason });
      await earliest;
      throw error;
    };
    const result = await users.signIn(given.tenant, given.name, given.password).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'ServiceUnavailable') throw error;
      throw new AadstsError(90033, error.publicMessage, error.retryAfterSeconds);
    });
    const { user } = result;
    switch (result.kind) {
      case 'wrong':
        wrong();
        return refuse(
          new AadstsError(50126, 'The user name or the password is wrong.'),
          user,
          'wrong password',
        );
      case 'locked':
        wrong();
        return refuse(
          new AadstsError(
            50053,
            'Too many sign-ins with a wrong password: this name is locked for a quarter of an hour.',
          ),
          user,
          'locked',
        );
      case 'disabled':
        return refuse(new AadstsError(50057, 'The account is disabled.'), user, 'disabled');
      case 'ok':
        break;
    }
    if (result.user.mustChangePassword)
      return refuse(
        new AadstsError(50055, 'The password must be changed first, in a sign-in through a page.'),
        user,
        'password to be changed',
      );
    const missing = await totp.missing(given.tenant.id, result.user.id, AMR);
    if (missing !== 'none') return refuse(secondProofError(missing), user, 'second proof needed');
    await record(given, result.user, { outcome: 'success' });
    return { user: result.user, amr: AMR };
  };

  function record(
    { tenant, app, request }: Given,
    user: User,
    { outcome, ...more }: { outcome: 'success' | 'refused'; reason?: string },
  ): Promise<void> {
    return audit.record({
      tenantId: tenant.id,
      actor: { kind: 'user', id: user.id, name: user.principalName },
      appId: app.clientId,
      action: 'user.signIn',
      target: { kind: 'user', id: user.id },
      outcome,
      details: { grant: 'password', ...more },
      sourceIp: request.ip,
      correlationId: request.correlationId,
    });
  }
}

/** Of a token that is asked for without the second proof that the tenant wants of this person. */
export function secondProofError(missing: 'code' | 'must'): AadstsError {
  return missing === 'code'
    ? new AadstsError(50076, 'A second proof is needed: sign in through a page.')
    : new AadstsError(50079, 'A second proof is needed, and has to be set up: sign in through a page.');
}
