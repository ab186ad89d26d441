import { describe, expect, it } from 'vitest';
import { Mmdb, MmdbError, valueAt } from './mmdb.ts';
import { ipv4Bits, ipv6Bits, writeMmdb } from './testing-mmdb.ts';

const place = (name: string) => ({ country: { names: { en: name } }, location: { latitude: -33.5 } });

describe.each([24, 28, 32] as const)('a MaxMind DB file of %i bits a record', (recordBits) => {
  it('gives its networks by address, with their records', () => {
    const file = writeMmdb(
      [
        { bits: ipv4Bits('1.2.3.0/24', 6), record: place('A') },
        { bits: ipv4Bits('200.0.0.0/7', 6), record: place('B') },
        { bits: ipv6Bits('2a03:2880:0:0:0:0:0:0/32'), record: place('C') },
      ],
      { recordBits, ipVersion: 6 },
    );
    const mmdb = new Mmdb(file);
    expect(mmdb.databaseType).toBe('Test-City');
    const found = [...mmdb.networks()].map(({ network, pointer }) => [
      network,
      valueAt(mmdb.record(pointer), 'country', 'names', 'en'),
    ]);
    expect(found).toEqual([
      ['1.2.3.0/24', 'A'],
      ['200.0.0.0/7', 'B'],
      ['2a03:2880:0:0:0:0:0:0/32', 'C'],
    ]);
  });

  it('may know IPv4 alone', () => {
    const mmdb = new Mmdb(
      writeMmdb([{ bits: ipv4Bits('10.0.0.0/8', 4), record: place('A') }], { recordBits, ipVersion: 4 }),
    );
    const [only, ...others] = mmdb.networks();
    expect([only?.network, others]).toEqual(['10.0.0.0/8', []]);
    expect(valueAt(mmdb.record(only?.pointer ?? 0), 'location', 'latitude')).toBe(-33.5);
  });
});

describe('another file', () => {
  it('is refused', () => {
    expect(() => new Mmdb(Buffer.from('GIF89a'))).toThrow(MmdbError);
    const file = writeMmdb([{ bits: '0', record: 'x' }], { recordBits: 24, ipVersion: 4 });
    expect(() => new Mmdb(file.subarray(0, file.length - 10))).toThrow(MmdbError);
    expect(() => new Mmdb(file).record(file.length + 5)).toThrow(MmdbError);
  });

  it('does not make a reader loop', () => {
    const file = writeMmdb([{ bits: '00', record: 'x' }], { recordBits: 24, ipVersion: 4 });
    // The second node leads back to the first.
    file.writeUIntBE(0, 6, 3);
    expect(() => [...new Mmdb(file).networks()]).toThrow(MmdbError);
  });
});
