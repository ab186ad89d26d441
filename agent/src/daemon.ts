/**
 * The agent as a service.
 *
 *   Idle ──onboarded──▶ Active ──sent away by the server──▶ Dismissed
 *    ▲                   │  ▲                                 │   │
 *    ├────offboarded─────┘  └──────────after an hour──────────┘   │
 *    └──────────────────────────offboarded────────────────────────┘
 *
 * Idle waits for `merlon-agent onboard`. A device is offboarded by its own command line, or by an order of the server. Dismissed sends nothing and sees nothing, but asks again now and then: the dismissal is not signed, and a
 * server restored from a backup may take it back. In every state a wanted isolation stays in force.
 */
import { join } from 'node:path';
import { type AgentConfig, readAgentConfig } from './agent-config.ts';
import { AgentError } from './agent-error.ts';
import { type AgentHealth, agentHealth } from './agent-health.ts';
import { type AgentLog, createLog } from './agent-log.ts';
import { unpackAssets } from './assets.ts';
import type { ControlRequest } from './control/control-protocol.ts';
import { openControlServer } from './control/control-server.ts';
import { takeExclusive } from './control/exclusive.ts';
import { makePrivateFolder } from './files/durable.ts';
import { Enforcement } from './guard/enforcement.ts';
import { refuseWhileRestricted } from './guard/restriction.ts';
import { DeviceKey } from './identity/device-key.ts';
import { type Onboarding, OnboardingStore } from './identity/onboarding-state.ts';
import { Isolation, refuseWhileIsolated } from './responder/isolation.ts';
import { nftCommand } from './responder/nft.ts';
import { createLinuxSensor } from './sensor/sensor.ts';
import { serviceNotifier } from './service-notify.ts';
import { type CreateSensor, Session } from './session.ts';
import type { Settings } from './settings.ts';
import { Serial } from './time/serial.ts';
import { AGENT_VERSION } from './version.ts';

const ASK_AGAIN_MS = 3_600_000;
const GUARD_WITHOUT_SESSION_MS = 15_000;
const STAY_ALIVE_MS = 3_600_000;

export interface DaemonOptions {
  readonly settings: Settings;
  /** Default: the Linux sensor. */
  readonly createSensor?: CreateSensor;
}

/** Runs until SIGTERM or SIGINT. @throws AgentError when it cannot start. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { settings } = options;
  await makePrivateFolder(settings.home);
  const release = await takeExclusive(settings.home, 'daemon');
  // What a sensor waits for while it stops need not keep Node alive by itself, and Node must not end before the spool is closed.
  const alive = setInterval(() => undefined, STAY_ALIVE_MS);
  try {
    await unpackAssets(join(settings.home, 'runtime'));
    await serve(options, createLog({ level: settings.logLevel }));
  } finally {
    clearInterval(alive);
    await release();
  }
}

async function serve(options: DaemonOptions, log: AgentLog): Promise<void> {
  const { settings, createSensor = createLinuxSensor } = options;
  const stopped = new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
  const notifier = await serviceNotifier(process.env, log);
  const config = await readAgentConfig(settings.configDir);
  const daemon = await Daemon.start({ settings, createSensor, log, config });
  const control = await openControlServer({
    path: settings.controlSocket,
    log: log.part('control'),
    answer: (request) => daemon.answer(request),
  }).catch(async (error: unknown) => {
    await daemon.stop();
    throw error;
  });
  notifier.ready(daemon.state);
  log.info('merlon-agent runs', { version: AGENT_VERSION, state: daemon.state, home: settings.home });
  const signal = await stopped;
  log.info('merlon-agent stops', { signal });
  notifier.stopping();
  await control.close();
  await daemon.stop();
}

type State =
  | { readonly kind: 'Idle' }
  | { readonly kind: 'Active'; readonly session: Session }
  | { readonly kind: 'Dismissed'; readonly reason: string; readonly askAgain: NodeJS.Timeout };

interface Parts {
  readonly settings: Settings;
  readonly createSensor: CreateSensor;
  readonly log: AgentLog;
  readonly config: AgentConfig;
}

class Daemon {
  readonly #parts: Parts;
  readonly #store: OnboardingStore;
  readonly #isolation: Isolation;
  readonly #enforcement: Enforcement;
  readonly #changes = new Serial();
  readonly #guard: NodeJS.Timeout;
  #state: State = { kind: 'Idle' };
  #onboarding: Onboarding = { state: 'NotOnboarded' };

  private constructor(parts: Parts, isolation: Isolation, enforcement: Enforcement) {
    this.#parts = parts;
    this.#store = new OnboardingStore(parts.settings.home);
    this.#isolation = isolation;
    this.#enforcement = enforcement;
    this.#guard = setInterval(() => void this.#guardWithoutSession(), GUARD_WITHOUT_SESSION_MS);
  }

  static async start(parts: Parts): Promise<Daemon> {
    const { settings, log } = parts;
    const isolation = await Isolation.open({
      home: settings.home,
      nft: nftCommand(),
      log: log.part('isolation'),
    });
    const enforcement = await Enforcement.open({
      home: settings.home,
      config: parts.config,
      log: log.part('enforcement'),
    });
    const daemon = new Daemon(parts, isolation, enforcement);
    try {
      await isolation.restore();
    } catch (error) {
      // Reported in health, and tried again; stopping here would leave the device without an agent too.
      log.error('the isolation that is wanted could not be put in force', { error });
    }
    await daemon.#changes
      .run(() => daemon.#wake())
      .catch((error: unknown) => {
        clearInterval(daemon.#guard);
        throw error;
      });
    return daemon;
  }

  get state(): string {
    return this.#state.kind;
  }

  async answer(request: ControlRequest): Promise<unknown> {
    switch (request.verb) {
      case 'health':
        return this.#health();
      case 'reload':
        await this.#changes.run(async () => {
          await this.#sleep();
          await this.#wake();
        });
        return { state: this.state };
      case 'offboard':
        return this.#changes.run(() => this.#offboard(request.force));
      default:
        throw new Error(`unknown request ${(request satisfies never as { verb: string }).verb}`);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#guard);
    await this.#changes.run(() => this.#sleep());
    await this.#enforcement.stop();
  }

  /** Starts a session if the device is enrolled. */
  async #wake(): Promise<void> {
    const { settings, config, createSensor, log } = this.#parts;
    this.#onboarding = await this.#store.read();
    if (this.#onboarding.state !== 'Enrolled') return;
    const key = await DeviceKey.load(this.#store.keyPath);
    if (!key) {
      throw new AgentError(`${this.#store.keyPath} is missing: offboard this device and onboard it again`);
    }
    const session = await Session.start({
      home: settings.home,
      config,
      enrolled: this.#onboarding,
      key,
      isolation: this.#isolation,
      enforcement: this.#enforcement,
      createSensor,
      log,
      dismissed: (reason) => this.#later(() => this.#dismiss(session, reason)),
      offboardOrdered: () => this.#later(() => this.#offboardByOrder(session)),
    });
    this.#state = { kind: 'Active', session };
  }

  async #sleep(): Promise<void> {
    const before = this.#state;
    this.#state = { kind: 'Idle' };
    if (before.kind === 'Active') await before.session.stop();
    if (before.kind === 'Dismissed') clearTimeout(before.askAgain);
  }

  async #dismiss(session: Session, reason: string): Promise<void> {
    if (this.#state.kind !== 'Active' || this.#state.session !== session) return;
    this.#parts.log.error('the server sent this device away: nothing is recorded or sent', { reason });
    await session.stop();
    const askAgain = setTimeout(() => {
      this.#later(async () => {
        if (this.#state.kind !== 'Dismissed') return;
        this.#state = { kind: 'Idle' };
        await this.#wake();
      });
    }, ASK_AGAIN_MS);
    this.#state = { kind: 'Dismissed', reason, askAgain };
  }

  async #offboardByOrder(session: Session): Promise<void> {
    if (this.#state.kind !== 'Active' || this.#state.session !== session) return;
    await this.#offboard(false);
  }

  #later(change: () => Promise<void>): void {
    this.#changes.run(change).catch((error: unknown) => {
      this.#parts.log.error('the agent could not change its state', { error });
    });
  }

  async #offboard(force: boolean): Promise<unknown> {
    const { log } = this.#parts;
    const before = await this.#store.read();
    if (before.state !== 'Enrolled') throw new AgentError('this device is not onboarded');
    refuseWhileIsolated(this.#isolation, force);
    refuseWhileRestricted(this.#enforcement.restrictionWanted, force);
    await this.#sleep();
    // What that server wanted enforced is over with it.
    await this.#enforcement.apply([]);
    await this.#store.offboarded(before, new Date().toISOString());
    this.#onboarding = await this.#store.read();
    log.warn('this device was offboarded', { deviceId: before.deviceId, isolation: this.#isolation.kind });
    return { deviceId: before.deviceId, isolated: this.#isolation.wanted.plan !== null };
  }

  #health(): AgentHealth {
    const { session } = this.#state.kind === 'Active' ? this.#state : { session: null };
    const onboarding = this.#onboarding;
    return agentHealth({
      version: AGENT_VERSION,
      onboarding: onboarding.state,
      tenantId: onboarding.state === 'NotOnboarded' ? null : onboarding.tenantId,
      deviceId: 'deviceId' in onboarding ? onboarding.deviceId : null,
      serverUrl: 'server' in onboarding ? onboarding.server.url : null,
      tag: ('tag' in onboarding ? onboarding.tag : null) ?? null,
      isolation: this.#isolation.kind,
      isolationWanted: this.#isolation.wanted.plan?.kind ?? 'None',
      executionRestricted: this.#enforcement.executionRestricted,
      executionRestrictionWanted: this.#enforcement.restrictionWanted,
      dismissed: this.#state.kind === 'Dismissed' ? this.#state.reason : null,
      session: session?.view() ?? null,
    });
  }

  /** A session guards it with more knowledge; without one it is guarded here. */
  async #guardWithoutSession(): Promise<void> {
    if (this.#state.kind === 'Active') return;
    try {
      if ((await this.#isolation.guard()) === 'putBack') {
        this.#parts.log.error('the isolation had been altered and was put back');
      }
    } catch (error) {
      this.#parts.log.error('the isolation that is wanted is not in force', { error });
    }
  }
}
