/** One connection that LISTENs for all channels, and comes back by itself when it breaks. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { StateStoreLog } from './store.ts';

const RETRY_MS = [100, 500, 1_000, 5_000];
const CHANNEL = /^[a-z_][a-z0-9_]{0,62}$/;

export class Listener {
  readonly #connection: pg.ClientConfig;
  readonly #log: StateStoreLog;
  readonly #handlers = new Map<string, Set<(payload: string) => void>>();
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #closed = false;

  constructor(connection: pg.ClientConfig, log: StateStoreLog) {
    this.#connection = connection;
    this.#log = log;
  }

  async add(channel: string, handler: (payload: string) => void): Promise<() => Promise<void>> {
    if (!CHANNEL.test(channel)) throw new Error(`"${channel}" is not a channel name`);
    const handlers = this.#handlers.get(channel) ?? new Set();
    const first = handlers.size === 0;
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    if (!this.#client) await this.#connect();
    else if (first) await this.#client.query(`listen ${channel}`);
    return async () => {
      handlers.delete(handler);
      if (handlers.size > 0) return;
      this.#handlers.delete(channel);
      await this.#client?.query(`unlisten ${channel}`).catch(() => {});
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => {});
    await this.#connecting?.catch(() => {});
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#tryUntilConnected().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #tryUntilConnected(): Promise<void> {
    for (let attempt = 0; !this.#closed; attempt++) {
      const client = new pg.Client(this.#connection);
      const lost = () => {
        if (this.#client !== client) return;
        this.#client = null;
        if (!this.#closed) void this.#connect();
      };
      client.on('error', lost);
      client.on('end', lost);
      client.on('notification', ({ channel, payload }) => {
        for (const handler of this.#handlers.get(channel) ?? []) handler(payload ?? '');
      });
      try {
        await client.connect();
        for (const channel of this.#handlers.keys()) await client.query(`listen ${channel}`);
        this.#client = client;
        return;
      } catch (error) {
        await client.end().catch(() => {});
        if (attempt === 0) this.#log.warn({ err: error }, 'the notification connection broke; trying again');
        await delay(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 5_000);
      }
    }
  }
}
