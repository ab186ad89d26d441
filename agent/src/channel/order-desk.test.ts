import { join } from 'node:path';
import { type FromDevice, RECEIPT_TYPE, ReceiptClaims } from '@merlon/contract';
import { compactVerify, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { check } from '../files/check.ts';
import { DeviceKey } from '../identity/device-key.ts';
import { ServerClock } from '../identity/server-clock.ts';
import { orderClaims, TestCommandKey } from '../testing/command-key.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import {
  ExecutionError,
  type ExecutionOrder,
  type Executor,
  type Executors,
  OrderDesk,
} from './order-desk.ts';
import { OrderLedger } from './order-ledger.ts';
import { OrderVerifier } from './order-verifier.ts';

const folder = temporaryFolders();
const deviceId = 'a'.repeat(40);
const server = new TestCommandKey();
const key = DeviceKey.ephemeral();
const startMs = Date.parse('2026-11-24T12:00:00Z');

async function desk(
  options: {
    file?: string;
    execute?: Executor<'Isolate' | 'Unisolate'>;
    more?: Executors;
    nowMs?: () => number;
  } = {},
) {
  const file = options.file ?? join(await folder(), 'orders.json');
  const said: FromDevice[] = [];
  const done: Pick<ExecutionOrder, 'orderId' | 'params'>[] = [];
  const clock = new ServerClock(options.nowMs ?? (() => startMs));
  const ledger = await OrderLedger.open(file);
  const execute: Executor<'Isolate' | 'Unisolate'> =
    options.execute ??
    (async (order) => {
      done.push(order);
      return { rules: 1 };
    });
  const made = new OrderDesk({
    deviceId,
    key,
    clock,
    ledger,
    verifier: new OrderVerifier(server.publicJwk),
    executors: { Isolate: execute, Unisolate: execute, ...options.more },
    log: quietLog(),
    say: (frame) => said.push(frame),
  });
  const give = async (seq: number, more: object = {}) => {
    const claims = orderClaims({ sub: deviceId, seq, ...more }, clock.now());
    await made.order(await server.order(claims, clock.now()));
    return claims;
  };
  return { desk: made, ledger, said, done, give, clock, file };
}

async function receipts(said: FromDevice[]) {
  const found = said.flatMap((frame) => (frame.type === 'receipt' ? [frame.receipt] : []));
  const publicKey = await importJWK(key.publicJwk, 'EdDSA');
  return Promise.all(
    found.map(async (jws) => {
      const { payload, protectedHeader } = await compactVerify(jws, publicKey, { algorithms: ['EdDSA'] });
      expect(protectedHeader.typ).toBe(RECEIPT_TYPE);
      return check(ReceiptClaims, JSON.parse(Buffer.from(payload).toString()), 'receipt');
    }),
  );
}

describe('OrderDesk', () => {
  it('takes, begins, carries out and answers with a signed receipt, again until it is stored', async () => {
    const d = await desk();
    const { jti } = await d.give(3);
    await d.desk.idle();
    expect(d.said.map(({ type }) => type)).toEqual(['started', 'receipt']);
    expect((await receipts(d.said))[0]).toMatchObject({
      orderId: jti,
      sub: deviceId,
      seq: 3,
      outcome: 'Succeeded',
      evidence: { rules: 1 },
    });
    d.desk.connected();
    expect(d.said).toHaveLength(3);
    await d.desk.receiptStored(jti);
    d.desk.connected();
    expect(d.said).toHaveLength(3);
  });

  it('answers a failure with its text and what there is to show', async () => {
    const d = await desk({
      execute: async () => {
        throw new ExecutionError('no nft here', { before: 'None' });
      },
    });
    await d.give(1);
    await d.desk.idle();
    expect(await receipts(d.said)).toMatchObject([
      { outcome: 'Failed', error: 'no nft here', evidence: { before: 'None' } },
    ]);
  });

  it('refuses what is not newer, and spends a sequence once', async () => {
    const d = await desk();
    await d.give(5);
    await d.give(5);
    await d.give(4);
    await d.desk.idle();
    expect(d.done).toHaveLength(1);
    expect(d.said.filter(({ type }) => type === 'refused')).toHaveLength(2);
    expect(d.ledger.lastSeq).toBe(5);
  });

  it('knows a repeated order and carries it out once, without refusing it', async () => {
    const d = await desk();
    const claims = orderClaims({ sub: deviceId, seq: 1 }, d.clock.now());
    for (const iat of [claims.iat, claims.iat + 1])
      await d.desk.order(await server.order({ ...claims, iat }, d.clock.now()));
    await d.desk.idle();
    await d.desk.order(await server.order(claims, d.clock.now()));
    expect(d.done).toHaveLength(1);
    expect(d.said.some(({ type }) => type === 'refused')).toBe(false);
    expect(d.said.filter(({ type }) => type === 'receipt')).toHaveLength(2);
  });

  it('refuses an old id under a new sequence', async () => {
    const d = await desk();
    const { jti } = await d.give(1);
    await d.give(2, { jti });
    await d.desk.idle();
    expect(d.done).toHaveLength(1);
    expect(d.said).toContainEqual(expect.objectContaining({ type: 'refused', orderId: jti }));
  });

  it('has the sequence on disk before it begins', async () => {
    const file = join(await folder(), 'orders.json');
    let onDisk = 0;
    const d = await desk({
      file,
      execute: async () => {
        onDisk = (await OrderLedger.open(file)).lastSeq;
        return {};
      },
    });
    await d.give(9);
    await d.desk.idle();
    expect(onDisk).toBe(9);
  });

  it('carries on after a stop in the middle, and says receipts that were never stored', async () => {
    const file = join(await folder(), 'orders.json');
    const stuck = await desk({ file, execute: () => new Promise(() => undefined) });
    const first = await stuck.give(1);
    const second = await stuck.give(2);
    await expect.poll(() => stuck.said.length).toBe(1);

    const next = await desk({ file });
    next.desk.resume();
    await next.desk.idle();
    expect(next.done.map(({ orderId }) => orderId)).toEqual([first.jti, second.jti]);
    expect((await receipts(next.said)).map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded']);

    const third = await desk({ file });
    third.desk.connected();
    expect(await receipts(third.said)).toHaveLength(2);
  });

  it('does not begin after a restart what expired meanwhile, but finishes what it had begun', async () => {
    const file = join(await folder(), 'orders.json');
    const stuck = await desk({ file, execute: () => new Promise(() => undefined) });
    const begun = await stuck.give(1);
    const waiting = await stuck.give(2);
    await expect.poll(() => stuck.said.length).toBe(1);

    const later = await desk({ file, nowMs: () => startMs + 3_600_000 });
    later.desk.resume();
    await later.desk.idle();
    expect(await receipts(later.said)).toMatchObject([
      { orderId: begun.jti, outcome: 'Succeeded' },
      { orderId: waiting.jti, outcome: 'Failed', error: expect.stringMatching(/expired before/) },
    ]);
  });

  it('cancels what has not begun, and what has not come, and nothing else', async () => {
    let finish = () => {};
    const d = await desk({
      execute: () =>
        new Promise((resolve) => {
          finish = () => resolve({});
        }),
    });
    const cancel = async (id: string) =>
      d.desk.cancel(await server.cancel({ sub: deviceId, cancelledOrderId: id }, d.clock.now()));
    const running = await d.give(1);
    await expect.poll(() => d.said.length).toBe(1);
    const waiting = await d.give(2);
    const unseen = orderClaims({ sub: deviceId, seq: 3 }, d.clock.now());
    await cancel(running.jti);
    await cancel(waiting.jti);
    await cancel(unseen.jti);
    await d.desk.order(await server.order(unseen, d.clock.now()));
    finish();
    await d.desk.idle();
    expect(await receipts(d.said)).toMatchObject([{ orderId: running.jti, outcome: 'Succeeded' }]);
    const refused = d.said.flatMap((frame) => (frame.type === 'refused' ? [frame.orderId] : []));
    expect(refused).toEqual([waiting.jti, unseen.jti]);
  });

  describe('that takes long', () => {
    const scan = { kind: 'RunAntiVirusScan', params: { scanType: 'Quick' } } as const;
    /** Goes on until it is broken off, and tells how often it was begun. */
    function untilBrokenOff() {
      const begun: string[] = [];
      const executor: Executor<'RunAntiVirusScan'> = ({ orderId, signal, progress }) => {
        begun.push(orderId);
        progress({ files: 1 });
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new ExecutionError('broken off', { files: 7 })));
        });
      };
      return { begun, more: { RunAntiVirusScan: executor } };
    }

    it('holds up nothing of another lane, and says how far it is', async () => {
      const { more } = untilBrokenOff();
      const d = await desk({ more });
      const { jti: scanning } = await d.give(1, scan);
      const { jti: isolating } = await d.give(2);
      await expect.poll(async () => (await receipts(d.said)).length).toBe(1);
      expect(await receipts(d.said)).toMatchObject([{ orderId: isolating, outcome: 'Succeeded' }]);
      expect(d.said).toContainEqual({ type: 'progress', orderId: scanning, progress: { files: 1 } });
      await d.desk.stop();
    });

    it('is broken off when it is cancelled, and its receipt says so', async () => {
      const { begun, more } = untilBrokenOff();
      const d = await desk({ more });
      const { jti } = await d.give(1, scan);
      await expect.poll(() => begun.length).toBe(1);
      await d.desk.cancel(await server.cancel({ sub: deviceId, cancelledOrderId: jti }, d.clock.now()));
      await d.desk.idle();
      expect(await receipts(d.said)).toMatchObject([
        { orderId: jti, outcome: 'Cancelled', evidence: { files: 7 } },
      ]);
    });

    it('is broken off when the agent stops, and taken up again', async () => {
      const file = join(await folder(), 'orders.json');
      const first = untilBrokenOff();
      const d = await desk({ file, more: first.more });
      const { jti } = await d.give(1, scan);
      await expect.poll(() => first.begun.length).toBe(1);
      await d.desk.stop();
      expect(await receipts(d.said)).toEqual([]);
      const next = await desk({ file, more: { RunAntiVirusScan: async () => ({ files: 9 }) } });
      next.desk.resume();
      await next.desk.idle();
      expect(await receipts(next.said)).toMatchObject([{ orderId: jti, outcome: 'Succeeded' }]);
    });

    it('does not go on after a restart when it was cancelled before', async () => {
      const file = join(await folder(), 'orders.json');
      const stuck: Executors = { RunAntiVirusScan: () => new Promise(() => undefined) };
      const d = await desk({ file, more: stuck });
      const { jti } = await d.give(1, scan);
      await expect.poll(() => d.said.length).toBe(1);
      await d.desk.cancel(await server.cancel({ sub: deviceId, cancelledOrderId: jti }, d.clock.now()));
      const next = untilBrokenOff();
      const again = await desk({ file, more: next.more });
      again.desk.resume();
      await again.desk.idle();
      expect(next.begun).toEqual([]);
      expect(await receipts(again.said)).toMatchObject([{ orderId: jti, outcome: 'Cancelled' }]);
    });
  });

  it('refuses by name what this device cannot do', async () => {
    const d = await desk();
    const { jti } = await d.give(1, { kind: 'Offboard', params: {} });
    expect(d.said).toEqual([{ type: 'refused', orderId: jti, reason: 'this device cannot do Offboard' }]);
  });

  it("passes over a cancellation that is not the server's", async () => {
    const d = await desk();
    const { jti } = orderClaims({ sub: deviceId, seq: 1 }, d.clock.now());
    const forged = await new TestCommandKey().cancel({ sub: deviceId, cancelledOrderId: jti }, d.clock.now());
    await d.desk.cancel(forged);
    await d.give(1, { jti });
    await d.desk.idle();
    expect(d.done).toHaveLength(1);
  });

  it('remembers a bounded number of orders', async () => {
    const d = await desk();
    for (let seq = 1; seq <= 100; seq += 1) {
      const { jti } = await d.give(seq);
      await d.desk.idle();
      await d.desk.receiptStored(jti);
    }
    const { lastSeq } = await OrderLedger.open(d.file);
    expect(lastSeq).toBe(100);
    expect(d.ledger.openCount).toBe(0);
    const text = JSON.stringify(d.ledger.unstoredReceipts());
    expect(text).toBe('[]');
  });
});
