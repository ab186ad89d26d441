import { describe, expect, it } from 'vitest';
import { chartData, chartKindOf } from './chart-data.ts';

describe('the kind of chart', () => {
  it('is what the query ends with', () => {
    expect(chartKindOf('T | summarize count() by bin(Timestamp, 1h) | render timechart')).toBe('timechart');
    expect(
      chartKindOf('T | count | render columnchart with (title="render piechart") // | render barchart'),
    ).toBe('columnchart');
  });

  it('is none without one, or with one that is not drawn', () => {
    for (const query of [
      'T | count',
      'T | render table',
      'T | where A == "| render piechart"',
      'render piechart',
    ])
      expect(chartKindOf(query), query).toBeNull();
  });
});

const column = (Name: string, Type: string) => ({ Name, Type }) as never;

describe('the data of a chart', () => {
  it('parts a measure by a text column, over time in order', () => {
    expect(
      chartData({
        Schema: [column('DeviceName', 'String'), column('Timestamp', 'DateTime'), column('N', 'Int64')],
        Results: [
          { DeviceName: 'b', Timestamp: '2026-11-25T02:00:00Z', N: 2 },
          { DeviceName: 'a', Timestamp: '2026-11-25T01:00:00Z', N: 1 },
          { DeviceName: 'a', Timestamp: '2026-11-25T02:00:00Z', N: null },
        ],
      }),
    ).toEqual({
      x: 'time',
      labels: ['2026-11-25T01:00:00Z', '2026-11-25T02:00:00Z'],
      series: [
        { name: 'b', values: [null, 2] },
        { name: 'a', values: [1, null] },
      ],
    });
  });

  it('keeps the order of names, and draws every measure', () => {
    const data = chartData({
      Schema: [column('Name', 'String'), column('A', 'Int64'), column('B', 'Double')],
      Results: [
        { Name: 'z', A: 1, B: 0.5 },
        { Name: '', A: 2, B: 1.5 },
      ],
    });
    expect(data?.labels).toEqual(['z', '']);
    expect(data?.series.map(({ name }) => name)).toEqual(['A', 'B']);
  });

  it('is nothing where there is no measure', () => {
    expect(chartData({ Schema: [column('A', 'String')], Results: [{ A: 'x' }] })).toBeNull();
    expect(chartData({ Schema: [column('A', 'String'), column('B', 'Int64')], Results: [] })).toBeNull();
  });
});
