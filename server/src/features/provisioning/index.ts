/** Directories that provision people and user groups by SCIM 2.0 (RFC 7643, RFC 7644). */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import { ACCESS_CHANNEL, createScimGroups } from '../access/index.ts';
import type { Identity } from '../identity/index.ts';
import { createGroups } from './groups.ts';
import { provisioningOperations } from './operations.ts';
import { createPeople } from './people.ts';
import { scimRoutes } from './routes.ts';
import { provisioningStore } from './store.ts';
import { createTokens } from './token.ts';

export { provisioningMigrations } from './migrations.ts';

export function createProvisioning({
  state,
  audit,
  clock,
  publicOrigin,
  identity,
}: Pick<Platform, 'state' | 'audit' | 'clock' | 'publicOrigin'> & {
  readonly identity: Pick<Identity, 'provisioned' | 'requireTenant'>;
}): Feature {
  const store = provisioningStore(state);
  const tokens = createTokens({ store, clock });
  const people = createPeople({ store, accounts: identity.provisioned, clock });
  const groups = createGroups({ store, groups: createScimGroups(state), clock });
  const addressOf = (tenantId: string) => `${publicOrigin()}/scim/v2/${tenantId}`;
  const operations = provisioningOperations({ tokens, people, addressOf });
  return {
    name: 'provisioning',
    routes: [
      ...operationRoutes(operations, state),
      ...scimRoutes({
        tokens,
        people,
        groups,
        requireTenant: identity.requireTenant,
        addressOf,
        together: (work) => state.together(work),
        changed: (tenantId) => state.notify(ACCESS_CHANNEL, tenantId),
      }),
    ],
    admin: operationHandlers(operations, {
      audit,
      state,
      tenantOf: async (name) => (await identity.requireTenant(name)).id,
    }),
  };
}
