/** Takes orders and cancellations in, has them carried out one after another, and answers for them with signed receipts. */
import { type FromDevice, nowIso7, type OrderKind, RECEIPT_TYPE, type ReceiptClaims } from '@merlon/contract';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import type { DeviceKey } from '../identity/device-key.ts';
import type { ServerClock } from '../identity/server-clock.ts';
import { Serial } from '../time/serial.ts';
import { type LedgerEntry, MAX_OPEN_ORDERS, type OrderLedger } from './order-ledger.ts';
import { isNewer, type OrderVerifier } from './order-verifier.ts';

export interface ExecutionOrder {
  readonly orderId: string;
  readonly isolationType: 'Full' | 'Selective' | null;
}

/** Carries out one kind of order; may be run again after an interruption. Resolves to the receipt's evidence; throws to fail. */
export type Executor = (order: ExecutionOrder) => Promise<Record<string, unknown>>;

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
  readonly executors: Readonly<Record<OrderKind, Executor>>;
  readonly log: AgentLog;
  /** Says it to the server if it can be reached now. What must arrive is repeated by {@link OrderDesk.connected}. */
  readonly say: (frame: FromDevice) => void;
}

/** Longest `error` in a receipt, and `reason` in a refusal. */
const ERROR_CHARS = 2000;
const REASON_CHARS = 500;

export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #intake = new Serial();
  readonly #work = new Serial();

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Carries on with what was taken before a restart. */
  resume(): void {
    for (const { orderId } of this.#options.ledger.unfinished()) this.#queue(orderId);
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
    return this.#intake.run(() => this.#work.run(async () => undefined));
  }

  async #takeOrder(jws: string): Promise<void> {
    const { verifier, ledger, deviceId, clock, log } = this.#options;
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
    this.#queue(claims.jti);
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
    if (!ledger.find(cancelledOrderId)) await ledger.cancelUnseen(cancelledOrderId);
    else if (await ledger.apply(cancelledOrderId, 'cancel'))
      this.#refuse(cancelledOrderId, 'it was cancelled');
  }

  #queue(orderId: string): void {
    this.#work
      .run(() => this.#carryOut(orderId))
      .catch((error: unknown) => {
        this.#options.log.error('an order stays unfinished until the agent starts again', {
          orderId,
          error,
        });
      });
  }

  async #carryOut(orderId: string): Promise<void> {
    const { ledger, clock, executors, log, say } = this.#options;
    const order = ledger.find(orderId);
    if (!order || order.state === 'Cancelled') return;
    const startedAt = clock.now();
    if (order.state === 'Taken' && order.expiresAt * 1000 <= startedAt.getTime()) {
      return this.#finish(order, startedAt, { error: 'the order expired before the device could begin' });
    }
    if (!(await ledger.apply(orderId, 'begin'))) return;
    say({ type: 'started', orderId });
    try {
      const { isolationType } = order;
      const evidence = await executors[order.kind]({ orderId, isolationType });
      await this.#finish(order, startedAt, { evidence });
    } catch (error) {
      log.error('an order could not be carried out', { orderId, kind: order.kind, error });
      const evidence = error instanceof ExecutionError ? error.evidence : {};
      await this.#finish(order, startedAt, { evidence, error: messageOf(error) });
    }
  }

  async #finish(
    order: LedgerEntry,
    startedAt: Date,
    result: { evidence?: Record<string, unknown>; error?: string },
  ): Promise<void> {
    const { deviceId, key, clock, ledger, say, log } = this.#options;
    const claims: ReceiptClaims = {
      orderId: order.orderId,
      sub: deviceId,
      seq: order.seq,
      outcome: result.error === undefined ? 'Succeeded' : 'Failed',
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
