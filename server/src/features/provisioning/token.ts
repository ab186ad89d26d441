/** What a directory shows itself with: 256 random bits, so that one SHA-256 is enough to keep of it. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { ProvisioningStore, TokenRow } from './store.ts';

const DAY_MS = 86_400_000;

export type Tokens = ReturnType<typeof createTokens>;

export function createTokens({ store, clock }: { store: ProvisioningStore; clock: Clock }) {
  return {
    list: (tenantId: string): Promise<TokenRow[]> => store.tokens(tenantId),

    /** `token` is shown this once. */
    async create(
      tenantId: string,
      input: { name: string; days: number; by: string },
    ): Promise<TokenRow & { token: string }> {
      const token = `mscim_${randomBytes(32).toString('base64url')}`;
      const now = clock.now();
      const row = {
        id: randomUUID(),
        name: input.name,
        hint: token.slice(0, 9),
        createdBy: input.by,
        createdAt: now,
        expiresAt: new Date(now.getTime() + input.days * DAY_MS),
      };
      await store.addToken(tenantId, { ...row, hash: hashOf(token), by: input.by, now });
      return { ...row, token };
    },

    revoke: (tenantId: string, id: string): Promise<TokenRow> => store.removeToken(tenantId, id),

    /** @throws Unauthorized */
    async admit(tenantId: string, authorization: string | undefined): Promise<TokenRow> {
      const [, token] = /^bearer +([A-Za-z0-9_-]{1,200}) *$/i.exec(authorization ?? '') ?? [];
      const row = token === undefined ? null : await store.tokenByHash(tenantId, hashOf(token), clock.now());
      if (!row)
        throw new ApiError('Unauthorized', 'The provisioning token is missing, expired or not valid.');
      return row;
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
