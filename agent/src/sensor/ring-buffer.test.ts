import { describe, expect, it } from 'vitest';
import { RingBuffer } from './ring-buffer.ts';
import type { SystemCalls } from './system-calls.ts';

const PAGE = 4096;
const SIZE = 4096;
const BUSY = 0x80000000;
const DISCARDED = 0x40000000;

/** A writer as the kernel is one: data mapped twice in a row. */
function ring() {
  const consumer = new ArrayBuffer(PAGE);
  const producer = new ArrayBuffer(PAGE + 2 * SIZE);
  const data = Buffer.from(producer, PAGE);
  let written = 0;
  const set = (at: number, bytes: Buffer): void => {
    for (let i = 0; i < bytes.length; i++)
      for (const half of [0, SIZE]) data[((at + i) % SIZE) + half] = bytes[i] ?? 0;
  };
  const unmapped: string[] = [];
  const map: SystemCalls['map'] = (_fd, bytes) => ({
    buffer: bytes === PAGE ? consumer : producer,
    unmap: () => unmapped.push(String(bytes)),
  });
  return {
    buffer: new RingBuffer({ map, pageSize: () => PAGE } as unknown as SystemCalls, 3, SIZE),
    consumed: () => Number(new BigUint64Array(consumer, 0, 1)[0]),
    unmapped,
    write(text: string, flags = 0): number {
      const at = written;
      const record = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8);
      record.writeUInt32LE((text.length | flags) >>> 0, 0);
      record.write(text, 8);
      set(at, record);
      written += record.length;
      new BigUint64Array(producer, 0, 1)[0] = BigInt(written);
      return at;
    },
    finish(at: number, length: number): void {
      const header = Buffer.alloc(4);
      header.writeUInt32LE(length, 0);
      set(at, header);
    },
  };
}

function drain(buffer: RingBuffer): string[] {
  const found: string[] = [];
  buffer.drain((data, at, length) => found.push(data.toString('latin1', at, at + length)));
  return found;
}

describe('ring buffer', () => {
  it('hands out records in order and gives the room back', () => {
    const r = ring();
    r.write('one');
    r.write('three33');
    expect(drain(r.buffer)).toEqual(['one', 'three33']);
    expect(r.consumed()).toBe(32);
    expect(drain(r.buffer)).toEqual([]);
  });

  it('passes over what was given up, and stops at what is still written', () => {
    const r = ring();
    r.write('gone', DISCARDED);
    const at = r.write('slow', BUSY);
    r.write('later');
    expect(drain(r.buffer)).toEqual([]);
    expect(r.consumed()).toBe(16);
    r.finish(at, 4);
    expect(drain(r.buffer)).toEqual(['slow', 'later']);
  });

  it('reads records that wrap around the end, for ever', () => {
    const r = ring();
    for (let i = 0; i < 1000; i++) {
      const text = `${i}`.padEnd(1 + (i % 90), '.');
      r.write(text);
      expect(drain(r.buffer)).toEqual([text]);
    }
    r.buffer.close();
    expect(r.unmapped).toHaveLength(2);
  });
});
