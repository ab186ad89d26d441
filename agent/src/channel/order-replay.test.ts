/**
 * Whoever stands between server and device holds every order that was ever sent, and may deliver them late, again, in any order, across restarts
 * and to other devices. Whatever he does, no order is carried out twice, after a newer one, after its time, or by whom it was not meant for.
 */
import { join } from 'node:path';
import type { OrderClaims } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceKey } from '../identity/device-key.ts';
import { ServerClock } from '../identity/server-clock.ts';
import { orderClaims, TestCommandKey } from '../testing/command-key.ts';
import { quietLog } from '../testing/quiet-log.ts';
import { temporaryFolders } from '../testing/temporary-folder.ts';
import { OrderDesk } from './order-desk.ts';
import { OrderLedger } from './order-ledger.ts';
import { OrderVerifier } from './order-verifier.ts';

const folder = temporaryFolders();
const server = new TestCommandKey();
const deviceId = 'a'.repeat(40);
const START_MS = Date.parse('2026-11-24T12:00:00Z');
const ORDERS = 8;

interface Recorded {
  readonly jws: string;
  readonly claims: OrderClaims;
}

/** Orders 1, 2, … to this device, and of every second one a twin to another. Each is good for ten minutes from the minute of its sequence. */
async function recordings(): Promise<Recorded[]> {
  const made: Recorded[] = [];
  for (let seq = 1; seq <= ORDERS; seq++) {
    const now = new Date(START_MS + seq * 60_000);
    for (const sub of seq % 2 === 0 ? [deviceId, 'b'.repeat(40)] : [deviceId]) {
      const claims = orderClaims({ sub, seq, kind: seq % 2 === 0 ? 'Unisolate' : 'Isolate' }, now);
      made.push({ claims, jws: await server.order(claims, now) });
    }
  }
  return made;
}

type Move =
  | { readonly kind: 'deliver'; readonly which: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'wait'; readonly minutes: number };

const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat(6) }) },
);

describe('recorded orders', () => {
  it('are carried out once at most, never after a newer one, too late, or for another device', async () => {
    const recorded = await recordings();
    const key = DeviceKey.ephemeral();
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 24 }), async (moves: Move[]) => {
        const file = join(await folder(), 'orders.json');
        let nowMs = START_MS + 60_000;
        const begun: { orderId: string; atMs: number }[] = [];
        const carryOut = async ({ orderId }: { orderId: string }) => {
          begun.push({ orderId, atMs: nowMs });
          return {};
        };
        const open = async () => {
          const desk = new OrderDesk({
            deviceId,
            key,
            clock: new ServerClock(() => nowMs),
            ledger: await OrderLedger.open(file),
            verifier: new OrderVerifier(server.publicJwk),
            executors: { Isolate: carryOut, Unisolate: carryOut },
            log: quietLog(),
            say: () => undefined,
          });
          desk.resume();
          return desk;
        };
        let desk = await open();
        for (const made of moves) {
          if (made.kind === 'deliver') await desk.order(recorded[made.which % recorded.length]?.jws ?? '');
          else {
            // An order that is begun is carried through, whatever the time and whoever restarts.
            await desk.idle();
            if (made.kind === 'wait') nowMs += made.minutes * 60_000;
            else desk = await open();
          }
        }
        await desk.idle();
        const claims = begun.map(({ orderId }) => recorded.find((r) => r.claims.jti === orderId)?.claims);
        const sequences = claims.map((c) => c?.seq ?? 0);
        expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
        expect(claims.every((c) => c?.sub === deviceId)).toBe(true);
        expect(begun.every(({ atMs }, i) => atMs < (claims[i]?.exp ?? 0) * 1000)).toBe(true);
      }),
      { numRuns: 60, seed: 20261125 },
    );
  }, 30_000);

  it('are refused when they come again after the device has forgotten them', async () => {
    const file = join(await folder(), 'orders.json');
    const now = new Date(START_MS);
    const done: string[] = [];
    const refused: string[] = [];
    const carryOut = async ({ orderId }: { orderId: string }) => {
      done.push(orderId);
      return {};
    };
    const desk = new OrderDesk({
      deviceId,
      key: DeviceKey.ephemeral(),
      clock: new ServerClock(() => START_MS),
      ledger: await OrderLedger.open(file),
      verifier: new OrderVerifier(server.publicJwk),
      executors: { Isolate: carryOut, Unisolate: carryOut },
      log: quietLog(),
      say: (frame) => {
        if (frame.type === 'refused') refused.push(frame.reason);
      },
    });
    const first = orderClaims({ sub: deviceId, seq: 1 }, now);
    await desk.order(await server.order(first, now));
    await desk.idle();
    await desk.receiptStored(first.jti);
    for (let seq = 2; seq <= 66; seq++) {
      const claims = orderClaims({ sub: deviceId, seq }, now);
      await desk.order(await server.order(claims, now));
      await desk.idle();
      await desk.receiptStored(claims.jti);
    }
    await desk.order(await server.order(first, now));
    await desk.idle();
    expect(done.filter((id) => id === first.jti)).toHaveLength(1);
    expect(refused).toEqual([expect.stringContaining('its sequence 1 is not newer than 66')]);
  }, 30_000);
});
