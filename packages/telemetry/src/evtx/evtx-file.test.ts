import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvtx } from './evtx-file.ts';

const RUNS = Number(process.env.MERLON_FUZZ_RUNS ?? 300);
const CHUNK_BYTES = 65_536;
const FILETIME_2025 = 134_000_000_000_000_000n;

/** Bytes of one chunk, written in order; names and the template stand where they are first used. */
class ChunkWriter {
  readonly bytes = Buffer.alloc(CHUNK_BYTES);
  at = 512;

  u8(value: number): void {
    this.at = this.bytes.writeUInt8(value, this.at);
  }
  u16(value: number): void {
    this.at = this.bytes.writeUInt16LE(value, this.at);
  }
  u32(value: number): void {
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }
  utf16(text: string): void {
    this.at += this.bytes.write(text, this.at, 'utf16le');
  }
  name(text: string): void {
    this.u32(this.at + 4);
    this.u32(0);
    this.u16(0);
    this.u16(text.length);
    this.utf16(text);
    this.u16(0);
  }
  open(name: string, attributes: () => void = () => {}, hasAttributes = false): void {
    this.u8(hasAttributes ? 0x41 : 0x01);
    this.u16(0xffff);
    this.u32(0);
    this.name(name);
    if (hasAttributes) this.u32(0);
    attributes();
    this.u8(0x02);
  }
  close(): void {
    this.u8(0x04);
  }
  attribute(name: string, value: () => void): void {
    this.u8(0x06);
    this.name(name);
    value();
  }
  text(value: string): void {
    this.u8(0x05);
    this.u8(0x01);
    this.u16(value.length);
    this.utf16(value);
  }
  substitution(id: number, type: number): void {
    this.u8(0x0e);
    this.u16(id);
    this.u8(type);
  }
}

interface Value {
  readonly type: number;
  readonly bytes: Buffer;
}

/** One record with its template: an event 4624 whose values the record brings. */
function file(): Buffer {
  const w = new ChunkWriter();
  const record = w.at;
  w.u32(0x00002a2a);
  w.at += 4 + 8 + 8;
  w.u8(0x0f);
  w.u8(1);
  w.u8(1);
  w.u8(0);
  w.u8(0x0c);
  w.u8(1);
  w.u32(0x1234);
  w.u32(w.at + 4);
  w.at += 4 + 16;
  const lengthAt = w.at;
  w.at += 4;
  const begin = w.at;
  w.u8(0x0f);
  w.u8(1);
  w.u8(1);
  w.u8(0);
  w.open('Event');
  w.open('System');
  w.open('Provider', () => w.attribute('Name', () => w.text('Microsoft-Windows-Security-Auditing')), true);
  w.close();
  w.open('EventID');
  w.substitution(0, 0x06);
  w.close();
  w.open('TimeCreated', () => w.attribute('SystemTime', () => w.substitution(1, 0x11)), true);
  w.close();
  w.open('EventRecordID');
  w.substitution(2, 0x0a);
  w.close();
  w.open('Channel');
  w.text('Security');
  w.close();
  w.open('Computer');
  w.substitution(3, 0x01);
  w.close();
  w.close();
  w.open('EventData');
  for (const [index, [name, type]] of (
    [
      ['TargetUserSid', 0x13],
      ['TargetLogonId', 0x15],
      ['LogonGuid', 0x0f],
      ['ElevatedToken', 0x0d],
    ] as const
  ).entries()) {
    w.open('Data', () => w.attribute('Name', () => w.text(name)), true);
    w.substitution(4 + index, type);
    w.close();
  }
  w.close();
  w.close();
  w.u8(0x00);
  w.bytes.writeUInt32LE(w.at - begin, lengthAt);
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(FILETIME_2025);
  const values: Value[] = [
    { type: 0x06, bytes: Buffer.from([0x10, 0x12]) },
    { type: 0x11, bytes: time },
    { type: 0x0a, bytes: Buffer.from([77, 0, 0, 0, 0, 0, 0, 0]) },
    { type: 0x01, bytes: Buffer.from('DC1.example', 'utf16le') },
    { type: 0x13, bytes: Buffer.from('01020000000000052000000020020000', 'hex') },
    { type: 0x15, bytes: Buffer.from([0xe7, 3, 0, 0, 0, 0, 0, 0]) },
    { type: 0x0f, bytes: Buffer.from('33221100554477668899aabbccddeeff', 'hex') },
    { type: 0x0d, bytes: Buffer.from([1, 0, 0, 0]) },
  ];
  w.u32(values.length);
  for (const { type, bytes } of values) {
    w.u16(bytes.length);
    w.u8(type);
    w.u8(0);
  }
  for (const { bytes } of values) w.at += bytes.copy(w.bytes, w.at);
  const size = w.at + 4 - record;
  w.bytes.writeUInt32LE(size, record + 4);
  w.u32(size);
  w.bytes.write('ElfChnk\0', 0, 'latin1');
  w.bytes.writeUInt32LE(w.at, 48);
  const header = Buffer.alloc(4096);
  header.write('ElfFile\0', 0, 'latin1');
  return Buffer.concat([header, w.bytes]);
}

describe('an event log file', () => {
  it('gives its events', () => {
    expect([...(readEvtx(file())?.events() ?? [])]).toEqual([
      {
        provider: 'Microsoft-Windows-Security-Auditing',
        channel: 'Security',
        eventId: 4624,
        computer: 'DC1.example',
        time: '2025-08-18T14:13:20.0000000Z',
        recordId: '77',
        data: {
          TargetUserSid: 'S-1-5-32-544',
          TargetLogonId: '0x3e7',
          LogonGuid: '{00112233-4455-6677-8899-aabbccddeeff}',
          ElevatedToken: 'true',
        },
        writer: { process: undefined, user: undefined },
        inserts: null,
        message: null,
      },
    ]);
    expect(readEvtx(Buffer.from('<Event/>'))).toBeNull();
  });

  it('tells what is wrong, and never throws, whatever its bytes', { timeout: 1_800_000 }, () => {
    const whole = file();
    const change = fc.tuple(fc.integer({ min: 8, max: 4096 + 1_800 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 12 }),
        fc.integer({ min: 8, max: 6_000 }),
        (changes, length) => {
          const bytes = Buffer.from(whole.subarray(0, Math.max(length, 4_700)));
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          for (const event of readEvtx(bytes)?.events() ?? [])
            if (typeof event === 'string') expect(event).not.toBe('');
        },
      ),
      { numRuns: RUNS },
    );
  });
});
