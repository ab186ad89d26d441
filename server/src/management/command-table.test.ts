import { expect, it } from 'vitest';
import { yesOrNo } from './command-table.ts';

it('takes yes and no, on and off, and hands on what is neither for the server to refuse', () => {
  expect(['yes', 'On', 'TRUE', 'no', 'off', 'false', 'maybe'].map(yesOrNo)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    'maybe',
  ]);
});
