import { gzipSync } from 'node:zlib';
import { BATCH_LIMITS } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatchRecord, encodeBatchRecord, parseRows } from './batch-record.ts';
import { type BatchRefusal, type ShapedBatch, shapeBatch } from './shape-batch.ts';

const stamp = {
  tenantId: '0d0e9f8a-1111-4222-8333-444455556666',
  deviceId: 'ab'.repeat(20),
  deviceName: 'web-1.example.com',
  machineGroup: '',
  receivedAt: '2026-11-24T12:00:00.0000000Z',
};
const row = (more: object = {}) => ({
  Table: 'DeviceProcessEvents',
  Timestamp: '2026-11-24T11:59:59.1234567Z',
  ActionType: 'ProcessCreated',
  FileName: 'sh',
  ReportId: 7,
  ...more,
});
const shape = (lines: readonly (object | string)[]) =>
  shapeBatch(
    gzipSync(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
    'gzip',
    stamp,
  );
const taken = (result: ShapedBatch | BatchRefusal): ShapedBatch => {
  if ('refused' in result) throw new Error(result.refused.message);
  return result;
};
const refusedAs = (result: ShapedBatch | BatchRefusal) => ('refused' in result ? result.refused.code : null);

describe('shaping a batch', () => {
  it('stamps what only the server may say and keeps the rest as it came', () => {
    const { sections } = taken(shape([row({ AdditionalFields: { a: [1, 'x'] } })]));
    expect(sections.map((s) => [s.table, s.rows])).toEqual([['DeviceProcessEvents', 1]]);
    const [first] = sections.flatMap(parseRows);
    expect(first).toEqual({
      TenantId: stamp.tenantId,
      IngestionTime: stamp.receivedAt,
      DeviceId: stamp.deviceId,
      DeviceName: stamp.deviceName,
      Timestamp: '2026-11-24T11:59:59.1234567Z',
      ActionType: 'ProcessCreated',
      FileName: 'sh',
      ReportId: 7,
      AdditionalFields: { a: [1, 'x'] },
    });
  });

  it('refuses the whole batch when a row speaks for another device', () => {
    expect(refusedAs(shape([row(), row({ DeviceId: 'cd'.repeat(20) })]))).toBe('DisallowedOperation');
    // The same key spelled with an escape is the same key.
    expect(refusedAs(shape([`{"Table":"DeviceEvents","Device\\u0049d":"${'cd'.repeat(20)}"}`]))).toBe(
      'DisallowedOperation',
    );
  });

  it('lets a device name itself', () => {
    expect(taken(shape([row({ DeviceId: stamp.deviceId })])).accepted).toBe(1);
  });

  it.each([
    ['no JSON', '{"Table":', /not JSON/],
    ['no object', '[1]', /not a JSON object/],
    ['no table', { Timestamp: 'x' }, /names no Table/],
    ['a table that is not a device’s', row({ Table: 'AlertInfo' }), /may not write to table/],
    ['a table that does not exist', row({ Table: '__proto__' }), /may not write to table/],
    ['a server’s column', row({ DeviceName: 'other' }), /DeviceName is the server's/],
    ['no report id', row({ ReportId: undefined }), /ReportId/],
    ['an unknown column', row({ Evil: 1 }), /Evil/],
    ['a wrong type', row({ ProcessId: 'x' }), /ProcessId/],
    ['a bad time', row({ Timestamp: 'yesterday' }), /Timestamp/],
    ['too long', row({ ProcessCommandLine: 'x'.repeat(BATCH_LIMITS.rowBytes) }), /longer than/],
  ])('leaves out a row with %s, and says which and why', (_, bad, reason) => {
    const result = taken(shape([row(), bad, row({ ReportId: 8 })]));
    expect(result.accepted).toBe(2);
    expect(result.rejectedCount).toBe(1);
    expect(result.rejected[0]?.line).toBe(2);
    expect(result.rejected[0]?.reason).toMatch(reason);
  });

  it('refuses what is no batch, by name', () => {
    expect(refusedAs(shapeBatch(Buffer.from('nothing'), 'gzip', stamp))).toBe('InvalidRequestBody');
    expect(refusedAs(shapeBatch(Buffer.alloc(0), 'identity', stamp))).toBe('InvalidRequestBody');
    expect(refusedAs(shapeBatch(Buffer.from([0xff, 0xfe, 0x0a]), 'identity', stamp))).toBe(
      'InvalidRequestBody',
    );
    expect(refusedAs(shapeBatch(gzipSync(Buffer.alloc(BATCH_LIMITS.plainBytes + 1)), 'gzip', stamp))).toBe(
      'PayloadTooLarge',
    );
    expect(refusedAs(shape(Array.from({ length: BATCH_LIMITS.rows + 1 }, () => '{}')))).toBe(
      'MaximumBatchSizeExceeded',
    );
  });

  it('never throws, whatever bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom('gzip' as const, 'identity' as const),
        (bytes, encoding) => {
          const body = encoding === 'gzip' ? gzipSync(bytes) : bytes;
          shapeBatch(body, encoding, stamp);
          shapeBatch(bytes, 'gzip', stamp);
        },
      ),
    );
  });

  it('counts every line as taken or left out', () => {
    const line = fc.oneof(
      fc.constant(JSON.stringify(row())),
      fc.json(),
      fc.string({ maxLength: 20 }).map((s) => s.replaceAll('\n', ' ')),
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const result = shapeBatch(Buffer.from(`${lines.join('\n')}\n`), 'identity', stamp);
        if ('refused' in result) return;
        expect(result.accepted + result.rejectedCount).toBe(lines.length);
        expect(result.sections.reduce((sum, section) => sum + section.rows, 0)).toBe(result.accepted);
      }),
    );
  });
});

describe('a batch record', () => {
  it('reads back as it was written', () => {
    const { sections } = taken(
      shape([row(), row({ Table: 'DeviceEvents', ReportId: 8, ProcessCommandLine: 'a\nb "c" ü' })]),
    );
    const record = decodeBatchRecord(encodeBatchRecord(stamp, sections));
    expect({ ...record, sections: undefined }).toEqual({ ...stamp, sections: undefined });
    expect(record.sections.map((s) => [s.table, s.rows, s.ndjson.toString()])).toEqual(
      sections.map((s) => [s.table, s.rows, s.ndjson.toString()]),
    );
  });

  it('is recognised when it is cut short', () => {
    const record = encodeBatchRecord(stamp, taken(shape([row()])).sections);
    expect(() => decodeBatchRecord(record.subarray(0, record.length - 1))).toThrow(/cut short/);
    expect(() => decodeBatchRecord(Buffer.concat([record, Buffer.from('x')]))).toThrow(/follow the last/);
  });
});
