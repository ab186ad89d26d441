/** "You can only run up to 25 concurrently running sessions": batches and consoles of a tenant together. */
import { ApiError } from '@merlon/contract';
import { sql, type Transaction } from 'kysely';

const MOST = 25;
const RETRY_S = 30;
/** A batch that waits for a device that is away runs no session; one ordered this shortly ago is about to. */
const ABOUT_TO_RUN = '1 minute';

export interface SessionLimit {
  /** In the transaction that makes one more, once it is made: the tenants's sessions are counted one at a time. @throws ApiError TooManyRequests */
  // biome-ignore lint/suspicious/noExplicitAny: any feature's transaction will do; only its connection is used
  require(db: Transaction<any>): Promise<void>;
}

export const sessionLimit: SessionLimit = {
  async require(db) {
    await sql`select pg_advisory_xact_lock(hashtext('liveResponse' || current_setting('merlon.tenant')))`.execute(
      db,
    );
    const { rows } = await sql<{ running: string }>`
      select (select count(*) from machine_actions where type = 'LiveResponse'
          and (status = 'InProgress' or (status = 'Pending' and approval is distinct from 'Required'
            and created_at > now() - ${sql.lit(ABOUT_TO_RUN)}::interval)))
        + (select count(*) from live_sessions where state in ('Connecting', 'Connected')) as running`.execute(
      db,
    );
    if (Number(rows[0]?.running) > MOST)
      throw new ApiError('TooManyRequests', `At most ${MOST} live response sessions run at once.`, {
        retryAfterSeconds: RETRY_S,
      });
  },
};
