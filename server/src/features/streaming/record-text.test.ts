import { huntingTable } from '@merlon/contract';
import { RowBlockBuilder } from '@merlon/event-store/row-block';
import { describe, expect, it } from 'vitest';
import { renderSection } from './record-text.ts';
import { blockOfStored } from './stored-block.ts';

const FACTS = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  deviceId: 'ab'.repeat(20),
  machineGroup: 'Servers',
};
const stamp = {
  TenantId: FACTS.tenantId,
  IngestionTime: '2026-11-25T10:00:01.5000000Z',
  DeviceId: FACTS.deviceId,
};

function block(table: string, rows: readonly Record<string, unknown>[]): Buffer {
  const found = huntingTable(table);
  if (!found) throw new Error(table);
  const builder = new RowBlockBuilder(found);
  for (const row of rows) builder.append({ ...stamp, ...row });
  return builder.finish({});
}
const render = (table: string, rows: readonly Record<string, unknown>[], facts = FACTS) =>
  renderSection(facts, { table, block: block(table, rows) }).records;
// biome-ignore lint/suspicious/noExplicitAny: a record of any table
const parsed = (record: { json: string } | undefined): any => JSON.parse(record?.json ?? '');

describe('a record', () => {
  it('has every column of its table, in its order, null where the row has none', () => {
    const [one] = render('DeviceProcessEvents', [
      { Timestamp: '2026-11-25T10:00:00.1234567Z', ReportId: 5, FileName: 'ü"\\\n😀', ProcessId: 7 },
    ]);
    const { properties, ...head } = parsed(one);
    expect(head).toEqual({
      time: '2026-11-25T10:00:01.5000000Z',
      tenantId: FACTS.tenantId,
      operationName: 'Publish',
      category: 'AdvancedHunting-DeviceProcessEvents',
      Tenant: 'DefaultTenant',
      _TimeReceivedBySvc: '2026-11-25T10:00:01.5000000',
      _RecordId: one?.id,
    });
    const columns = huntingTable('DeviceProcessEvents')?.columns.map(({ name }) => name) ?? [];
    expect(Object.keys(properties)).toEqual([...columns, 'MachineGroup']);
    expect(properties).toMatchObject({
      FileName: 'ü"\\\n😀',
      ProcessId: 7,
      SHA1: null,
      MachineGroup: 'Servers',
    });
    expect(one?.json).not.toContain('\n');
    expect(one?.key).toBe(FACTS.deviceId);
  });

  it('keeps the type of each value: long numbers as digits, dynamic values as they are', () => {
    const [one] = render('DeviceFileEvents', [
      {
        Timestamp: '2026-11-25T10:00:00.0000000Z',
        ReportId: 1,
        FileSize: '9223372036854775807',
        AdditionalFields: { a: [1, 'x', null], b: { c: true } },
      },
    ]);
    expect(parsed(one).properties).toMatchObject({
      FileSize: '9223372036854775807',
      AdditionalFields: { a: [1, 'x', null], b: { c: true } },
    });
  });

  it('is not that of the row before, where a value comes back', () => {
    const names = ['a', 'a', null, 'a', 'b', 'b'];
    const records = render(
      'DeviceEvents',
      names.map((FileName, i) => ({ Timestamp: '2026-11-25T10:00:00.0000000Z', ReportId: i + 1, FileName })),
    );
    expect(records.map((one) => parsed(one).properties.FileName)).toEqual(names);
    expect(new Set(records.map(({ id }) => id)).size).toBe(6);
  });

  it('has an id of ASCII that its row alone makes, and tells rows apart that share a report id', () => {
    const row = { Timestamp: '2026-11-25T10:00:00.0000000Z', ReportId: 1 };
    const [first] = render('DeviceEvents', [row]);
    const [again] = render('DeviceEvents', [{ ...row, IngestionTime: '2026-11-25T11:00:00.0000000Z' }], {
      ...FACTS,
      machineGroup: 'Others',
    });
    const [later] = render('DeviceEvents', [{ ...row, Timestamp: '2026-11-25T10:00:00.0000001Z' }]);
    const [other] = render('DeviceFileEvents', [row]);
    expect(again?.id).toBe(first?.id);
    expect(new Set([first?.id, later?.id, other?.id]).size).toBe(3);
    for (const one of [first, later, other]) expect(one?.id).toMatch(/^[!-~]{1,200}$/);
  });

  it('of an alert is known by what it says', () => {
    const row = { Timestamp: '2026-11-25T10:00:00.0000000Z', AlertId: 'da1', Title: 'T' };
    const alert = { ...FACTS, deviceId: '' };
    const [one, two] = render('AlertInfo', [row, { ...row, Title: 'U' }], alert);
    expect(one?.id).not.toBe(two?.id);
    expect(one?.key).toBe('da1');
    expect(render('AlertInfo', [row])[0]?.id).toBe(one?.id);
    expect(parsed(one).properties).not.toHaveProperty('MachineGroup');
  });

  it('is the same out of the event store, where dynamic values are text', () => {
    const row = {
      Timestamp: '2026-11-25T10:00:00.0000000Z',
      ReportId: 1,
      FileSize: '9223372036854775807',
      AdditionalFields: { a: [1, { b: null }] },
    };
    const [live] = render('DeviceFileEvents', [row]);
    const stored = { ...stamp, ...row, FileName: '', SHA1: '', AdditionalFields: '{"a":[1,{"b":null}]}' };
    const again = renderSection(FACTS, {
      table: 'DeviceFileEvents',
      block: blockOfStored('DeviceFileEvents', [stored]),
    });
    expect(again.records).toEqual([live]);
  });
});
