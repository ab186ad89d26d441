import { gzipSync } from 'node:zlib';
import { BATCH_LIMITS } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatchRecord, encodeBatchRecord, rowsOf } from './batch-record.ts';
import { type BatchRefusal, type ShapedBatch, shapeBatch } from './shape-batch.ts';

const stamp = {
  tenantId: '0d0e9f8a-1111-4222-8333-444455556666',
  deviceId: 'ab'.repeat(20),
  deviceName: 'web-1.example.com',
  machineGroup: '',
  receivedAt: '2026-11-24T12:00:00.0000000Z',
};
const DAYS = 30;
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
    DAYS,
  );
const taken = (result: ShapedBatch | BatchRefusal): ShapedBatch => {
  if ('refused' in result) throw new Error(result.refused.message);
  return result;
};
const refusedAs = (result: ShapedBatch | BatchRefusal) => ('refused' in result ? result.refused.code : null);

/** The values of each row, without those that are none. */
const valuesOf = (section: { block: Buffer }) =>
  rowsOf(section).map((one) => {
    const values: Record<string, unknown> = {};
    for (const name in one) if (one[name] !== null) values[name] = one[name];
    return values;
  });

describe('shaping a batch', () => {
  it('stamps what only the server may say and keeps the rest as it came', () => {
    const { sections } = taken(shape([row({ AdditionalFields: { a: [1, 'x'] } })]));
    expect(sections.map((s) => [s.table, s.rows])).toEqual([['DeviceProcessEvents', 1]]);
    expect(sections.flatMap(valuesOf)).toEqual([
      {
        TenantId: stamp.tenantId,
        IngestionTime: stamp.receivedAt,
        DeviceId: stamp.deviceId,
        DeviceName: stamp.deviceName,
        Timestamp: '2026-11-24T11:59:59.1234567Z',
        ActionType: 'ProcessCreated',
        FileName: 'sh',
        ReportId: 7,
        AdditionalFields: '{"a":[1,"x"]}',
      },
    ]);
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
    ['a time before all that is kept', row({ Timestamp: '2026-10-24T23:59:59Z' }), /older than the 30 days/],
    ['a time to come', row({ Timestamp: '2026-11-26T00:00:00Z' }), /ahead of the server/],
    ['a time no store can hold', row({ ProcessCreationTime: '1601-01-01T00:00:00Z' }), /outside the years/],
    ['the same column twice, badly', `${JSON.stringify(row()).slice(0, -1)},"FileName":7}`, /FileName/],
    ['too long', row({ ProcessCommandLine: 'x'.repeat(BATCH_LIMITS.rowBytes) }), /longer than/],
  ])('leaves out a row with %s, and says which and why', (_, bad, reason) => {
    const result = taken(shape([row(), bad, row({ ReportId: 8 })]));
    expect(result.accepted).toBe(2);
    expect(result.rejectedCount).toBe(1);
    expect(result.rejected[0]?.line).toBe(2);
    expect(result.rejected[0]?.reason).toMatch(reason);
  });

  it('refuses what is no batch, by name', () => {
    expect(refusedAs(shapeBatch(Buffer.from('nothing'), 'gzip', stamp, DAYS))).toBe('InvalidRequestBody');
    expect(refusedAs(shapeBatch(Buffer.alloc(0), 'identity', stamp, DAYS))).toBe('InvalidRequestBody');
    expect(refusedAs(shapeBatch(Buffer.from([0xff, 0xfe, 0x0a]), 'identity', stamp, DAYS))).toBe(
      'InvalidRequestBody',
    );
    expect(
      refusedAs(shapeBatch(gzipSync(Buffer.alloc(BATCH_LIMITS.plainBytes + 1)), 'gzip', stamp, DAYS)),
    ).toBe('PayloadTooLarge');
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
          shapeBatch(body, encoding, stamp, DAYS);
          shapeBatch(bytes, 'gzip', stamp, DAYS);
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
        const result = shapeBatch(Buffer.from(`${lines.join('\n')}\n`), 'identity', stamp, DAYS);
        if ('refused' in result) return;
        expect(result.accepted + result.rejectedCount).toBe(lines.length);
        expect(result.sections.reduce((sum, section) => sum + section.rows, 0)).toBe(result.accepted);
      }),
    );
  });
});

describe('the short way through a row', () => {
  const DEEP = `${'['.repeat(33)}${']'.repeat(33)}`;
  const text = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.constantFrom(
      'C:\\\\Windows\\\\a.exe',
      'say \\"x\\"',
      'ü\\n\\t',
      '\\u0000',
      '\\ud800',
      '💾',
      'x'.repeat(200),
    ),
  );
  const column = fc.constantFrom(
    'FileName',
    'ProcessCommandLine',
    'ProcessId',
    'FileSize',
    'ProcessCreationTime',
    'ReportId',
    'Timestamp',
    'AdditionalFields',
    'IsInitiatingProcessRemoteSession',
    'DeviceName',
    'DeviceId',
    'Nothing',
    'Table',
  );
  const value = fc.oneof(
    text.map((one) => JSON.stringify(one)),
    text.map((one) => `"${one}"`),
    fc.integer().map(String),
    fc.double().map((one) => JSON.stringify(one)),
    fc.json({ maxDepth: 2 }),
    fc.constantFrom(
      'null',
      'nul',
      'true',
      'false',
      '-0',
      '01',
      '1e3',
      '9007199254740993',
      '"9223372036854775807"',
      '12345678901234567890',
      DEEP,
      '[1, 2]',
      '{"a":"\\ud800"}',
      '"\\u00e9\\u4e2d"',
      '"\\ud83d\\ude00"',
      '"2026-11-24T01:02:03Z"',
      '"2026-11-24T01:02:03.5Z"',
      '"2026-02-30T01:02:03Z"',
      '"2026-11-24T01:02:03.12345678Z"',
      '"1969-12-31T23:59:59.9999999Z"',
      '"1601-01-01T00:00:00Z"',
      `"${stamp.deviceId}"`,
    ),
  );
  const line = fc
    .tuple(
      fc.array(fc.tuple(column, value), { maxLength: 6 }),
      fc.constantFrom('DeviceProcessEvents', 'DeviceEvents', 'AlertInfo'),
    )
    .map(([pairs, table]) => {
      const all = [
        ['Table', JSON.stringify(table)],
        ['Timestamp', '"2026-11-24T11:59:59.1234567Z"'],
        ['ReportId', '7'],
        ...pairs,
      ];
      return `{${all.map(([name, text]) => `"${name}":${text}`).join()}}`;
    });

  it('decides and keeps what the long way does', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const clean = lines.map((one) => one.replaceAll(/[\n\r]/g, ' '));
        const send = (blank: string) =>
          shapeBatch(Buffer.from(clean.map((one) => blank + one).join('\n')), 'identity', stamp, DAYS);
        const short = send('');
        // A blank in front makes every row go the long way.
        const long = send(' ');
        if ('refused' in short || 'refused' in long) {
          expect(short).toEqual(long);
          return;
        }
        expect({ ...short, sections: [] }).toEqual({ ...long, sections: [] });
        expect(short.sections.map((s) => [s.table, s.rows, valuesOf(s)])).toEqual(
          long.sections.map((s) => [s.table, s.rows, valuesOf(s)]),
        );
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a batch record', () => {
  it('is read where a log of before blocks has lines of JSON', () => {
    const line = { TenantId: stamp.tenantId, DeviceId: stamp.deviceId, ...row(), AdditionalFields: '"text"' };
    const ndjson = Buffer.from(`${JSON.stringify({ ...line, Table: undefined })}\n`);
    const sections = [{ table: 'DeviceProcessEvents', rows: 1, bytes: ndjson.length }];
    const record = Buffer.concat([Buffer.from(`${JSON.stringify({ ...stamp, sections })}\n`), ndjson]);
    expect(decodeBatchRecord(record).sections.flatMap(valuesOf)).toEqual([
      { ...line, Table: undefined, ReportId: 7 },
    ]);
  });

  it('reads back as it was written', () => {
    const { sections } = taken(
      shape([row(), row({ Table: 'DeviceEvents', ReportId: 8, ProcessCommandLine: 'a\nb "c" ü' })]),
    );
    const record = decodeBatchRecord(encodeBatchRecord(stamp, sections));
    expect({ ...record, sections: undefined }).toEqual({ ...stamp, sections: undefined });
    expect(record.sections.map((s) => [s.table, s.rows, s.block.toString('hex')])).toEqual(
      sections.map((s) => [s.table, s.rows, s.block.toString('hex')]),
    );
  });

  it('is recognised when it is cut short', () => {
    const record = encodeBatchRecord(stamp, taken(shape([row()])).sections);
    expect(() => decodeBatchRecord(record.subarray(0, record.length - 1))).toThrow(/cut short/);
    expect(() => decodeBatchRecord(Buffer.concat([record, Buffer.from('x')]))).toThrow(/follow the last/);
  });
});
