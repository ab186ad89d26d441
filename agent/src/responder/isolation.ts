/**
 * Isolation of this device: what is wanted is on disk before the kernel is asked for it, so it survives a crash, a restart and a reboot; what is in
 * force is read back from the kernel. Only an order changes what is wanted.
 */
import { join } from 'node:path';
import { IsolationAllowance } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import type { AgentConfig } from '../agent-config.ts';
import { AgentError, messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { ExecutionError, type ExecutionOrder } from '../channel/order-desk.ts';
import { readJson, writeJsonDurably } from '../files/durable.ts';
import { Serial } from '../time/serial.ts';
import { IsolationPlan, isolationRuleset, releaseRuleset } from './isolation-plan.ts';
import { type IsolationReading, isolationProblems, readIsolation } from './isolation-reading.ts';
import type { Nft } from './nft.ts';

export type IsolationKind = 'None' | 'Full' | 'Selective';

const Wanted = Type.Object({
  plan: Type.Union([IsolationPlan, Type.Null()]),
  /** The order that asked for it. */
  orderId: Type.String(),
  since: Type.String(),
  /** What the order left reachable, besides what the device's own configuration does. */
  ordered: Type.Array(IsolationAllowance),
});
type Wanted = Static<typeof Wanted>;

const RELEASED: Wanted = { plan: null, orderId: '', since: '', ordered: [] };

/** What an isolation must leave reachable, asked anew at every application. */
export interface Surroundings {
  server(): Promise<{ addresses: string[]; port: number }>;
  /** Empty when the server's name needs no name server. */
  resolvers(): Promise<string[]>;
  /** The agent's own cgroup, or null. */
  cgroup(): Promise<string | null>;
  readonly allow: NonNullable<NonNullable<AgentConfig['isolation']>['allow']>;
}

export type IsolateOrder = Pick<ExecutionOrder<'Isolate'>, 'orderId' | 'params'>;

export interface IsolationOptions {
  readonly home: string;
  readonly nft: Nft;
  readonly log: AgentLog;
}

function isolationFile(home: string): string {
  return join(home, 'isolation.json');
}

export class Isolation {
  readonly #options: IsolationOptions;
  readonly #file: string;
  readonly #oneAtATime = new Serial();
  #wanted: Wanted;
  /** Hash of what we last put in force; null when the kernel has nothing of ours. */
  #appliedSha256: string | null = null;
  #inForce = false;

  private constructor(options: IsolationOptions, wanted: Wanted) {
    this.#options = options;
    this.#file = isolationFile(options.home);
    this.#wanted = wanted;
  }

  static async open(options: IsolationOptions): Promise<Isolation> {
    return new Isolation(options, (await readJson(isolationFile(options.home), Wanted)) ?? RELEASED);
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  /** What is in force, as last read from the kernel. */
  get kind(): IsolationKind {
    return this.#inForce ? (this.#wanted.plan?.kind ?? 'None') : 'None';
  }

  /** Puts in force what is wanted, from the addresses on disk: at boot, before there is a network. False: nothing is wanted. */
  restore(): Promise<boolean> {
    return this.#oneAtATime.run(async () => {
      const { plan } = this.#wanted;
      if (!plan) return false;
      // The cgroup of the plan may be gone, and a rule that names it would not load.
      await this.#enforce({ ...plan, cgroup: null });
      return true;
    });
  }

  /** The same with what surrounds the device now. What cannot be found out now is kept from before. */
  refresh(surroundings: Surroundings): Promise<boolean> {
    return this.#oneAtATime.run(async () => {
      const before = this.#wanted.plan;
      if (!before) return false;
      const plan = await this.#plan(before.kind, surroundings, this.#wanted.ordered, before);
      if (JSON.stringify(plan) !== JSON.stringify(before)) await this.#want({ ...this.#wanted, plan });
      await this.#enforce(plan);
      return true;
    });
  }

  isolate(order: IsolateOrder, surroundings: Surroundings, now: Date): Promise<Record<string, unknown>> {
    return this.#oneAtATime.run(async () => {
      const before = await this.#read();
      const previous = this.#wanted;
      const { isolationType, allow = [] } = order.params;
      const plan = await this.#plan(isolationType, surroundings, allow, null);
      await this.#want({ plan, orderId: order.orderId, since: now.toISOString(), ordered: allow });
      try {
        const applied = await this.#enforce(plan);
        return evidence(plan, before, previous.plan, applied.reading, applied.plan);
      } catch (error) {
        await this.#goBack(previous);
        throw new ExecutionError(messageOf(error), { before: summary(previous.plan, before) }, error);
      }
    });
  }

  release(): Promise<Record<string, unknown>> {
    return this.#oneAtATime.run(async () => {
      const before = await this.#read();
      const previous = this.#wanted;
      await this.#want(RELEASED);
      try {
        await this.#options.nft.apply(releaseRuleset());
        const after = await this.#read();
        if (after) throw new Error('the isolation table is still there after its removal');
        this.#appliedSha256 = null;
        this.#inForce = false;
        return evidence(null, before, previous.plan, null, null);
      } catch (error) {
        await this.#goBack(previous);
        throw new ExecutionError(messageOf(error), { before: summary(previous.plan, before) }, error);
      }
    });
  }

  /** Looks whether what is wanted is still in force, and puts it back if somebody changed it. */
  guard(): Promise<'asWanted' | 'putBack'> {
    return this.#oneAtATime.run(async () => {
      const { plan } = this.#wanted;
      if (!plan) return 'asWanted';
      const reading = await this.#read();
      this.#inForce = reading !== null && isolationProblems(plan, reading).length === 0;
      if (reading !== null && reading.ruleSetSha256 === this.#appliedSha256) return 'asWanted';
      await this.#enforce(plan);
      return 'putBack';
    });
  }

  async #plan(
    kind: 'Full' | 'Selective',
    surroundings: Surroundings,
    ordered: IsolationAllowance[],
    before: IsolationPlan | null,
  ): Promise<IsolationPlan> {
    const server = await surroundings.server().catch((error: unknown) => {
      if (!before) throw error;
      return before.server;
    });
    const addresses = server.addresses.filter((address) => !address.includes('%'));
    if (addresses.length === 0) throw new Error('the server has no address that a rule can name');
    return {
      kind,
      server: { addresses, port: server.port },
      resolvers: await surroundings.resolvers(),
      allow: kind === 'Selective' ? [...surroundings.allow, ...ordered] : [],
      cgroup: await surroundings.cgroup(),
    };
  }

  /** Applies and verifies. Where the kernel cannot tell cgroups apart, without that rule; the plan returned says which. */
  async #enforce(plan: IsolationPlan): Promise<{ plan: IsolationPlan; reading: IsolationReading }> {
    const { nft, log } = this.#options;
    let applied = plan;
    try {
      await nft.apply(isolationRuleset(plan));
    } catch (error) {
      if (plan.cgroup === null) throw error;
      log.warn('the kernel takes no rule by cgroup: any process may reach the server while isolated', {
        error,
      });
      applied = { ...plan, cgroup: null };
      await nft.apply(isolationRuleset(applied));
    }
    const reading = await this.#read();
    const problems = isolationProblems(applied, reading);
    if (problems.length > 0 || !reading) {
      this.#inForce = false;
      throw new Error(`the isolation is not in force after its application: ${problems.join('; ')}`);
    }
    this.#appliedSha256 = reading.ruleSetSha256;
    this.#inForce = true;
    return { plan: applied, reading };
  }

  async #goBack(previous: Wanted): Promise<void> {
    await this.#want(previous);
    try {
      if (previous.plan) await this.#enforce(previous.plan);
      else await this.#options.nft.apply(releaseRuleset());
    } catch (error) {
      this.#options.log.error('the state before the failed order could not be restored', { error });
    }
  }

  async #want(wanted: Wanted): Promise<void> {
    await writeJsonDurably(this.#file, wanted);
    this.#wanted = wanted;
  }

  async #read(): Promise<IsolationReading | null> {
    return readIsolation(await this.#options.nft.listIsolation());
  }
}

/** Only an order releases: an offboarded device can get none, so offboarding an isolated one must be meant. */
export function refuseWhileIsolated(isolation: Isolation, force: boolean): void {
  const { plan } = isolation.wanted;
  if (plan && !force) {
    throw new AgentError(
      `this device is isolated (${plan.kind}). Release it from the server first: once offboarded it takes no order, and stays cut off. --force offboards it all the same`,
    );
  }
}

function evidence(
  plan: IsolationPlan | null,
  before: IsolationReading | null,
  previous: IsolationPlan | null,
  after: IsolationReading | null,
  applied: IsolationPlan | null,
): Record<string, unknown> {
  return {
    ruleSetSha256: after?.ruleSetSha256 ?? null,
    rules: applied ? isolationRuleset(applied).split('\n') : [],
    before: summary(previous, before),
    after: summary(plan, after),
    serverAddresses: plan?.server.addresses ?? [],
    restrictedToCgroup: applied?.cgroup ?? null,
  };
}

function summary(plan: IsolationPlan | null, reading: IsolationReading | null): Record<string, unknown> {
  return {
    isolation: reading ? (plan?.kind ?? 'unknown') : 'None',
    ruleSetSha256: reading?.ruleSetSha256 ?? null,
    chains: reading?.chains ?? [],
  };
}
