import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFanotify, FAN, type FanotifyEvent } from './fanotify-records.ts';

function info(type: number, handle: string, name: string | null): Buffer {
  const h = Buffer.from(handle);
  const text = name === null ? Buffer.alloc(0) : Buffer.from(`${name}\0`);
  const size = Math.ceil((20 + h.length + text.length) / 4) * 4;
  const b = Buffer.alloc(size);
  b[0] = type;
  b.writeUInt16LE(size, 2);
  b.write('fsidfsid', 4);
  b.writeUInt32LE(h.length, 12);
  b.writeInt32LE(1, 16);
  h.copy(b, 20);
  text.copy(b, 20 + h.length);
  return b;
}

function event(mask: number, pid: number, infos: Buffer[]): Buffer {
  const body = Buffer.concat(infos);
  const b = Buffer.alloc(24);
  b.writeUInt32LE(24 + body.length, 0);
  b[4] = 3;
  b.writeUInt16LE(24, 6);
  b.writeUInt32LE(mask, 8);
  b.writeInt32LE(-1, 16);
  b.writeInt32LE(pid, 20);
  return Buffer.concat([b, body]);
}

function decode(bytes: Buffer): FanotifyEvent[] {
  const events: FanotifyEvent[] = [];
  expect(decodeFanotify(bytes, bytes.length, (e) => events.push(e))).toBe(0);
  return events;
}

describe('fanotify events', () => {
  it('name a folder by handle and a file in it', () => {
    const [created, renamed] = decode(
      Buffer.concat([
        event(FAN.create | FAN.closeWrite, 12, [info(2, 'folder01', 'new.txt'), info(1, 'file0001', null)]),
        event(FAN.rename, 13, [info(10, 'folder01', 'old'), info(12, 'folder02', 'new')]),
      ]),
    );
    expect(created).toMatchObject({ mask: 0x108, pid: 12, oldEntry: null });
    expect(created?.entry).toMatchObject({ fsid: Buffer.from('fsidfsid').toString('hex'), name: 'new.txt' });
    // The header that open_by_handle_at(2) wants goes with the handle.
    expect(created?.entry?.handle.subarray(8).toString()).toBe('folder01');
    expect(created?.target?.subarray(8).toString()).toBe('file0001');
    expect(renamed?.oldEntry?.name).toBe('old');
    expect(renamed?.entry?.name).toBe('new');
  });

  it('tells how many it could not read', () => {
    const bytes = event(FAN.create, 1, [info(2, 'folder01', 'x')]);
    bytes[4] = 2;
    expect(decodeFanotify(bytes, bytes.length, () => {})).toBe(1);
    expect(decodeFanotify(bytes.subarray(0, 10), 10, () => {})).toBe(1);
  });

  it('never throws or hangs, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(60), (bytes, size) => {
        const b = Buffer.from(bytes);
        if (b.length >= 28) {
          b.writeUInt32LE(size, 0);
          b[4] = 3;
          b.writeUInt16LE(24, 6);
        }
        decodeFanotify(b, b.length, () => {});
      }),
      { numRuns: 2000 },
    );
  });
});
