/** External OpenID Connect providers: people sign in by them, and their tokens are taken at the API. */
import type { Platform } from '../../feature.ts';
import type { Operation } from '../../management/operation.ts';
import { createSecretSeal } from '../../secrets/secret-seal.ts';
import { createApiTokens, type VerifyForeign } from './api-tokens.ts';
import { federationOperations, type OperationsDeps } from './operations.ts';
import { createOutbound } from './outbound.ts';
import {
  type Account,
  type Accounts,
  createFederatedSignIn,
  type FederatedSignIn,
  type SignInDeps,
} from './sign-in.ts';
import { federationStore } from './store.ts';

export type { VerifyForeign } from './api-tokens.ts';
export { federationMigrations } from './migrations.ts';
export { federationRoutes } from './routes.ts';
export type { FederatedSignIn, Pending } from './sign-in.ts';

export interface Federation<A extends Account> {
  readonly operations: readonly Operation[];
  readonly signIn: FederatedSignIn<A>;
  readonly verify: VerifyForeign;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface FederationDeps<A extends Account> extends Pick<Platform, 'state' | 'clock' | 'log'> {
  readonly accounts: Accounts<A>;
  readonly setGroups: SignInDeps<A>['setGroups'];
  readonly emptyGroups: OperationsDeps['emptyGroups'];
  /** Sessions, codes and refresh tokens. */
  readonly endSessions: OperationsDeps['endSessions'];
  readonly home: string;
  /** Private networks in which providers may be. */
  readonly networks: readonly string[];
  publicOrigin(): string;
}

/** Servers tell each other that what they remember of providers no longer counts. */
const CHANNEL = 'federation';

export function createFederation<A extends Account>(deps: FederationDeps<A>): Federation<A> {
  const { state } = deps;
  const store = federationStore(state);
  const outbound = createOutbound(deps.networks);
  const seal = createSecretSeal(deps.home, 'federation', 'the identity provider');
  const tokens = createApiTokens({
    outbound,
    clock: deps.clock,
    providers: store.forApi,
    async userOf({ tenantId, issuer }, subject) {
      const linked = await store.linked(tenantId, issuer, subject);
      return linked === null ? null : deps.accounts.find(tenantId, linked.userId);
    },
  });
  let stopListening: (() => Promise<void>) | null = null;
  return {
    operations: federationOperations({
      ...deps,
      store,
      seal,
      outbound,
      async changed() {
        tokens.forget();
        await state.notify(CHANNEL, '');
      },
    }),
    signIn: createFederatedSignIn({ ...deps, store, seal, outbound }),
    verify: tokens.verify,
    async start() {
      stopListening = await state.listen(CHANNEL, tokens.forget);
    },
    async stop() {
      await stopListening?.();
    },
  };
}
