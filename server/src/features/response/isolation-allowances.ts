/** What selective isolation leaves reachable in a tenant, besides what each device's own configuration does. */
import { isIP } from 'node:net';
import { ApiError, IsolationAllowance, MAX_ISOLATION_ALLOWANCES } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Transaction } from 'kysely';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';

interface AllowancesDb {
  isolation_allowances: {
    tenant_id: ColumnType<string, string | undefined, never>;
    allow: ColumnType<IsolationAllowance[], string, string>;
  };
}

export type IsolationAllowances = ReturnType<typeof isolationAllowances>;

export function isolationAllowances(state: StateStore) {
  return {
    list: (tenantId: string): Promise<IsolationAllowance[]> =>
      state.tenant<AllowancesDb, IsolationAllowance[]>(tenantId, read),

    async set(tenantId: string, allow: readonly IsolationAllowance[]): Promise<void> {
      await state.tenant<AllowancesDb, void>(tenantId, async (db) => {
        await db
          .insertInto('isolation_allowances')
          .values({ allow: JSON.stringify(allow) })
          .onConflict((conflict) =>
            conflict.column('tenant_id').doUpdateSet({ allow: JSON.stringify(allow) }),
          )
          .execute();
      });
    },
  };
}

async function read(db: Transaction<AllowancesDb>): Promise<IsolationAllowance[]> {
  const row = await db.selectFrom('isolation_allowances').select('allow').executeTakeFirst();
  return row?.allow ?? [];
}

export function isolationAllowanceOperations(allowances: IsolationAllowances): Operation[] {
  const path = '/api/merlon/isolation/allowances';
  const value = Type.Array(IsolationAllowance, { maxItems: MAX_ISOLATION_ALLOWANCES });
  const List = Type.Object({ value });
  return [
    defineOperation({
      name: 'isolationAllowance.list',
      method: 'GET',
      path,
      summary: 'What a device in selective isolation may still reach.',
      role: 'ViewData.SecurityOperations',
      changes: null,
      input: Type.Object({}, { additionalProperties: false }),
      output: List,
      run: async ({ tenantId }) => ({ value: await allowances.list(tenantId) }),
    }),
    defineOperation({
      name: 'isolationAllowance.set',
      method: 'PUT',
      path,
      summary:
        'Say anew what a device in selective isolation may still reach; devices isolated already keep what they were told.',
      // It reaches every device, so whoever sees only some does not write it.
      role: 'PortalSettings.Manage',
      changes: 'isolation allowances',
      lasting: false,
      // Left out: nothing.
      input: Type.Object({ value: Type.Optional(value) }, { additionalProperties: false }),
      output: List,
      async run({ tenantId }, { value: allow = [] }) {
        for (const [i, allowance] of allow.entries()) requireMeaning(allowance, i);
        await allowances.set(tenantId, allow);
        return { value: allow };
      },
    }),
  ];
}

function requireMeaning({ address, protocol, port }: IsolationAllowance, i: number): void {
  const [ip = '', bits] = address.split('/');
  const family = isIP(ip);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))) {
    throw new ApiError(
      'InvalidIpAddress',
      `value[${i}].address is neither an IP address nor a network: ${address}`,
    );
  }
  if (port !== undefined && protocol === undefined)
    throw new ApiError('InvalidInput', `value[${i}] has a port but no protocol.`);
}
