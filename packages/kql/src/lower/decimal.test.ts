import { describe, expect, it } from 'vitest';
import { parseDecimal } from './decimal.ts';

describe('decimal literals', () => {
  it.each([
    ['1.50', '1.5'],
    ['-0', '0'],
    ['+.5', '0.5'],
    ['12e3', '12000'],
    ['1.25E-3', '0.00125'],
    ['00012', '12'],
    ['1e37', `1${'0'.repeat(37)}`],
  ])('%s', (written, digits) => {
    expect(parseDecimal(written)).toBe(digits);
  });

  it.each(['', '.', 'e5', '1e', '0x10', '1e38', '1.2.3', 'nan'])('refuses %s', (written) => {
    expect(parseDecimal(written)).toBeUndefined();
  });
});
