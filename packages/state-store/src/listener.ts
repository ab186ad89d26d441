/**
 * One connection that LISTENs for all channels.
 *
 *   idle ──first listen──▶ connecting ──▶ listening ──lost──▶ connecting (again and again, with back-off) …
 *     └──────────────── close() from any state ────▶ closed
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { StateStoreLog } from './store.ts';

type Handler = (payload: string) => void;

const RETRY_MS = [100, 500, 1_000, 5_000];
const CHANNEL = /^[a-z_][a-z0-9_]{0,62}$/;

export class Listener {
  readonly #connection: pg.ClientConfig;
  readonly #log: StateStoreLog;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #closing = new AbortController();
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;

  constructor(connection: pg.ClientConfig, log: StateStoreLog) {
    this.#connection = { ...connection, keepAlive: true };
    this.#log = log;
  }

  /** Resolves once every later notification will be heard. */
  async add(channel: string, handler: Handler): Promise<() => Promise<void>> {
    if (!CHANNEL.test(channel)) throw new RangeError(`"${channel}" is not a channel name`);
    if (this.#closing.signal.aborted) throw new Error('the state store is closed');
    const handlers = this.#handlers.get(channel) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    await this.#listenTo(channel);
    return async () => {
      handlers.delete(handler);
      if (handlers.size > 0 || this.#handlers.get(channel) !== handlers) return;
      this.#handlers.delete(channel);
      await this.#client?.query(`unlisten ${channel}`).catch(() => {});
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#connecting;
    await this.#client?.end().catch(() => {});
  }

  async #listenTo(channel: string): Promise<void> {
    for (;;) {
      await this.#connected();
      const client = this.#client;
      if (!client) throw new Error('the state store is closed');
      try {
        // Once more for a channel that is listened to already does nothing.
        await client.query(`listen ${channel}`);
        return;
      } catch (error) {
        // Lost just now: the next connection is asked.
        if (client === this.#client) throw error;
      }
    }
  }

  async #connected(): Promise<void> {
    if (this.#client) return;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    await this.#connecting;
  }

  /** Resolves with a connection that listens to every channel there is, or without one when closed. */
  async #connect(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const client = new pg.Client(this.#connection);
      let lost = false;
      const onLost = () => {
        lost = true;
        if (this.#client !== client) return;
        this.#client = null;
        if (!signal.aborted) void this.#connected();
      };
      client.on('error', onLost);
      client.on('end', onLost);
      client.on('notification', ({ channel, payload }) => this.hear(channel, payload ?? ''));
      try {
        await client.connect();
        for (const channel of this.#handlers.keys()) await client.query(`listen ${channel}`);
        if (lost) continue;
        this.#client = client;
        return;
      } catch (error) {
        await client.end().catch(() => {});
        if (attempt === 0) this.#log.warn({ err: error }, 'the notification connection broke; trying again');
        await delay(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Tells whoever listens on this server. */
  hear(channel: string, payload: string): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      try {
        handler(payload);
      } catch (error) {
        this.#log.error({ err: error, channel }, 'what was to be done on a notification failed');
      }
    }
  }
}
