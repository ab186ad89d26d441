import { gzipSync } from 'node:zlib';
import { TelemetryMapper } from '@merlon/telemetry';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectBatch } from './collect-batch.ts';
import { hashOfShown, newSecret } from './collector-secret.ts';
import { speaksFor } from './host-patterns.ts';
import { type BodyFormat, bodyRecords, COLLECT_LIMITS, plainBody } from './read-body.ts';
import { RecentReports, reportIdOf } from './recent-reports.ts';

const RUNS = Number(process.env.MERLON_FUZZ_RUNS ?? 100);
const read = (body: string | Buffer, format: BodyFormat) =>
  [...bodyRecords(Buffer.from(body), format)].map(({ value }) =>
    'problem' in value ? value.problem : 'json' in value ? value.json : value.text,
  );

describe('a body', () => {
  it('is read by how it begins', () => {
    expect(read('[{"a":1},2]', 'events')).toEqual([{ a: 1 }, 2]);
    expect(read('{"a":1}\r\n\n{"a":"}{"}{"b":[{}]}\n{"c"', 'events')).toEqual([
      { a: 1 },
      { a: '}{' },
      { b: [{}] },
      'not JSON',
    ]);
    expect(read('<?xml?><Events><Event a="1">x</Event><Event>y</Event></Events>', 'events')).toEqual([
      '<Event a="1">x</Event>',
      '<Event>y</Event>',
    ]);
    expect(read('type=CWD msg=audit(1.2:3): cwd="/"\n', 'events')).toEqual([
      'type=CWD msg=audit(1.2:3): cwd="/"',
    ]);
    expect(read('{"event":{"a":1}}{"event":"line"}{"nothing":1}', 'hec')).toEqual([
      { a: 1 },
      'line',
      'no member event',
    ]);
  });

  it('of the bulk protocol is an action and its document each', () => {
    expect(
      read(
        '{"create":{}}\n{"a":1}\n{"delete":{"_id":"x"}}\n{"index":{"_index":"i"}}\n{"a":2}\n{"create":{}}\n',
        'bulk',
      ),
    ).toEqual([
      { a: 1 },
      'delete is not taken: events are only added',
      { a: 2 },
      'an action without its document',
    ]);
  });

  it('is refused when it grows beyond its bound', () => {
    expect(plainBody(gzipSync(Buffer.alloc(COLLECT_LIMITS.plainBytes + 1)), 'gzip')).toMatchObject({
      code: 'PayloadTooLarge',
    });
    expect(plainBody(Buffer.from('x'), 'gzip')).toMatchObject({ code: 'InvalidRequestBody' });
  });

  it('never throws, and each record has what became of it', { timeout: 600_000 }, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{"create":{}}\n',
        '{"index":{"_id":"1"}}\n',
        '{"a":1}\n',
        '[',
        ']',
        '{',
        '}',
        '"',
        '\\',
        '\n',
        ',',
        '<Event>',
        '</Event>',
        'type=',
        '\ufeff',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    const body = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(''))),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(body, fc.constantFrom<BodyFormat>('bulk', 'events', 'hec'), (bytes, format) => {
        const records = [...bodyRecords(bytes, format)].length;
        const batch = CollectBatch.map(
          { body: bytes, encoding: 'identity', format, host: 'h' },
          new TelemetryMapper({ now: () => 0 }),
          new RecentReports(),
        );
        if ('code' in batch) throw new Error(batch.message);
        const { summary, items } = batch.shape([], 30);
        expect(summary.accepted + summary.left + summary.rejected).toBe(records);
        if (format === 'bulk') expect(items).toHaveLength(records);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a collector', () => {
  it('speaks for hosts by pattern', () => {
    expect(speaksFor([], 'any')).toBe(true);
    expect(speaksFor(['WS-*.corp.example'], 'ws-1.CORP.example')).toBe(true);
    expect(speaksFor(['ws-*.corp.example'], 'ws-1.corp.example.evil')).toBe(false);
    expect(speaksFor(['a*b*c'], 'abc')).toBe(true);
    expect(speaksFor(['a*a'], 'a')).toBe(false);
    expect(speaksFor(['exact'], 'exactly')).toBe(false);
  });

  it('shows its secret in each way that shippers have', () => {
    const { secret, hash } = newSecret();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    for (const shown of [
      `Basic ${base64(`x:${secret}`)}`,
      `ApiKey ${base64(`id:${secret}`)}`,
      `Bearer ${secret}`,
      `Splunk ${secret}`,
    ])
      expect(hashOfShown(shown)).toBe(hash);
    for (const shown of [
      undefined,
      '',
      secret,
      `Digest ${secret}`,
      `Bearer ${secret}x`,
      `Bearer ${'a'.repeat(600)}`,
    ])
      expect(hashOfShown(shown)).toBeNull();
  });

  it('gives events ids that are safe numbers and differ', () => {
    const ids = Array.from({ length: 50_000 }, (_, i) =>
      reportIdOf(`Security ${i} 2026-11-25T11:00:00.000Z`),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => Number.isSafeInteger(id) && id >= 1)).toBe(true);
  });
});
