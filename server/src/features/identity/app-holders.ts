/**
 * Who holds the credentials of a program: the person who made a secret saw it, and who brought a certificate has its key. An order by the program may
 * be that person's. What the command line makes has no known holder.
 */
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Transaction } from 'kysely';
import type { OperationCaller } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { TOKEN_SECONDS } from './provider.ts';

interface HoldersDatabase {
  app_holders: {
    tenant_id: ColumnType<string, string | undefined, never>;
    credential_id: string;
    client_id: string;
    user_id: string;
    since: Date;
    until: Date;
  };
}
type Db = Transaction<HoldersDatabase>;

export type AppHolders = ReturnType<typeof createAppHolders>;

export function createAppHolders({ state, clock }: { state: StateStore; clock: Clock }) {
  /** Object ids of people in the program's home tenant who could use it at that moment. */
  const at = (clientId: string, moment: Date): Promise<string[]> =>
    state.system<HoldersDatabase, string[]>(async (db) => {
      const rows = await db
        .selectFrom('app_holders')
        .select('user_id')
        .distinct()
        .where('client_id', '=', clientId)
        .where('since', '<=', moment)
        .where('until', '>', moment)
        .execute();
      return rows.map((row) => row.user_id);
    });

  return {
    at,

    /** What a program makes is known to whoever holds that program. */
    async made(
      caller: OperationCaller,
      credential: { id: string; clientId: string; expiresAt: Date },
    ): Promise<void> {
      const since = clock.now();
      const people = caller.program
        ? await at(caller.program.clientId, since)
        : caller.userId === null
          ? []
          : [caller.userId];
      if (people.length === 0) return;
      await state.tenant<HoldersDatabase, unknown>(caller.tenantId, (db: Db) =>
        db
          .insertInto('app_holders')
          .values(
            people.map((user_id) => ({
              credential_id: credential.id,
              client_id: credential.clientId,
              user_id,
              since,
              until: afterTokens(credential.expiresAt),
            })),
          )
          .execute(),
      );
    },

    /** Tokens given for it live on for a while. */
    async removed(tenantId: string, credentialId: string): Promise<void> {
      const until = afterTokens(clock.now());
      await state.tenant<HoldersDatabase, unknown>(tenantId, (db: Db) =>
        db
          .updateTable('app_holders')
          .set({ until })
          .where('credential_id', '=', credentialId)
          .where('until', '>', until)
          .execute(),
      );
    },
  };
}

function afterTokens(end: Date): Date {
  return new Date(end.getTime() + TOKEN_SECONDS * 1_000);
}
