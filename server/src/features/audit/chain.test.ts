import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChainCheck,
  type ChainedRecord,
  type ChainHead,
  canonical,
  genesis,
  type Seal,
  sealOf,
} from './chain.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';

function record(id: number): ChainedRecord {
  return {
    tenantId,
    id: String(id),
    time: '2026-11-25T10:00:00.000Z',
    actorKind: 'user',
    actorId: 'u1',
    actorName: 'ann@contoso.example',
    appId: null,
    action: 'machine.isolate',
    targetKind: 'machine',
    targetId: 'd1',
    outcome: 'success',
    details: { b: 1, a: [true, null] },
    sourceIp: '192.0.2.1',
    correlationId: null,
  };
}

function chainOf(records: readonly ChainedRecord[]): Seal[] {
  let hash = genesis(tenantId);
  return records.map((one, index) => {
    hash = sealOf(hash, index + 1, one);
    return { position: index + 1, recordId: one.id, hash };
  });
}

function check(
  seals: readonly Seal[],
  records: readonly (ChainedRecord | null)[],
  known: ChainHead | null = null,
) {
  const following = new ChainCheck(tenantId, known);
  for (const [index, seal] of seals.entries()) if (!following.follow(seal, records[index] ?? null)) break;
  return following.end();
}

const records = [1, 2, 3, 4].map(record);
const seals = chainOf(records);
const last = seals[3] as Seal;

describe('the chain of audit records', () => {
  it('adds up when nothing was touched', () => {
    expect(check(seals, records)).toEqual({ head: { position: 4, hash: last.hash }, broken: null });
  });

  it('does not depend on the order in which the database gives names back', () => {
    const turned = records.map((one) => ({ ...one, details: { a: [true, null], b: 1 } }));
    expect(check(seals, turned).broken).toBeNull();
  });

  it.each(Object.keys(record(1)) as (keyof ChainedRecord)[])(
    'breaks when %s of a record changes',
    (field) => {
      const changed = records.map((one, index) => (index === 1 ? { ...one, [field]: 'other' } : one));
      expect(check(seals, changed)).toMatchObject({
        head: { position: 1 },
        broken: { kind: 'changed', position: 2 },
      });
    },
  );

  it('breaks when a record is gone, when a seal is gone, and when both are', () => {
    expect(check(seals, [...records.slice(0, 2), null, ...records.slice(3)]).broken).toEqual({
      kind: 'removed',
      position: 3,
      recordId: '3',
    });
    const without = <T>(all: readonly T[]) => all.filter((_, index) => index !== 2);
    expect(check(without(seals), without(records)).broken).toEqual({ kind: 'gap', position: 3 });
  });

  it('is found cut short, or written anew, by a head kept elsewhere', () => {
    const known = { position: 4, hash: last.hash };
    expect(check(seals.slice(0, 2), records, known).broken).toEqual({ kind: 'cut short', position: 3 });
    const forged = records.map((one) => ({ ...one, actorName: 'somebody else' }));
    expect(check(chainOf(forged), forged).broken).toBeNull();
    expect(check(chainOf(forged), forged, known).broken).toEqual({ kind: 'rewritten', position: 4 });
  });

  it('writes any JSON in one way only', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonical(value);
        expect(canonical(JSON.parse(text))).toBe(text);
      }),
    );
  });
});
