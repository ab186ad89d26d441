import { huntingTable } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import {
  columnsOf,
  type TimelineQuestion,
  timelineQuery,
  timelineTableNames,
  timelineTables,
} from './timeline-query.ts';

const question: TimelineQuestion = {
  deviceId: 'a'.repeat(40),
  tables: ['DeviceProcessEvents', 'DeviceFileEvents'],
  text: '',
  days: 30,
  until: null,
  after: null,
  rows: 100,
};

describe('timeline tables', () => {
  it.each(timelineTableNames)('%s has every column that is asked of it', (name) => {
    const columns = new Map(huntingTable(name)?.columns.map(({ name: column, type }) => [column, type]));
    for (const column of columnsOf(name)) expect(columns.has(column), column).toBe(true);
    for (const column of timelineTables[name].text) expect(columns.get(column), column).toBe('string');
  });

  it('covers every event table of devices', () => {
    expect(timelineTableNames.every((name) => huntingTable(name)?.category === 'device')).toBe(true);
  });
});

describe('timelineQuery', () => {
  it('asks one table without a union', () => {
    const query = timelineQuery({ ...question, tables: ['DeviceLogonEvents'] });
    expect(query).toMatch(/^DeviceLogonEvents\n\| where DeviceId == "a{40}"/);
    expect(query).not.toContain('union');
  });

  it('limits each leg and the whole', () => {
    expect(timelineQuery(question).match(/take 100/g)).toHaveLength(3);
  });

  it('goes on after an event without repeating it and without losing others of its instant', () => {
    const Timestamp = '2026-11-24T10:00:00.1234567Z';
    const query = timelineQuery({
      ...question,
      tables: ['DeviceEvents', 'DeviceFileEvents', 'DeviceProcessEvents'],
      after: { Table: 'DeviceFileEvents', Timestamp, ReportId: 7 },
    });
    const conditions = query.split('\n').filter((line) => line.includes(' or ('));
    expect(conditions.map((line) => /ReportId <=? 7/.exec(line)?.[0])).toEqual([
      'ReportId < 7',
      'ReportId < 7',
      'ReportId <= 7',
    ]);
    expect(conditions[0]).toContain(
      `Timestamp < datetime(${Timestamp}) or (Timestamp == datetime(${Timestamp})`,
    );
  });

  it('keeps a text filter a text', () => {
    const query = timelineQuery({ ...question, text: 'x" or true or "\\' });
    expect(query).toContain('FileName contains "x\\" or true or \\"\\\\"');
  });
});
