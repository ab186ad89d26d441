/**
 * Keeps an isolation livable: the server's addresses pinned while it lasts, looked up again when the channel stays down (the server may have
 * moved), and the rules put back when somebody takes them away.
 */
import { isIP } from 'node:net';
import type { AgentConfig } from '../agent-config.ts';
import type { AgentLog } from '../agent-log.ts';
import { systemNameServers } from '../server/name-servers.ts';
import type { ServerAddresses } from '../server/server-addresses.ts';
import type { IsolateOrder, Isolation, Surroundings } from './isolation.ts';
import { ownCgroup } from './own-cgroup.ts';

const GUARD_EVERY_MS = 15_000;
/** Time without a channel after which the pinned addresses are doubted. */
const DOUBT_AFTER_MS = 30_000;
const MAX_ADDRESSES = 16;

export interface IsolationKeeperOptions {
  readonly isolation: Isolation;
  readonly addresses: ServerAddresses;
  readonly config: AgentConfig;
  readonly log: AgentLog;
}

export class IsolationKeeper {
  readonly #options: IsolationKeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #reachedAddress: string | null = null;
  #lostAt: number | null = null;

  constructor(options: IsolationKeeperOptions) {
    this.#options = options;
  }

  /** Puts a wanted isolation in force with today's surroundings; a failure is logged and tried again. */
  async start(isConnected: () => boolean): Promise<void> {
    await this.#refresh();
    this.#timer = setInterval(() => void this.#watch(isConnected()), GUARD_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The channel opened to this address: it works, and stays allowed. */
  reached(remoteAddress: string | undefined): void {
    const address = remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '');
    if (address !== undefined && isIP(address) !== 0) this.#reachedAddress = address;
  }

  async isolate(order: IsolateOrder, now: Date): Promise<Record<string, unknown>> {
    const { isolation } = this.#options;
    const evidence = await isolation.isolate(order, this.#surroundings(), now);
    this.#pin();
    return evidence;
  }

  async release(): Promise<Record<string, unknown>> {
    const evidence = await this.#options.isolation.release();
    this.#options.addresses.unpin();
    return evidence;
  }

  #pin(): void {
    const { isolation, addresses } = this.#options;
    const { plan } = isolation.wanted;
    if (plan) addresses.pin(plan.server.addresses);
  }

  async #refresh(): Promise<void> {
    const { isolation, log } = this.#options;
    try {
      await isolation.refresh(this.#surroundings());
    } catch (error) {
      log.error('the isolation that is wanted could not be put in force', { error });
    }
    this.#pin();
  }

  async #watch(connected: boolean): Promise<void> {
    const { isolation, log } = this.#options;
    if (!isolation.wanted.plan) return;
    if (connected) this.#lostAt = null;
    else this.#lostAt ??= performance.now();
    if (this.#lostAt !== null && performance.now() - this.#lostAt > DOUBT_AFTER_MS) {
      this.#lostAt = null;
      return this.#refresh();
    }
    try {
      if ((await isolation.guard()) === 'putBack')
        log.error('the isolation had been altered and was put back');
    } catch (error) {
      log.error('the isolation that is wanted is not in force', { error });
    }
  }

  #surroundings(): Surroundings {
    const { addresses, config, isolation } = this.#options;
    return {
      server: async () => {
        const found = await addresses.find();
        const kept = isolation.wanted.plan?.server.addresses ?? [];
        const reached = this.#reachedAddress === null ? [] : [this.#reachedAddress];
        return {
          addresses: [...new Set([...reached, ...found, ...kept])].slice(0, MAX_ADDRESSES),
          port: addresses.port,
        };
      },
      resolvers: async () => {
        if (isIP(addresses.host) !== 0) return [];
        return config.isolation?.resolvers ?? (await systemNameServers());
      },
      cgroup: async () => (config.isolation?.cgroup === 'off' ? null : await ownCgroup()),
      allow: config.isolation?.allow ?? [],
    };
  }
}
