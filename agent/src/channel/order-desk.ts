/** Takes orders and cancellations in, has them carried out lane by lane, and answers for them with signed receipts. */
import {
  type FromDevice,
  interruptibleOrders,
  nowIso7,
  type OrderKind,
  type OrderParams,
  orderLanes,
  RECEIPT_TYPE,
  type ReceiptClaims,
} from '@merlon/contract';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import type { DeviceKey } from '../identity/device-key.ts';
import type { ServerClock } from '../identity/server-clock.ts';
import { Serial } from '../time/serial.ts';
import { type LedgerEntry, MAX_OPEN_ORDERS, type OrderLedger } from './order-ledger.ts';
import { isNewer, type OrderVerifier } from './order-verifier.ts';

export interface ExecutionOrder<K extends OrderKind = OrderKind> {
  readonly orderId: string;
  readonly params: OrderParams<K>;
  /** Aborted when the order was cancelled or the agent stops. What throws after that is the interruption, whatever it says. */
  readonly signal: AbortSignal;
  /** Tells people how far it is. May be lost; never more often than is worth a message. */
  progress(details: Record<string, unknown>): void;
}

/** Carries out one kind of order; may be run again after an interruption. Resolves to the receipt's evidence; throws to fail. */
export type Executor<K extends OrderKind> = (order: ExecutionOrder<K>) => Promise<Record<string, unknown>>;

/** What this device can do. A kind that is missing is refused by name. */
export type Executors = { readonly [K in OrderKind]?: Executor<K> };

/** A failure that still has something to show. */
export class ExecutionError extends Error {
  override readonly name = 'ExecutionError';
  readonly evidence: Record<string, unknown>;

  constructor(message: string, evidence: Record<string, unknown>, cause?: unknown) {
    super(message, { cause });
    this.evidence = evidence;
  }
}

export interface OrderDeskOptions {
  readonly deviceId: string;
  readonly key: DeviceKey;
  readonly clock: ServerClock;
  readonly ledger: OrderLedger;
  readonly verifier: OrderVerifier;
  readonly executors: Executors;
  readonly log: AgentLog;
  /** Says it to the server if it can be reached now. What must arrive is repeated by {@link OrderDesk.connected}. */
  readonly say: (frame: FromDevice) => void;
}

/** Longest `error` in a receipt, and `reason` in a refusal. */
const ERROR_CHARS = 2000;
const REASON_CHARS = 500;
/** Why an order in progress is broken off. */
type Interruption = 'cancelled' | 'stopping';

export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #intake = new Serial();
  readonly #lanes = new Map<string, Serial>();
  readonly #running = new Map<string, AbortController>();
  #stopping = false;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Carries on with what was taken before a restart. */
  resume(): void {
    for (const order of this.#options.ledger.unfinished()) this.#queue(order);
  }

  /** A channel opened: what the server has not confirmed is said again. */
  connected(): void {
    for (const receipt of this.#options.ledger.unstoredReceipts())
      this.#options.say({ type: 'receipt', receipt });
  }

  /** Resolves once the order is on disk or refused, not when it is carried out. */
  order(jws: string): Promise<void> {
    return this.#intake.run(() => this.#takeOrder(jws));
  }

  cancel(jws: string): Promise<void> {
    return this.#intake.run(() => this.#takeCancel(jws));
  }

  async receiptStored(orderId: string): Promise<void> {
    await this.#options.ledger.apply(orderId, 'stored');
  }

  /** Resolves when all that was taken so far is carried out. */
  idle(): Promise<void> {
    return this.#intake.run(async () => {
      await Promise.all([...this.#lanes.values()].map((lane) => lane.run(async () => undefined)));
    });
  }

  /** Finishes what is a matter of moments, and breaks off what is not: that is taken up again by {@link resume}. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const controller of this.#running.values()) controller.abort('stopping' satisfies Interruption);
    await this.idle();
  }

  async #takeOrder(jws: string): Promise<void> {
    const { verifier, ledger, deviceId, clock, executors, log } = this.#options;
    const verified = await verifier.order(jws, { deviceId, now: clock.now() });
    if (!verified.ok) return this.#refuse(verified.orderId, verified.reason);
    const { claims } = verified;
    const known = ledger.find(claims.jti);
    if (known) {
      if (known.seq === claims.seq) return this.#repeat(known);
      return this.#refuse(claims.jti, 'an order of this id was taken before under another sequence');
    }
    if (!isNewer(claims, ledger.lastSeq)) {
      return this.#refuse(
        claims.jti,
        `its sequence ${claims.seq} is not newer than ${ledger.lastSeq}: it was taken before, or is replayed`,
      );
    }
    if (!executors[claims.kind]) return this.#refuse(claims.jti, `this device cannot do ${claims.kind}`);
    if (ledger.openCount >= MAX_OPEN_ORDERS) {
      return this.#refuse(claims.jti, `${MAX_OPEN_ORDERS} orders are open already`);
    }
    const cancelled = ledger.isCancelled(claims.jti);
    await ledger.take(claims);
    if (cancelled) {
      await ledger.apply(claims.jti, 'cancel');
      return this.#refuse(claims.jti, 'it was cancelled before it came');
    }
    log.info('an order was taken', { orderId: claims.jti, kind: claims.kind, seq: claims.seq });
    this.#queue({ orderId: claims.jti, kind: claims.kind });
  }

  /** The server says an order twice when it cannot know whether it was heard. */
  #repeat(order: LedgerEntry): void {
    const { say } = this.#options;
    switch (order.state) {
      case 'Finished':
        if (order.receipt !== null) say({ type: 'receipt', receipt: order.receipt });
        return;
      case 'Begun':
        say({ type: 'started', orderId: order.orderId });
        return;
      case 'Cancelled':
        this.#refuse(order.orderId, 'it was cancelled');
        return;
      case 'Taken':
      case 'Stored':
        return;
      default:
        throw new Error(`unknown order state ${order.state satisfies never as string}`);
    }
  }

  async #takeCancel(jws: string): Promise<void> {
    const { verifier, ledger, deviceId, clock, log } = this.#options;
    const verified = await verifier.cancel(jws, { deviceId, now: clock.now() });
    if (!verified.ok) {
      log.error('a cancellation was refused', { reason: verified.reason });
      return;
    }
    const { cancelledOrderId } = verified.claims;
    const order = ledger.find(cancelledOrderId);
    if (!order) return ledger.forbid(cancelledOrderId);
    if (await ledger.apply(cancelledOrderId, 'cancel')) {
      this.#refuse(cancelledOrderId, 'it was cancelled');
    } else if (order.state === 'Begun' && interruptibleOrders.includes(order.kind)) {
      // On disk first: an agent that is started again in the middle of it must not go on.
      await ledger.forbid(cancelledOrderId);
      this.#running.get(cancelledOrderId)?.abort('cancelled' satisfies Interruption);
    }
  }

  #queue({ orderId, kind }: Pick<LedgerEntry, 'orderId' | 'kind'>): void {
    const name = orderLanes[kind];
    const lane = this.#lanes.get(name) ?? new Serial();
    this.#lanes.set(name, lane);
    lane
      .run(() => this.#carryOut(orderId))
      .catch((error: unknown) => {
        this.#options.log.error('an order stays unfinished until the agent starts again', {
          orderId,
          error,
        });
      });
  }

  async #carryOut(orderId: string): Promise<void> {
    const { ledger, clock, log, say } = this.#options;
    const order = ledger.find(orderId);
    if (!order || order.state === 'Cancelled' || this.#stopping) return;
    const startedAt = clock.now();
    if (order.state === 'Taken' && order.expiresAt * 1000 <= startedAt.getTime()) {
      return this.#finish(order, startedAt, {
        outcome: 'Failed',
        error: 'the order expired before the device could begin',
      });
    }
    if (order.state === 'Begun' && ledger.isCancelled(orderId)) {
      return this.#finish(order, startedAt, { outcome: 'Cancelled' });
    }
    if (!(await ledger.apply(orderId, 'begin'))) return;
    say({ type: 'started', orderId });
    const controller = new AbortController();
    this.#running.set(orderId, controller);
    try {
      const evidence = await this.#execute(order, controller.signal);
      await this.#finish(order, startedAt, { outcome: 'Succeeded', evidence });
    } catch (error) {
      const interruption: Interruption | undefined = controller.signal.reason;
      if (interruption === 'stopping') {
        log.info('an order was broken off, to be taken up again', { orderId, kind: order.kind });
        return;
      }
      const evidence = error instanceof ExecutionError ? error.evidence : {};
      if (interruption === 'cancelled') {
        return await this.#finish(order, startedAt, { outcome: 'Cancelled', evidence });
      }
      log.error('an order could not be carried out', { orderId, kind: order.kind, error });
      await this.#finish(order, startedAt, { outcome: 'Failed', evidence, error: messageOf(error) });
    } finally {
      this.#running.delete(orderId);
    }
  }

  #execute<K extends OrderKind>(
    { orderId, kind, params }: { orderId: string; kind: K; params: OrderParams<K> },
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const { executors, say } = this.#options;
    const executor: Executor<K> | undefined = executors[kind];
    // The agent was replaced between taking the order and carrying it out.
    if (!executor) throw new Error(`this device cannot do ${kind}`);
    return executor({
      orderId,
      params,
      signal,
      progress: (progress) => say({ type: 'progress', orderId, progress }),
    });
  }

  async #finish(
    order: LedgerEntry,
    startedAt: Date,
    result: { outcome: ReceiptClaims['outcome']; evidence?: Record<string, unknown>; error?: string },
  ): Promise<void> {
    const { deviceId, key, clock, ledger, say, log } = this.#options;
    const claims: ReceiptClaims = {
      orderId: order.orderId,
      sub: deviceId,
      seq: order.seq,
      outcome: result.outcome,
      startedAt: nowIso7(startedAt),
      finishedAt: nowIso7(clock.now()),
      evidence: result.evidence ?? {},
      ...(result.error === undefined ? {} : { error: result.error.slice(0, ERROR_CHARS) }),
    };
    const receipt = key.sign(RECEIPT_TYPE, claims);
    await ledger.apply(order.orderId, 'done', receipt);
    log.info('an order is finished', { orderId: order.orderId, kind: order.kind, outcome: claims.outcome });
    say({ type: 'receipt', receipt });
  }

  #refuse(orderId: string, reason: string): void {
    this.#options.log.error('an order was refused', { orderId, reason });
    this.#options.say({ type: 'refused', orderId, reason: reason.slice(0, REASON_CHARS) });
  }
}
