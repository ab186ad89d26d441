/** Looks into the engine of a server under test: which hunting queries run there now. */

import { join } from 'node:path';
import { connect } from '../../packages/event-store/src/connection.ts';
import { ownConnection } from '../../packages/event-store/src/testing.ts';
import type { TestServer } from './server.ts';
import { eventually } from './wait.ts';

export interface RunningQueries {
  /** Waits until so many run. */
  are(count: number): Promise<void>;
  /** Ends them all, as an operator of the engine would. */
  kill(): Promise<void>;
}

export function runningQueries(server: TestServer): RunningQueries {
  const connection = ownConnection(join(server.home, 'events'));
  const reader = `${connection.database}_reader`;
  const client = connect(connection, connection.writer, { connections: 1 });
  let seen = -1;
  const count = async () => {
    const answer = await client.query({
      query: 'SELECT count() AS n FROM system.processes WHERE user = {reader:String}',
      query_params: { reader },
      format: 'JSONEachRow',
    });
    seen = Number((await answer.json<{ n: string }>())[0]?.n);
    return seen;
  };
  return {
    kill: async () => {
      await client.command({
        query: 'KILL QUERY WHERE user = {reader:String} ASYNC',
        query_params: { reader },
      });
    },
    are: async (wanted) => {
      await eventually(`${wanted} queries run in the engine`, async () => (await count()) === wanted, {
        withinMs: 20_000,
        lastSeen: () => `There were ${seen}.`,
      });
    },
  };
}
