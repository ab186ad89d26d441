/** Widths of the columns of a result, from what its first rows hold. Pure. */
import type { HuntingResult } from '@merlon/contract';
import { textOf } from '../timeline/describe-event.ts';

const SAMPLE = 60;
const CHARACTER_PX = 7;
const PADDING_PX = 26;
const LEAST_PX = 70;
const MOST_PX = 380;

/** In pixels, in the order of the schema. */
export function columnWidths({ Schema, Results }: HuntingResult): number[] {
  const sample = Results.slice(0, SAMPLE);
  return Schema.map(({ Name, Type }) => {
    const longest =
      Type === 'DateTime'
        ? 'yyyy-MM-dd HH:mm:ss.fff'.length
        : sample.reduce((most, row) => Math.max(most, textOf(row[Name]).length), 0);
    const characters = Math.max(longest, Name.length + 1);
    return Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, characters * CHARACTER_PX + PADDING_PX)));
  });
}
