import { GraphHuntingResult, HuntingResult, HuntingResultWithStats } from '@merlon/contract';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { type AnswerShape, answerWithStats, graphAnswer, plainAnswer } from './answer-text.ts';

const columns = [
  { name: 'S "q"', type: 'string' },
  { name: 'B', type: 'bool' },
  { name: 'L', type: 'long' },
  { name: 'R', type: 'real' },
  { name: 'D', type: 'dynamic' },
] as const;
const figures = { seconds: 1.5, peakMemoryBytes: 7, rows: 2, bytes: 9 };
const rows = [
  ['a\n"\u2028', true, '9223372036854775807', 'nan', '{"a":9007199254740993}'],
  ['', null, 5, '-inf', ''],
  ['x', false, null, 1.5, 'no json'],
];

function textOf(shape: AnswerShape): string {
  const row = shape.row(columns);
  return shape.head(columns) + rows.map(row).join(',') + shape.tail(figures);
}

describe('an answer', () => {
  it.each([
    ['advancedqueries', plainAnswer, HuntingResult],
    ['advancedhunting', answerWithStats, HuntingResultWithStats],
    ['Graph', graphAnswer('https://merlon.example'), GraphHuntingResult],
  ] as const)('of %s is what contract says', (_, shape, schema) => {
    expect(Compile(schema).Check(JSON.parse(textOf(shape)))).toBe(true);
    const empty = shape.head(columns) + shape.tail({ ...figures, rows: 0 });
    expect(Compile(schema).Check(JSON.parse(empty))).toBe(true);
  });

  it('holds values as they are, long numbers inside dynamic ones included', () => {
    const text = textOf(plainAnswer);
    expect(text).toContain('"D":{"a":9007199254740993}');
    expect(JSON.parse(text).Results).toEqual([
      { 'S "q"': 'a\n"\u2028', B: true, L: '9223372036854775807', R: 'NaN', D: expect.anything() },
      { 'S "q"': '', B: null, L: 5, R: '-Infinity', D: null },
      { 'S "q"': 'x', B: false, L: null, R: 1.5, D: 'no json' },
    ]);
    expect(JSON.parse(text).Schema[1]).toEqual({ Name: 'B', Type: 'SByte' });
  });

  it('says what it took', () => {
    expect(JSON.parse(textOf(answerWithStats)).Stats).toMatchObject({
      ExecutionTime: 1.5,
      resource_usage: { memory: { peak_per_node: 7 } },
      dataset_statistics: [{ table_row_count: 2, table_size: 9 }],
    });
  });

  it('of Graph notes types that JSON does not show', () => {
    const answer = JSON.parse(textOf(graphAnswer('https://merlon.example')));
    expect(answer['@odata.context']).toBe(
      'https://merlon.example/v1.0/$metadata#microsoft.graph.security.huntingQueryResults',
    );
    expect(answer.results[0]).toMatchObject({ 'B@odata.type': '#SByte', B: 1, 'L@odata.type': '#Int64' });
    expect(answer.results.map((row: { B: unknown }) => row.B)).toEqual([1, null, 0]);
    expect(answer.schema[1]).toEqual({ name: 'B', type: 'SByte' });
  });
});
