import { describe, expect, it } from 'vitest';
import type { LiveEntry } from '../api/live-response.ts';
import { type ConsoleMessage, emptyConsole, withMessage } from './console-log.ts';

let position = 0;
const entry = (kind: string, stream: string | null, text: string, more: Partial<LiveEntry> = {}) =>
  ({
    type: 'entry',
    entry: {
      position: ++position,
      time: '2026-11-25T12:00:00Z',
      kind,
      command: 1,
      stream,
      text,
      author: null,
      result: null,
      ...more,
    },
  }) as const;
const shown = (messages: readonly ConsoleMessage[]) => messages.reduce(withMessage, emptyConsole);

describe('the log of a console', () => {
  it('shows what was typed, what came of it, and what runs', () => {
    const typed = entry('input', 'command', 'getfile /etc/hostname');
    const middle = shown([typed, entry('output', 'out', 'web')]);
    expect(middle.running).toEqual([1]);
    const end = shown([
      typed,
      entry('output', 'err', 'slow'),
      entry('output', 'done', 'Completed', { result: 'hostname' }),
    ]);
    expect(end.running).toEqual([]);
    expect(end.lines.map(({ kind, text, file }) => [kind, text, file])).toEqual([
      ['input', 'getfile /etc/hostname', null],
      ['error', 'slow', null],
      ['done', '', 'hostname'],
    ]);
  });

  it('shows no entry twice when the line was lost and taken up again', () => {
    const one = entry('output', 'out', 'once');
    expect(shown([one, one]).lines).toHaveLength(1);
  });

  it('shows what was refused, with why', () => {
    const [line] = shown([
      { type: 'refused', line: 'registry', code: 'BadRequest', message: 'No registry here.' },
    ]).lines;
    expect(line).toMatchObject({ kind: 'refused', text: 'registry: No registry here. (BadRequest)' });
  });
});
