import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText, decodeRecord, TCP_STATE } from './bpf-records.ts';
import { execRecord, exitRecord, forkRecord, tcpRecord } from './test-samples.ts';

describe('records of the kernel half', () => {
  it('reads an exec: leaf-first names become paths, arguments one line', () => {
    const record = execRecord({
      pid: 77,
      start: 5_000_000_123,
      path: ['true', 'bin', 'usr'],
      cwd: ['work'],
      args: ['/bin/true', 'a b', ''],
    });
    expect(decodeRecord(record, 0, record.length)).toMatchObject({
      kind: 'exec',
      pid: 77,
      start: 5_000_000_123,
      path: '/usr/bin/true',
      cwd: '/work',
      commandLine: '/bin/true a b',
      unlinked: false,
      argumentsCut: false,
      tty: 'pts/3',
      file: { inode: 42, size: 1234, device: 0xfe00000, mtimeSec: 1_700_000_000, mtimeNsec: 5 },
    });
  });

  it('reads the root as the working directory, and a file without a folder', () => {
    const record = execRecord({ path: ['memfd:x', '/'], cwd: [], args: ['x'] });
    expect(decodeRecord(record, 0, record.length)).toMatchObject({ path: '/memfd:x', cwd: '/' });
  });

  it('reads fork, exit and TCP records at an offset', () => {
    const fork = Buffer.concat([Buffer.alloc(8, 0xff), forkRecord({ pid: 9, parentPid: 8, comm: 'bash' })]);
    expect(decodeRecord(fork, 8, fork.length - 8)).toMatchObject({
      kind: 'fork',
      pid: 9,
      parentPid: 8,
      comm: 'bash',
    });
    const exit = exitRecord({ pid: 9, start: 3 });
    expect(decodeRecord(exit, 0, exit.length)).toMatchObject({ kind: 'exit', pid: 9, start: 3 });
    const tcp = tcpRecord({
      family: 10,
      local: Buffer.from('00000000000000000000ffff7f000001', 'hex'),
      remote: Buffer.from('20010db8000000000000000000000001', 'hex'),
      oldState: TCP_STATE.synSent,
      newState: TCP_STATE.established,
    });
    expect(decodeRecord(tcp, 0, tcp.length)).toMatchObject({
      kind: 'tcp',
      family: 6,
      localIp: '127.0.0.1',
      remoteIp: '2001:db8::1',
      localPort: 40000,
      remotePort: 443,
    });
  });

  it('refuses a record whose parts are longer than it', () => {
    const record = execRecord({ path: ['true'], cwd: [], args: ['true'] });
    record.writeUInt32LE(4000, 140);
    expect(decodeRecord(record, 0, record.length)).toBeNull();
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 0, max: 6 }),
        fc.nat(420),
        (bytes, type, size) => {
          const b = Buffer.from(bytes);
          if (b.length >= 4) b.writeUInt32LE(type, 0);
          decodeRecord(b, 0, size);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('addresses', () => {
  it('are the text every other program writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = addressText(bytes, 0, 6);
        if (isIPv4(text))
          expect([...bytes.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        else expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
      }),
    );
    fc.assert(
      // Mostly zeros, where the shortening is.
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 }), (bytes) => {
        const text = addressText(Uint8Array.from(bytes), 0, 6);
        expect(isIPv6(text)).toBe(true);
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
      }),
    );
  });
});
