import { ToDevice } from '@merlon/contract';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES, parseFrame } from './frames.ts';

const validator = Compile(ToDevice);

describe('parseFrame', () => {
  it.each([
    { type: 'order', order: 'a.b.c' },
    { type: 'receiptStored', orderId: '00000000-0000-0000-0000-000000000000' },
    { type: 'cancel', cancel: 'a.b.c' },
    { type: 'farewell', reason: 'offboarded' },
  ])('takes $type', (frame) => {
    expect(parseFrame(JSON.stringify(frame))).toEqual(frame);
  });

  it.each([
    ['{', /not JSON/],
    ['null', /type none/],
    ['{"type":"reboot"}', /type "reboot"/],
    ['{"type":"order","order":1}', /type "order"/],
    [JSON.stringify({ type: 'order', order: 'x'.repeat(MAX_FRAME_BYTES) }), /longer than/],
  ])('says what is wrong with %.40s', (text, message) => {
    expect(parseFrame(text)).toMatch(message);
  });

  it('answers every text with a frame of the protocol or a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const answer = parseFrame(text);
        return typeof answer === 'string' || validator.Check(answer);
      }),
    );
  });
});
