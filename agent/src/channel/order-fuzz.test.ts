/** Whatever comes over the channel, in whatever shape, signed or not: it is carried out only when it is an order, and nothing breaks. */
import { type OrderClaims, orderKinds } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns, mutated } from '../../../tests/support/mutations.ts';
import { orderClaims, TestCommandKey } from '../testing/command-key.ts';
import { parseFrame } from './frames.ts';
import { OrderVerifier } from './order-verifier.ts';

const now = new Date('2026-11-25T10:00:00Z');
const deviceId = 'a'.repeat(40);
const server = new TestCommandKey();
const verifier = new OrderVerifier(server.publicJwk);
const file = { algorithm: 'Sha1', value: 'b'.repeat(40) };
const library = { fileName: 'look.sh', sha256: 'c'.repeat(64), size: 3 };
const goodParams: Record<string, object> = {
  Isolate: { isolationType: 'Selective', allow: [{ address: '10.0.0.0/8', protocol: 'tcp', port: 443 }] },
  Unisolate: {},
  RestrictCodeExecution: {},
  UnrestrictCodeExecution: {},
  RunAntiVirusScan: { scanType: 'Custom', paths: ['/opt'] },
  StopAndQuarantineFile: { file },
  RestoreQuarantinedFile: { file },
  CollectInvestigationPackage: { maxBytes: 1_000 },
  Offboard: {},
  LiveResponse: {
    commands: [
      { index: 0, type: 'PutFile', ...library },
      { index: 1, type: 'RunScript', ...library, args: '-a', timeoutSeconds: 60 },
      { index: 2, type: 'GetFile', path: '/etc/passwd', maxBytes: 100 },
    ],
  },
};
const good = orderKinds.map((kind) =>
  orderClaims({ sub: deviceId, seq: 7, kind, params: goodParams[kind] as OrderClaims['params'] }, now),
);

describe('the parser of orders', () => {
  it.each(good)('takes a good order of kind $kind', async (claims) => {
    const verified = await verifier.order(await server.order(claims, now), { deviceId, now });
    expect(verified).toMatchObject({ ok: true, claims });
  });

  it('answers every damaged order, though the server itself signed it, by yes or by a reason', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(...good.map((claims) => mutated(claims))), async (claims) => {
        const verified = await verifier.order(await server.sign('merlon-order+jwt', claims as object), {
          deviceId,
          now,
        });
        if (!verified.ok) {
          expect(verified.reason).not.toBe('');
          return;
        }
        // What it took is an order for this device, in time, of a kind it knows.
        expect(verified.claims.sub).toBe(deviceId);
        expect(verified.claims.exp * 1000).toBeGreaterThan(now.getTime());
        expect(orderKinds).toContain(verified.claims.kind);
      }),
      { numRuns: fuzzRuns },
    );
  }, 600_000);

  it('takes no text that the server did not sign', async () => {
    const signed = await server.order(good[0] as OrderClaims, now);
    const texts = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.'), maxLength: 300 }),
      fc
        .tuple(fc.nat(signed.length - 1), fc.constantFrom(...'abcXYZ019-_.'))
        .map(([at, char]) => signed.slice(0, at) + char + signed.slice(at + 1)),
      fc.nat(signed.length).map((at) => signed.slice(0, at)),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const verified = await verifier.order(text, { deviceId, now });
        // Base64url has several spellings of its last bits; those that decode to what was signed are the same order.
        if (verified.ok) expect(verified.claims).toEqual(good[0]);
      }),
      { numRuns: fuzzRuns },
    );
  }, 600_000);

  it('answers every frame by what it is or by a reason', () => {
    const frames = [
      { type: 'order', order: 'x.y.z' },
      { type: 'cancel', cancel: 'x.y.z' },
      { type: 'receiptStored', orderId: '00000000-0000-4000-8000-000000000001' },
      { type: 'content', topic: 'indicators', version: 3 },
      { type: 'farewell', reason: 'gone' },
    ];
    const texts = fc.oneof(
      fc.string({ maxLength: 500 }),
      fc.oneof(...frames.map((frame) => mutated(frame))).map((frame) => JSON.stringify(frame) ?? ''),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const frame = parseFrame(text);
        if (typeof frame === 'string') expect(frame).toMatch(/frame/);
        else expect(frame.type).toBeTypeOf('string');
      }),
      { numRuns: fuzzRuns },
    );
  }, 600_000);
});
