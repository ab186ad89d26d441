import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGap, parseFrame, payloadCrc, writeFrameHead } from './frame.ts';

const names = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter((s) => Buffer.byteLength(s) <= 255);
const records = fc.record({
  stream: names,
  epoch: names,
  seq: fc.maxSafeNat(),
  position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }),
  durable: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  salt: fc.nat(0xffffffff),
});

type Generated = typeof records extends fc.Arbitrary<infer T> ? T : never;

function encode({ salt, payload, ...head }: Generated): Buffer {
  const into = Buffer.alloc(1_000);
  const streamBytes = Buffer.byteLength(head.stream);
  const epochBytes = Buffer.byteLength(head.epoch);
  const at = writeFrameHead(
    into,
    0,
    { ...head, streamBytes, epochBytes },
    payload.length,
    payloadCrc(payload, salt),
  );
  return Buffer.concat([into.subarray(0, at), payload]);
}

describe('frame', () => {
  it('reads back what was written, wherever it lies', () => {
    fc.assert(
      fc.property(records, fc.nat(20), (record, before) => {
        const frame = encode(record);
        const bytes = Buffer.concat([randomBytes(before), frame, randomBytes(7)]);
        const { salt, ...content } = record;
        expect(parseFrame(bytes, before, salt)).toEqual({
          ...content,
          kind: 'record',
          next: record.position + 1,
          size: frame.length,
        });
      }),
    );
  });

  it('is not a frame any more with any one byte changed, and short with any end missing', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, where, change) => {
        const frame = encode(record);
        const at = where % frame.length;
        const changed = Buffer.from(frame);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(['bad', 'short']).toContain(parseFrame(changed, 0, record.salt).kind);
        expect(parseFrame(frame.subarray(0, at), 0, record.salt).kind).toBe('short');
      }),
      { numRuns: 500 },
    );
  });

  it('is not a frame of another log', () => {
    fc.assert(
      fc.property(records, fc.nat(0xffffffff), (record, salt) => {
        fc.pre(salt !== record.salt);
        expect(parseFrame(encode(record), 0, salt)).toEqual({
          kind: 'bad',
          why: 'its checksum does not match',
        });
      }),
    );
  });

  it('survives any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(310), (bytes, at) => {
        expect(['bad', 'short']).toContain(
          parseFrame(Buffer.from(bytes), Math.min(at, bytes.length), 7).kind,
        );
      }),
    );
  });

  it('tells a gap', () => {
    expect(parseFrame(encodeGap(5, 9, 1), 0, 1)).toEqual({
      kind: 'gap',
      position: 5,
      next: 9,
      durable: 5,
      size: 36,
    });
  });
});
