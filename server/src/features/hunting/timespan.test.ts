import { describe, expect, it } from 'vitest';
import { readTimespan } from './timespan.ts';

const now = new Date('2026-11-25T10:00:00Z');
const at = (text: string) => new Date(text);

describe('a timespan', () => {
  it.each([
    ['P1D', { from: at('2026-11-24T10:00:00Z') }],
    ['PT90M', { from: at('2026-11-25T08:30:00Z') }],
    ['P1M', { from: at('2026-10-26T10:00:00Z') }],
    ['P1Y', { from: at('2025-11-25T10:00:00Z') }],
    ['P2W', { from: at('2026-11-11T10:00:00Z') }],
    ['P1DT2H3M4.5S', { from: at('2026-11-24T07:56:55.5Z') }],
    ['2026-11-20T08:00:00Z', { from: at('2026-11-20T08:00:00Z') }],
    ['2026-11-20', { from: at('2026-11-20T00:00:00Z') }],
    ['2026-11-20T08:00', { from: at('2026-11-20T08:00:00Z') }],
    ['2026-11-20T08:00:00+02:00', { from: at('2026-11-20T06:00:00Z') }],
    ['2026-11-20T08:00:00.1234567Z', { from: at('2026-11-20T08:00:00.123Z') }],
    [
      '2026-11-20T00:00:00Z/2026-11-21T00:00:00Z',
      { from: at('2026-11-20T00:00:00Z'), until: at('2026-11-21T00:00:00Z') },
    ],
    ['2026-11-20T00:00:00Z/P2D', { from: at('2026-11-20T00:00:00Z'), until: at('2026-11-22T00:00:00Z') }],
    ['P2D/2026-11-20T00:00:00Z', { from: at('2026-11-18T00:00:00Z'), until: at('2026-11-20T00:00:00Z') }],
    [' P1D ', { from: at('2026-11-24T10:00:00Z') }],
  ])('%s', (text, span) => {
    expect(readTimespan(text, now)).toEqual(span);
  });

  it.each([
    '',
    'P',
    'PT',
    '7d',
    'P1D/P1D',
    'P-1D',
    'P99999999999Y',
    '2026-13-01',
    '2026-11-21T00:00:00Z/2026-11-20T00:00:00Z',
    'P1D/2026-11-20/x',
    '/P1D',
    'yesterday',
  ])('%j is refused by name', (text) => {
    expect(() => readTimespan(text, now)).toThrow(`'${text}'`);
  });
});
