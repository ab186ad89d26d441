/** All SQL of the onboarding feature. */
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Selectable } from 'kysely';

export interface PackagesTable {
  tenant_id: ColumnType<string, string | undefined, never>;
  id: string;
  os: string;
  tool: string;
  tag: string | null;
  server_url: string;
  created_at: Date;
  expires_at: Date;
}

interface OnboardingDb {
  command_keys: { id: number; private_key_pem: string; created_at: Date };
  onboarding_packages: PackagesTable;
}

export type PackageRow = Omit<Selectable<PackagesTable>, 'tenant_id'>;

/** The platform has one command key. */
const COMMAND_KEY_ID = 1;

export function onboardingStore(state: StateStore) {
  return {
    /** The stored command key, or `candidate` if there was none yet. Two servers starting at once end up with the same key. */
    commandKey(candidatePem: string, at: Date): Promise<string> {
      return state.system<OnboardingDb, string>(async (db) => {
        await db
          .insertInto('command_keys')
          .values({ id: COMMAND_KEY_ID, private_key_pem: candidatePem, created_at: at })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const row = await db
          .selectFrom('command_keys')
          .select('private_key_pem')
          .where('id', '=', COMMAND_KEY_ID)
          .executeTakeFirstOrThrow();
        return row.private_key_pem;
      });
    },

    addPackage(tenantId: string, row: PackageRow): Promise<void> {
      return state.tenant<OnboardingDb, void>(tenantId, async (db) => {
        await db.insertInto('onboarding_packages').values(row).execute();
      });
    },

    hasPackage(tenantId: string, id: string): Promise<boolean> {
      return state.tenant<OnboardingDb, boolean>(tenantId, async (db) => {
        const row = await db
          .selectFrom('onboarding_packages')
          .select('id')
          .where('id', '=', id)
          .executeTakeFirst();
        return row !== undefined;
      });
    },
  };
}
