import { describe, expect, it } from 'vitest';
import type { HashedFile } from './file-hasher.ts';
import { RowSink } from './row-sink.ts';
import type { SensorRow } from './sensor.ts';

const row = (): SensorRow => ({ Table: 'DeviceProcessEvents', Timestamp: 'T', AdditionalFields: '{"a":1}' });
const pending = (): HashedFile => ({ key: 'k', hashes: null, missing: null, missingAtMs: 0, waiting: [] });

function settle(file: HashedFile, missing: string | null): void {
  if (missing === null) file.hashes = { sha1: 's1', sha256: 's256', md5: 'm' };
  else file.missing = missing;
  const waiting = file.waiting ?? [];
  file.waiting = null;
  for (const go of waiting) go();
}

function sink(maxWaiting = 10) {
  const sent: SensorRow[] = [];
  return {
    sent,
    sink: new RowSink({
      emit: (r) => sent.push(r),
      rateLimit: { perSecond: 1, burst: 2 },
      maxWaiting,
      nowMs: () => 0,
    }),
  };
}

describe('row sink', () => {
  it('holds a row until both hashes are known', () => {
    const s = sink();
    const [subject, initiator] = [pending(), pending()];
    s.sink.send(row(), subject, initiator);
    settle(initiator, null);
    expect(s.sent).toEqual([]);
    settle(subject, null);
    expect(s.sent).toMatchObject([{ SHA256: 's256', InitiatingProcessSHA256: 's256' }]);
  });

  it('says why a hash is missing, beside what is there', () => {
    const s = sink();
    const subject = pending();
    s.sink.send(row(), subject, null);
    settle(subject, 'vanished');
    expect(JSON.parse(String(s.sent[0]?.AdditionalFields))).toEqual({ a: 1, HashMissing: 'vanished' });
    expect(s.sink.unhashed).toBe(1);
  });

  it('waits with a bounded number of rows, and sends one file twice named once', () => {
    const s = sink(1);
    const file = pending();
    s.sink.send(row(), file, file);
    s.sink.send(row(), file, null);
    expect(s.sent).toHaveLength(1);
    expect(s.sink.unhashed).toBe(1);
    settle(file, null);
    expect(s.sent).toHaveLength(2);
  });

  it('counts what the rate limit holds back, by table', () => {
    const s = sink();
    expect([1, 2, 3].map(() => s.sink.allows('A'))).toEqual([true, true, false]);
    expect(s.sink.allows('B')).toBe(true);
    expect(s.sink.suppressed('A')).toBe(1);
    expect(s.sink.suppressed('B')).toBe(0);
  });
});
