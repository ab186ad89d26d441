/**
 * All that is enforced on this device until it is told otherwise: indicators of files, addresses and names, and the restriction of what may be executed. Lives as long as the
 * agent, session or not; what it meets is told to the session while there is one.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IndicatorItem, SensorSourceHealth } from '@merlon/contract';
import type { AgentConfig } from '../agent-config.ts';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { ExecutionError, type ExecutionOrder } from '../channel/order-desk.ts';
import { parseScope, resolveScope } from '../sensor/scope.ts';
import type { SensorRow } from '../sensor/sensor.ts';
import { Serial } from '../time/serial.ts';
import { effectOf } from './effect.ts';
import { executionRow, networkHitRow } from './enforcement-rows.ts';
import { ExecutionGuard } from './execution-guard.ts';
import type { ExecutionHit, Guarded } from './guard-protocol.ts';
import { NetworkGuard, type ToldNetworkHit } from './network-guard.ts';
import { Restriction, UNRESTRICTED, type Wanted } from './restriction.ts';

const LOOK_FOR_PACKAGES_MS = 30_000;
const CANARY_LIMIT_MS = 5_000;

/** Where hits go while there is a session. */
export interface EnforcementSink {
  report(row: SensorRow, by: { readonly pid: number; readonly start?: number }): void;
  /** The file of an indicator was met at a path: whoever runs it shall be stopped, and it shall be put away, if so. */
  met(item: IndicatorItem, path: string, putAway: boolean): void;
  /** These are new, and ask that what runs their files be stopped and put away. */
  sweep(items: readonly IndicatorItem[]): void;
}

export interface EnforcementOptions {
  readonly home: string;
  readonly config: AgentConfig;
  readonly log: AgentLog;
}

export class Enforcement {
  readonly #o: EnforcementOptions;
  readonly #oneAtATime = new Serial();
  readonly #execution: ExecutionGuard;
  readonly #network: NetworkGuard;
  readonly #restriction: Restriction;
  readonly #guarded: Guarded;
  /** Indicators of files, by hash. */
  #files: ReadonlyMap<string, IndicatorItem> = new Map();
  #sink: EnforcementSink | null = null;
  #canary: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** What was last put in force. */
  #restricted = false;

  private constructor(options: EnforcementOptions, restriction: Restriction) {
    const { log, config } = options;
    this.#o = options;
    this.#restriction = restriction;
    const scope = parseScope(process.env.MERLON_SENSOR_SCOPE ?? 'system');
    // A sensor that speaks for a part of the machine does not hold up the programs of the rest.
    this.#guarded = config.enforcement?.fileSystems ?? (scope.kind === 'system' ? 'all' : []);
    this.#execution = new ExecutionGuard({ guarded: this.#guarded, log, hit: (hit) => this.#executed(hit) });
    this.#network = new NetworkGuard({ scope: () => resolveScope(scope), log, hit: (hit) => this.#met(hit) });
  }

  /** A wanted restriction is in force when this resolves, or its failure logged. */
  static async open(options: EnforcementOptions): Promise<Enforcement> {
    const enforcement = new Enforcement(options, await Restriction.open(options.home));
    try {
      await enforcement.#guardExecution();
    } catch (error) {
      options.log.error('the restriction that is wanted is not in force', { error });
    }
    enforcement.#timer = setInterval(() => void enforcement.#lookForPackages(), LOOK_FOR_PACKAGES_MS).unref();
    return enforcement;
  }

  /** Until {@link detach}. */
  attach(sink: EnforcementSink): void {
    this.#sink = sink;
  }

  detach(): void {
    this.#sink = null;
  }

  /** In force when it resolves. @throws when files cannot be guarded; what concerns the network is told by {@link health}. */
  async apply(items: readonly IndicatorItem[]): Promise<void> {
    await this.#oneAtATime.run(async () => {
      const before = this.#files;
      this.#files = new Map(items.filter(isFileIndicator).map((item) => [item.value, item]));
      await this.#network.enforce(items);
      await this.#guardExecution();
      const fresh = items.filter(
        (item) => isRemediating(item) && before.get(item.value)?.action !== item.action,
      );
      if (fresh.length > 0) this.#sink?.sweep(fresh);
    });
  }

  /** A name server answered: {@link NetworkGuard.resolved}. */
  resolved(address: string, name: string, ttlSeconds: number): void {
    this.#network.resolved(address, name, ttlSeconds);
  }

  /** In force now. */
  get executionRestricted(): boolean {
    return this.#restricted && this.#execution.running;
  }

  get restrictionWanted(): boolean {
    return this.#restriction.wanted.restricted;
  }

  health(): SensorSourceHealth[] {
    return [this.#execution.health(), this.#network.health()].filter((health) => health !== null);
  }

  restrict(
    { orderId }: Pick<ExecutionOrder<'RestrictCodeExecution'>, 'orderId'>,
    now: Date,
  ): Promise<Record<string, unknown>> {
    return this.#change({ restricted: true, orderId, since: now.toISOString() });
  }

  unrestrict(): Promise<Record<string, unknown>> {
    return this.#change(UNRESTRICTED);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#oneAtATime.run(async () => {
      await Promise.all([this.#execution.stop(), this.#network.stop()]);
    });
  }

  #change(wanted: Wanted): Promise<Record<string, unknown>> {
    return this.#oneAtATime.run(async () => {
      const previous = this.#restriction.wanted;
      const before = { restricted: this.executionRestricted };
      try {
        await this.#restriction.want(wanted);
        await this.#guardExecution();
        const canary = wanted.restricted ? await this.#tryCanary() : 'not tried';
        if (canary === 'ran') throw new Error('a program of no package ran all the same');
        const files = await this.#restriction.files();
        return {
          before,
          after: { restricted: this.executionRestricted },
          packageManager: files?.manager ?? null,
          packages: files?.packages ?? 0,
          filesKnown: files?.list.size ?? 0,
          fileSystemsGuarded: this.#execution.running ? this.#execution.counter('marked') : 0,
          canary,
        };
      } catch (error) {
        await this.#goBack(previous);
        throw new ExecutionError(messageOf(error), { before }, error);
      }
    });
  }

  async #goBack(previous: Wanted): Promise<void> {
    try {
      await this.#restriction.want(previous);
      await this.#guardExecution();
    } catch (error) {
      this.#o.log.error('the restriction before the failed order could not be restored', { error });
    }
  }

  async #guardExecution(): Promise<void> {
    try {
      const files = await this.#restriction.files();
      const indicators = new Map(
        [...this.#files.values()].map(({ value, action }) => [value, effectOf(action)]),
      );
      const nothing = files === null && indicators.size === 0;
      await this.#execution.enforce(nothing ? null : { indicators, restriction: files?.list ?? null });
      this.#restricted = files !== null;
    } catch (error) {
      this.#restricted = false;
      throw error;
    }
  }

  async #lookForPackages(): Promise<void> {
    await this.#oneAtATime.run(async () => {
      try {
        const missing = this.#restriction.wanted.restricted && !this.#restricted;
        if (missing || (await this.#restriction.isStale())) await this.#guardExecution();
      } catch (error) {
        this.#o.log.error('the restriction that is wanted is not in force', { error });
      }
    });
  }

  /** A program that no package brought, started by somebody who is not the agent itself: it must not run. */
  async #tryCanary(): Promise<'denied' | 'ran' | 'not tried'> {
    const path = join(this.#o.home, `self-test-exec-${process.pid}`);
    if (!(await this.#isGuarded(this.#o.home))) return 'not tried';
    try {
      this.#canary = path;
      await copyFile('/bin/true', path);
      await appendFile(path, randomBytes(16));
      const status = await shell('"$1"; exit $?', path);
      return status === 0 ? 'ran' : status === 126 ? 'denied' : 'not tried';
    } finally {
      await rm(path, { force: true });
    }
  }

  async #isGuarded(path: string): Promise<boolean> {
    if (this.#guarded === 'all') return true;
    const { dev } = await stat(path);
    for (const guarded of this.#guarded) {
      const found = await stat(guarded).catch(() => null);
      if (found?.dev === dev) return true;
    }
    return false;
  }

  #executed(hit: ExecutionHit): void {
    if (hit.path === this.#canary) return;
    const item = hit.ground.kind === 'indicator' ? (this.#files.get(hit.ground.value) ?? null) : null;
    // Withdrawn while it was on its way.
    if (item === null && hit.ground.kind === 'indicator') return;
    this.#sink?.report(executionRow(hit, item), { pid: hit.pid });
    if (item === null || hit.outcome === 'observed') return;
    const putAway = isRemediating(item);
    // What was let run unread must not go on running.
    if (putAway || hit.outcome === 'late') this.#sink?.met(item, hit.path, putAway);
  }

  #met(told: ToldNetworkHit): void {
    this.#sink?.report(networkHitRow(told), { pid: told.hit.pid, start: told.hit.start });
  }
}

function isFileIndicator({ type }: IndicatorItem): boolean {
  return type === 'FileSha256' || type === 'FileSha1' || type === 'FileMd5';
}

function isRemediating(item: IndicatorItem): boolean {
  return item.action === 'BlockAndRemediate' && isFileIndicator(item);
}

function shell(script: string, ...args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile('/bin/sh', ['-c', script, 'sh', ...args], { timeout: CANARY_LIMIT_MS });
    child.on('error', () => resolve(-1));
    child.on('exit', (code) => resolve(code ?? -1));
  });
}
