/** The device's memory of its orders: one file, replaced whole and synced before any change of it is acted upon. */
import { type OrderContent, type OrderKind, orderKinds, type ReceiptClaims } from '@merlon/contract';
import { decodeJwt } from 'jose';
import { type Static, Type } from 'typebox';
import { readJson, writeJsonDurably } from '../files/durable.ts';
import { Serial } from '../time/serial.ts';
import { nextOrderState, type OrderEvent } from './order-state.ts';
import type { Order } from './order-verifier.ts';

const LedgerEntry = Type.Object({
  orderId: Type.String(),
  seq: Type.Integer(),
  kind: Type.Enum([...orderKinds]),
  /** Those of its kind: checked before the order was taken. */
  params: Type.Record(Type.String(), Type.Unknown()),
  /** Seconds since 1970, by the server's clock. */
  expiresAt: Type.Integer(),
  state: Type.Union([
    Type.Literal('Taken'),
    Type.Literal('Begun'),
    Type.Literal('Finished'),
    Type.Literal('Stored'),
    Type.Literal('Cancelled'),
  ]),
  /** The signed receipt, from Finished on. */
  receipt: Type.Union([Type.String(), Type.Null()]),
});
export type LedgerEntry = Omit<Static<typeof LedgerEntry>, 'kind' | 'params'> & OrderContent;

const Ledger = Type.Object({
  lastSeq: Type.Integer({ minimum: 0 }),
  orders: Type.Array(LedgerEntry),
  /** Orders that may not begin, or not go on: cancelled before they came, or while they were carried out. */
  cancelled: Type.Array(Type.String()),
});
type Ledger = Omit<Static<typeof Ledger>, 'orders'> & { readonly orders: LedgerEntry[] };

/** Orders that are over, and cancellations, remembered. */
const REMEMBERED = 64;
/** Orders not yet over. More are not taken. */
export const MAX_OPEN_ORDERS = 64;

export class OrderLedger {
  readonly #file: string;
  readonly #writing = new Serial();
  #ledger: Ledger;

  private constructor(file: string, ledger: Ledger) {
    this.#file = file;
    this.#ledger = ledger;
  }

  static async open(file: string): Promise<OrderLedger> {
    // Its params are what this file was given when the order was checked.
    const kept = (await readJson(file, Ledger)) as Ledger | null;
    return new OrderLedger(file, kept ?? { lastSeq: 0, orders: [], cancelled: [] });
  }

  /** The newest sequence taken, 0 for none. */
  get lastSeq(): number {
    return this.#ledger.lastSeq;
  }

  find(orderId: string): LedgerEntry | undefined {
    return this.#ledger.orders.find((order) => order.orderId === orderId);
  }

  isCancelled(orderId: string): boolean {
    return this.#ledger.cancelled.includes(orderId) || this.find(orderId)?.state === 'Cancelled';
  }

  /** Orders to be carried out or resumed, in the order in which they were given. */
  unfinished(): LedgerEntry[] {
    return this.#ledger.orders.filter(({ state }) => state === 'Taken' || state === 'Begun');
  }

  /** Whether an order of that kind succeeded, and the server knows. */
  hasCarriedOut(kind: OrderKind): boolean {
    return this.#ledger.orders.some(
      (order) => order.kind === kind && order.state === 'Stored' && succeeded(order.receipt),
    );
  }

  unstoredReceipts(): string[] {
    return this.#ledger.orders.flatMap(({ state, receipt }) =>
      state === 'Finished' && receipt !== null ? [receipt] : [],
    );
  }

  get openCount(): number {
    return this.#ledger.orders.filter(({ state }) => state !== 'Stored' && state !== 'Cancelled').length;
  }

  take({ jti, seq, exp, kind, params }: Order): Promise<void> {
    const entry = { orderId: jti, seq, kind, params, expiresAt: exp, state: 'Taken', receipt: null };
    return this.#change((ledger) => ({
      ...ledger,
      lastSeq: Math.max(ledger.lastSeq, seq),
      orders: [...ledger.orders, entry as LedgerEntry],
    })).then(() => undefined);
  }

  /** False: in its state the event means nothing, and nothing changed. */
  apply(orderId: string, event: OrderEvent, receipt: string | null = null): Promise<boolean> {
    return this.#change((ledger) => {
      const order = ledger.orders.find((o) => o.orderId === orderId);
      const state = order ? nextOrderState(order.state, event) : null;
      if (!order || state === null) return null;
      const changed: LedgerEntry = { ...order, state, receipt: receipt ?? order.receipt };
      return { ...ledger, orders: ledger.orders.map((o) => (o === order ? changed : o)) };
    });
  }

  /** Remembers that this order may not begin should it still come, nor go on should it have begun. */
  async forbid(orderId: string): Promise<void> {
    await this.#change((ledger) =>
      ledger.cancelled.includes(orderId)
        ? null
        : { ...ledger, cancelled: [...ledger.cancelled, orderId].slice(-REMEMBERED) },
    );
  }

  #change(edit: (ledger: Ledger) => Ledger | null): Promise<boolean> {
    return this.#writing.run(async () => {
      const changed = edit(this.#ledger);
      if (!changed) return false;
      const kept = forgetOld(changed);
      await writeJsonDurably(this.#file, kept);
      this.#ledger = kept;
      return true;
    });
  }
}

/** The receipt is our own: it is read, not checked. */
function succeeded(receipt: string | null): boolean {
  return receipt !== null && decodeJwt<ReceiptClaims>(receipt).outcome === 'Succeeded';
}

function forgetOld(ledger: Ledger): Ledger {
  const over = ledger.orders.filter(({ state }) => state === 'Stored' || state === 'Cancelled');
  const forgotten = new Set(over.slice(0, Math.max(0, over.length - REMEMBERED)));
  return { ...ledger, orders: ledger.orders.filter((order) => !forgotten.has(order)) };
}
