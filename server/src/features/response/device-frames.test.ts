/** A device may say anything: what it says is taken for what it is, or for nothing, and nothing breaks. */
import { generateKeyPairSync } from 'node:crypto';
import { isStorable, orderKinds, RECEIPT_TYPE } from '@merlon/contract';
import fc from 'fast-check';
import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import { fuzzRuns, mutated } from '../../../../tests/support/mutations.ts';
import { parseFrame } from './device-frames.ts';
import { contradictions, UNTOUCHED } from './device-truth.ts';
import { progressToKeep } from './progress.ts';
import { missingProof } from './proof.ts';
import { readReceipt } from './receipts.ts';

const deviceId = 'a'.repeat(40);
const orderId = '00000000-0000-4000-8000-000000000001';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const health = {
  at: '2026-11-25T10:00:00.0000000Z',
  agentVersion: '0.1.0',
  isolation: 'None',
  executionRestricted: false,
  content: { indicators: 3 },
  sensors: [{ source: 'process', provider: 'ebpf', state: 'Running', events: 1, lost: 0 }],
  spool: { batches: 0, bytes: 0, droppedRows: 0, rejectedRows: 0 },
};
const device = {
  computerName: 'host',
  osPlatform: 'Linux',
  osVersion: '12',
  osArchitecture: '64-bit',
  osProcessor: 'x64',
  agentVersion: '0.1.0',
  carriesOut: ['Isolate'],
};
const frames = [
  { type: 'hello', device, lastSeq: 0, health },
  { type: 'health', health },
  { type: 'started', orderId },
  { type: 'refused', orderId, reason: 'no' },
  {
    type: 'progress',
    orderId,
    progress: { commands: [{ index: 0, commandStatus: 'Completed', errors: [] }] },
  },
  { type: 'receipt', receipt: 'x.y.z' },
];
const receipt = {
  orderId,
  sub: deviceId,
  seq: 1,
  outcome: 'Succeeded',
  startedAt: '2026-11-25T10:00:00.0000000Z',
  finishedAt: '2026-11-25T10:00:01.0000000Z',
  evidence: {
    after: { isolation: 'Full', restricted: true },
    scanType: 'Quick',
    files: 1,
    moved: [{}],
    restored: [{}],
    file: 'package.zip',
    sha256: 'b',
    commands: [{ index: 0, commandStatus: 'Completed', errors: [] }],
  },
};
const paramsOf: Record<string, Record<string, unknown>> = {
  Isolate: { isolationType: 'Full' },
  RunAntiVirusScan: { scanType: 'Quick' },
  LiveResponse: { commands: [{ index: 0, type: 'GetFile', path: '/x', maxBytes: 1 }] },
};

describe('what a device says', () => {
  it.each(frames)('is taken when it is a $type', (frame) => {
    expect(parseFrame(JSON.stringify(frame))).toEqual(frame);
  });

  it('is a frame that can be kept, or nothing', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 500 }),
      fc.oneof(...frames.map((frame) => mutated(frame))).map((frame) => JSON.stringify(frame) ?? ''),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const frame = parseFrame(text);
        if (!frame) return;
        expect(isStorable(frame)).toBe(true);
        if (frame.type === 'health' || frame.type === 'hello') contradictions(UNTOUCHED, frame.health);
      }),
      { numRuns: fuzzRuns },
    );
  }, 600_000);

  it('in a receipt of its own making proves nothing by breaking something', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(receipt), fc.constantFrom(...orderKinds), async (claims, type) => {
        const jws = await new CompactSign(Buffer.from(JSON.stringify(claims) ?? ''))
          .setProtectedHeader({ alg: 'EdDSA', typ: RECEIPT_TYPE })
          .sign(privateKey);
        const read = await readReceipt(jws, publicKey, deviceId);
        if (typeof read === 'string') {
          expect(read).not.toBe('');
          return;
        }
        const params = paramsOf[type] ?? {};
        const missing = missingProof({ type, params }, read.evidence, { results: new Map() });
        if (missing !== null) expect(isStorable(missing)).toBe(true);
        const kept = progressToKeep({ type, params }, read.evidence);
        if (kept !== null) expect(JSON.stringify(kept).length).toBeLessThan(100_000);
      }),
      { numRuns: fuzzRuns },
    );
  }, 600_000);
});
