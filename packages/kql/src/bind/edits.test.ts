import { describe, expect, it } from 'vitest';
import { EditedText } from './edits.ts';

describe('an edited text', () => {
  //          0123456789
  const text = 'abcdefghij';
  const edited = new EditedText(text, [
    { start: 5, length: 2, text: 'XYZ' },
    { start: 0, length: 0, text: '<<', place: { start: 8, length: 1 } },
    { start: 9, length: 0, text: '+' },
  ]);

  it('has every edit in its place', () => {
    expect(edited.text).toBe('<<abcdeXYZhi+j');
  });

  it('leads places back to where they were', () => {
    const at = (start: number, length: number) => edited.originalPlace({ start, length });
    expect(at(2, 3)).toEqual({ start: 0, length: 3 });
    expect(at(10, 1)).toEqual({ start: 7, length: 1 });
    expect(at(13, 1)).toEqual({ start: 9, length: 1 });
    expect(at(4, 8)).toEqual({ start: 2, length: 7 });
  });

  it('leads places within an edit to what it stands for', () => {
    expect(edited.originalPlace({ start: 8, length: 1 })).toEqual({ start: 5, length: 2 });
    expect(edited.originalPlace({ start: 0, length: 2 })).toEqual({ start: 8, length: 1 });
  });

  it('takes no edits that overlap', () => {
    expect(
      () =>
        new EditedText(text, [
          { start: 1, length: 3, text: '' },
          { start: 2, length: 1, text: '' },
        ]),
    ).toThrow(TypeError);
  });
});
