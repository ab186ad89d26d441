import { describe, expect, it } from 'vitest';
import { agoText, timeText } from './time-text.ts';

describe('timeText', () => {
  it('reads service times with seven fraction digits', () => {
    expect(timeText('2026-11-24T21:03:07.1234567Z', 'utc')).toBe('2026-11-24 21:03:07');
    expect(timeText('2026-11-24T21:03:07.0454567Z', 'utc', true)).toBe('2026-11-24 21:03:07.045');
  });

  it('says nothing about what is no time', () => {
    expect(timeText('soon', 'utc')).toBe('');
  });
});

describe('agoText', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  it.each([
    ['2026-11-24T11:59:30Z', 'just now'],
    ['2026-11-24T12:00:30Z', 'just now'],
    ['2026-11-24T11:59:00Z', '1 minute ago'],
    ['2026-11-24T09:30:00Z', '2 hours ago'],
    ['2026-11-20T12:00:00Z', '4 days ago'],
  ])('%s: %s', (time, text) => {
    expect(agoText(time, now)).toBe(text);
  });
});
