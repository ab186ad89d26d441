import { describe, expect, it } from 'vitest';
import { csvText } from './csv.ts';

const csv = (row: Record<string, unknown>) => csvText(Object.keys(row), [Object.values(row)]);

describe('csvText', () => {
  it('quotes only where it must', () => {
    expect(csv({ A: 'plain', B: 'with, comma', C: 'say "x"', D: 'two\nlines' })).toBe(
      'A,B,C,D\r\nplain,"with, comma","say ""x""","two\nlines"\r\n',
    );
  });

  it('writes null as nothing and objects as JSON', () => {
    expect(csv({ A: null, B: { a: [1] }, C: 5, D: false })).toBe('A,B,C,D\r\n,"{""a"":[1]}",5,false\r\n');
  });

  it('disarms formulas in text and leaves numbers alone', () => {
    expect(csv({ A: '=cmd()', B: '-c id', C: -5, D: "@x'" })).toBe("A,B,C,D\r\n'=cmd(),'-c id,-5,'@x'\r\n");
  });

  it('keeps the header of a result without rows', () => {
    expect(csvText(['A'], [])).toBe('A\r\n');
  });
});
