/** One enrolment at work: sensor → spool → sender, and the command channel with its orders. Composes; decides nothing of its own. */
import { join } from 'node:path';
import { type DeviceHealth, nowIso7, type SensorSourceHealth } from '@merlon/contract';
import type { AgentConfig } from './agent-config.ts';
import { messageOf } from './agent-error.ts';
import type { SessionView } from './agent-health.ts';
import type { AgentLog } from './agent-log.ts';
import { Channel } from './channel/channel.ts';
import { type Executors, OrderDesk } from './channel/order-desk.ts';
import { OrderLedger } from './channel/order-ledger.ts';
import { OrderVerifier } from './channel/order-verifier.ts';
import { uploadResult } from './channel/result-upload.ts';
import { type ContentEnforcers, ContentKeeper } from './content/content-keeper.ts';
import { ContentVerifier } from './content/content-verifier.ts';
import { collectInvestigationPackage } from './forensics/investigation-package.ts';
import type { Enforcement } from './guard/enforcement.ts';
import { remediationRow } from './guard/enforcement-rows.ts';
import { refuseWhileRestricted } from './guard/restriction.ts';
import { describeDevice } from './identity/device-description.ts';
import type { DeviceKey } from './identity/device-key.ts';
import type { Enrolled } from './identity/onboarding-state.ts';
import { ServerClock } from './identity/server-clock.ts';
import { runBatch } from './live-response/batch.ts';
import type { Consoles } from './live-response/console/console.ts';
import { consolesOf } from './live-response/console/session-consoles.ts';
import { ImageHashes } from './responder/image-hashes.ts';
import { type Isolation, refuseWhileIsolated } from './responder/isolation.ts';
import { IsolationKeeper } from './responder/isolation-keeper.ts';
import { Quarantine } from './responder/quarantine.ts';
import { Remediation } from './responder/remediation.ts';
import { SeenFiles } from './responder/seen-files.ts';
import { runAntivirusScan } from './scan/antivirus-scan.ts';
import { YaraRules } from './scan/yara-rules.ts';
import type { Sensor, SensorOptions } from './sensor/sensor.ts';
import { ServerAddresses } from './server/server-addresses.ts';
import { ServerLink } from './server/server-link.ts';
import { Sender } from './spool/sender.ts';
import { DEFAULT_SPOOL_BYTES, Spool } from './spool/spool.ts';
import { within } from './time/within.ts';
import { AGENT_VERSION } from './version.ts';

export type CreateSensor = (options: SensorOptions) => Sensor;

export interface SessionOptions {
  readonly home: string;
  readonly config: AgentConfig;
  readonly enrolled: Enrolled;
  readonly key: DeviceKey;
  readonly isolation: Isolation;
  readonly enforcement: Enforcement;
  readonly createSensor: CreateSensor;
  readonly log: AgentLog;
  /** The server sent the device away. Called at most once. */
  readonly dismissed: (reason: string) => void;
  /** An order to offboard was carried out, and the server has the receipt. */
  readonly offboardOrdered: () => void;
}

const HEALTH_EVERY_MS = 60_000;
const LOOK_FOR_CHANGE_MS = 5_000;
const SENSOR_STOP_LIMIT_MS = 10_000;

export class Session {
  readonly #parts: {
    clock: ServerClock;
    link: ServerLink;
    spool: Spool;
    sender: Sender;
    ledger: OrderLedger;
    desk: OrderDesk;
    consoles: Consoles;
    content: ContentKeeper;
    channel: Channel;
    sensor: Sensor;
    keeper: IsolationKeeper;
    remediation: Remediation;
  };
  readonly #options: SessionOptions;
  readonly #spoolMaxBytes: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #sensorFailure: string | null = null;
  #saidHealth = '';
  #dismissed = false;

  private constructor(
    options: SessionOptions,
    parts: { spool: Spool; ledger: OrderLedger; addresses: ServerAddresses },
  ) {
    this.#options = options;
    const { enrolled, key, isolation, enforcement, config, log, home } = options;
    const { spool, ledger, addresses } = parts;
    const { deviceId } = enrolled;
    this.#spoolMaxBytes = config.spool?.maxBytes ?? DEFAULT_SPOOL_BYTES;
    const clock = new ServerClock();
    const link = new ServerLink({
      url: enrolled.server.url,
      caPem: enrolled.server.caPem,
      addresses,
      clock,
      signer: { key, sub: deviceId },
    });
    const dismissed = (reason: string) => this.#dismiss(reason);
    const sender = new Sender({ spool, link, log: log.part('sender'), dismissed });
    const keeper = new IsolationKeeper({ isolation, addresses, config, log: log.part('isolation') });
    const yaraRules = new YaraRules();
    const seen = new SeenFiles();
    const hashes = new ImageHashes((key) => sensor.hashesOf(key));
    const quarantine = new Quarantine({
      home,
      log: log.part('quarantine'),
      now: () => clock.now(),
      hashes,
      seen,
    });
    const remediation = new Remediation({
      quarantine,
      hashes,
      log: log.part('remediation'),
      done: (remedied) => spool.add(remediationRow(remedied, nowIso7(clock.now()))),
    });
    const executors: Executors = {
      Isolate: (order) => keeper.isolate(order, clock.now()),
      Unisolate: () => keeper.release(),
      RestrictCodeExecution: (order) => enforcement.restrict(order, clock.now()),
      UnrestrictCodeExecution: () => enforcement.unrestrict(),
      StopAndQuarantineFile: (order) => quarantine.quarantine(order),
      RestoreQuarantinedFile: (order) => quarantine.restore(order),
      RunAntiVirusScan: (order) =>
        runAntivirusScan(order, {
          home,
          now: () => clock.now(),
          emit: (row) => spool.add(row),
          rules: () => yaraRules.sources,
        }),
      CollectInvestigationPackage: (order) =>
        collectInvestigationPackage(order, {
          home,
          now: () => clock.now(),
          handOver: async (orderId, name, path, signal) => {
            await uploadResult(link, orderId, name, path, signal);
          },
        }),
      LiveResponse: (order) => runBatch({ folder: join(home, 'live-response'), link, clock }, order),
      // Its receipt must be with the server before the device forgets who it was: see `receiptStored`.
      Offboard: async () => {
        refuseWhileIsolated(isolation, false);
        refuseWhileRestricted(enforcement.restrictionWanted, false);
        return { isolation: isolation.kind };
      },
    };
    const enforcers: ContentEnforcers = { indicators: [enforcement], yaraRules: [yaraRules] };
    const content = new ContentKeeper({
      folder: join(home, 'content'),
      deviceId,
      link,
      verifier: new ContentVerifier(enrolled.server.commandKey),
      clock,
      enforcers,
      log: log.part('content'),
      changed: () => this.#sayHealth(),
    });
    const desk = new OrderDesk({
      deviceId,
      key,
      clock,
      ledger,
      verifier: new OrderVerifier(enrolled.server.commandKey),
      executors,
      log: log.part('orders'),
      say: (frame) => {
        channel.say(frame);
        if (frame.type === 'receipt') this.#sayHealth();
      },
    });
    const consoles = consolesOf({
      home,
      enrolled,
      link,
      clock,
      quarantine,
      log: log.part('console'),
      say: (frame) => channel.say(frame),
    });
    const channel = new Channel({
      link,
      log: log.part('channel'),
      hello: async () => ({
        type: 'hello',
        device: describeDevice(Object.keys(executors)),
        lastSeq: ledger.lastSeq,
        health: this.health(),
      }),
      opened: (remoteAddress) => {
        keeper.reached(remoteAddress);
        sender.retryNow();
        desk.connected();
        consoles.connected();
      },
      take: (frame) => {
        switch (frame.type) {
          case 'order':
            return desk.order(frame.order);
          case 'cancel':
            return desk.cancel(frame.cancel);
          case 'receiptStored':
            return this.#receiptStored(frame.orderId);
          case 'content':
            content.announced(frame.topic, frame.version);
            return Promise.resolve();
          case 'live':
            return consoles.input(frame.input);
          case 'liveStored':
            consoles.stored(frame.sessionId, frame.seq);
            return Promise.resolve();
          default:
            throw new Error(`unknown frame ${(frame satisfies never as { type: string }).type}`);
        }
      },
      dismissed,
    });
    const { tag } = enrolled;
    const sensor = options.createSensor({
      emit: (row) => {
        seen.take(row);
        spool.add(tag !== undefined && row.Table === 'DeviceInfo' ? { ...row, RegistryDeviceTag: tag } : row);
      },
      resolved: (address, name, ttlSeconds) => enforcement.resolved(address, name, ttlSeconds),
      log: log.part('sensor'),
      dataDir: home,
      agentVersion: AGENT_VERSION,
    });
    this.#parts = {
      clock,
      link,
      spool,
      sender,
      ledger,
      desk,
      consoles,
      content,
      channel,
      sensor,
      keeper,
      remediation,
    };
  }

  /** The isolation is in force again, and the channel is being opened, when this resolves; the sensor starts meanwhile. */
  static async start(options: SessionOptions): Promise<Session> {
    const { home, enrolled, config, log } = options;
    const addresses = new ServerAddresses({
      url: new URL(enrolled.server.url),
      file: join(home, 'server-addresses.json'),
      resolvers: config.isolation?.resolvers ?? null,
    });
    await addresses.load();
    const spool = await Spool.open({
      dir: join(home, 'spool'),
      deviceId: enrolled.deviceId,
      log: log.part('spool'),
      ...(config.spool?.maxBytes === undefined ? {} : { maxBytes: config.spool.maxBytes }),
    });
    const ledger = await OrderLedger.open(join(home, 'orders.json'));
    const session = new Session(options, { spool, ledger, addresses });
    await session.#begin();
    return session;
  }

  health(): DeviceHealth {
    const { spool } = this.#parts;
    const { batches, bytes, droppedRows, rejectedRows } = spool.stats();
    return {
      at: nowIso7(this.#parts.clock.now()),
      agentVersion: AGENT_VERSION,
      isolation: this.#options.isolation.kind,
      executionRestricted: this.#options.enforcement.executionRestricted,
      ...this.#parts.content.health(),
      sensors: this.#sensors().slice(0, 32),
      spool: { batches, bytes, droppedRows, rejectedRows },
    };
  }

  view(): SessionView {
    const { channel, sender, spool, clock, ledger } = this.#parts;
    return {
      channelState: channel.state,
      channelSince: channel.since,
      channelProblem: channel.problem,
      sendProblem: sender.problem,
      sensors: this.#sensors(),
      spool: spool.stats(),
      spoolMaxBytes: this.#spoolMaxBytes,
      clockOffsetMs: clock.offsetMs,
      lastOrderSeq: ledger.lastSeq,
    };
  }

  /** What the sensor saw is on disk, and the order at hand finished, when this resolves. */
  async stop(): Promise<void> {
    const { sensor, desk, consoles, content, channel, sender, spool, keeper, link } = this.#parts;
    for (const timer of this.#timers) clearInterval(timer);
    keeper.stop();
    this.#options.enforcement.detach();
    await within(SENSOR_STOP_LIMIT_MS, sensor.stop()).catch((error: unknown) =>
      this.#options.log.warn('the sensor did not stop', { error }),
    );
    await Promise.all([desk.stop(), consoles.stop()]);
    await Promise.all([channel.stop(), sender.stop(), content.stop()]);
    await spool.close();
    link.close();
  }

  async #begin(): Promise<void> {
    const { keeper, remediation, content, sender, channel, desk, sensor } = this.#parts;
    await keeper.start(() => channel.state === 'Open');
    this.#options.enforcement.attach({
      report: (row, by) => sensor.report(row, by),
      met: (item, path, putAway) => void remediation.met(item, path, putAway),
      sweep: (items) => void remediation.sweep(items),
    });
    await content.start();
    sender.start();
    channel.start();
    desk.resume();
    this.#offboardIfOrdered();
    sensor.start().catch((error: unknown) => {
      this.#sensorFailure = messageOf(error);
      this.#options.log.error('the sensor could not be started', { error });
    });
    this.#timers.push(
      setInterval(() => this.#sayHealth(), HEALTH_EVERY_MS),
      setInterval(() => {
        if (this.#healthKey() !== this.#saidHealth) this.#sayHealth();
      }, LOOK_FOR_CHANGE_MS),
    );
  }

  #sensors(): SensorSourceHealth[] {
    const guards = this.#options.enforcement.health();
    if (this.#sensorFailure === null) return [...this.#parts.sensor.health(), ...guards];
    const reason = this.#sensorFailure.slice(0, 500);
    return [
      { source: 'sensor', provider: 'none', state: 'Unavailable', reason, events: 0, lost: 0 },
      ...guards,
    ];
  }

  #sayHealth(): void {
    this.#saidHealth = this.#healthKey();
    this.#parts.channel.say({ type: 'health', health: this.health() });
  }

  /** What of the health is worth telling at once: states, not counts of events. */
  #healthKey(): string {
    const { isolation, executionRestricted, sensors, spool } = this.health();
    return JSON.stringify([
      isolation,
      executionRestricted,
      spool.droppedRows > 0,
      sensors.map(({ source, provider, state, reason, lost }) => [source, provider, state, reason, lost > 0]),
    ]);
  }

  async #receiptStored(orderId: string): Promise<void> {
    const { desk, ledger } = this.#parts;
    await desk.receiptStored(orderId);
    if (ledger.find(orderId)?.kind === 'Offboard') this.#offboardIfOrdered();
  }

  /** Also at start: the agent may have been stopped between the receipt and the deed. */
  #offboardIfOrdered(): void {
    if (this.#parts.ledger.hasCarriedOut('Offboard')) this.#options.offboardOrdered();
  }

  #dismiss(reason: string): void {
    if (this.#dismissed) return;
    this.#dismissed = true;
    this.#options.dismissed(reason);
  }
}
