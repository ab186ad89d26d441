import { describe, expect, it } from 'vitest';
import { completionsAt, type SchemaTable } from './kql-completion.ts';

const column = (name: string) => ({ name, type: 'string', description: '' });
const schema: SchemaTable[] = [
  { name: 'DeviceInfo', description: '', columns: [column('DeviceName'), column('OSPlatform')] },
  { name: 'DeviceEvents', description: '', columns: [column('DeviceName'), column('ActionType')] },
];

/** `|` in the text stands for itself; `^` is where the cursor is. */
function at(text: string) {
  const cursor = text.indexOf('^');
  return completionsAt(text.replace('^', ''), cursor, schema);
}
const labels = (text: string) => at(text)?.suggestions.map(({ label }) => label) ?? [];

describe('completionsAt', () => {
  it.each([
    '^',
    'Dev^',
    'let x = 1; ^',
    'union ^',
    'union DeviceInfo, ^',
    'DeviceInfo | join (^',
    'DeviceInfo | join kind=inner (^',
  ])('offers tables at %s', (text) => {
    expect(labels(text)).toContain('DeviceEvents');
    expect(labels(text)).not.toContain('where');
  });

  it('offers operators after a pipe, and replaces what is begun', () => {
    expect(labels('DeviceInfo | ^')).toContain('where');
    expect(labels('DeviceInfo | ^')).not.toContain('DeviceName');
    expect(at('DeviceInfo | project-a^')?.from).toBe('DeviceInfo | '.length);
  });

  it('offers the columns of the tables in use', () => {
    expect(labels('DeviceInfo | where ^')).toEqual(
      expect.arrayContaining(['OSPlatform', 'DeviceName', 'ago', 'and']),
    );
    expect(labels('DeviceInfo | where ^')).not.toContain('ActionType');
  });

  it.each(['DeviceInfo | where DeviceName == "De^"', 'DeviceInfo // De^', 'DeviceInfo | take 1^2'])(
    'is silent in %s',
    (text) => {
      expect(at(text)).toBeNull();
    },
  );
});
