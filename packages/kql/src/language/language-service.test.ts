import { beforeAll, describe, expect, it } from 'vitest';
import { completionsAt, faultsIn, hoverAt } from './language-service.ts';

/** The text without its `▮`, and where that was. */
function at(marked: string): [string, number] {
  return [marked.replace('▮', ''), marked.indexOf('▮')];
}
const labels = (marked: string) => completionsAt(...at(marked)).items.map(({ label }) => label);

// The first question loads the parser.
beforeAll(() => {
  faultsIn('DeviceEvents | take 1');
  completionsAt('', 0);
}, 60_000);

describe('completion', () => {
  it('offers tables where a query begins, with what they hold', () => {
    const { items } = completionsAt('', 0);
    const table = items.find(({ label }) => label === 'DeviceProcessEvents');
    expect(table).toMatchObject({ kind: 'table', info: expect.stringContaining('rocess') });
  });

  it('offers the columns that are left, not those of the table', () => {
    const found = labels('DeviceProcessEvents | project FileName, Half = 1 | where ▮');
    expect(found).toEqual(expect.arrayContaining(['FileName', 'Half']));
    expect(found).not.toContain('ProcessCommandLine');
  });

  it('offers aggregates where they may stand, and replaces what was begun', () => {
    const [text, position] = at('DeviceEvents | summarize dco▮');
    const { from, to, items } = completionsAt(text, position);
    expect(text.slice(from, to)).toBe('dco');
    expect(items.find(({ before }) => before === 'dcount(')).toMatchObject({ after: ')', kind: 'function' });
  });

  it('offers nothing of other places', () => {
    expect(labels('▮').filter((label) => /^\.|^cluster|^database/.test(label))).toEqual([]);
    expect(labels('.show ▮')).toEqual([]);
  });

  it('offers what only our service has', () => {
    expect(labels('DeviceFileEvents | invoke ▮')).toContain('FileProfile');
  });
});

describe('hover', () => {
  it('says what a name is and what it holds', () => {
    expect(hoverAt(...at('DeviceProcessEvents | where File▮Name == "a"'))).toMatchObject({
      from: 28,
      to: 36,
      signature: 'FileName: string',
      info: expect.stringMatching(/./),
    });
    expect(hoverAt(...at('DeviceEvents | summarize cou▮nt()'))?.signature).toContain('count()');
  });

  it('is silent where there is nothing', () => {
    expect(hoverAt('DeviceEvents |  ', 15)).toBeNull();
  });
});

describe('faults', () => {
  it('are all of a text, each with its place', () => {
    const text = 'DeviceEvents | where Nope == 1 | project Gone';
    const found = faultsIn(text).map(({ from, to }) => text.slice(from, to));
    expect(found).toEqual(['Nope', 'Gone']);
  });

  it('are none in what the server takes', () => {
    for (const text of [
      '',
      'DeviceFileEvents | invoke FileProfile("SHA1") | where GlobalPrevalence < 10',
      'DeviceEvents | where TimeGenerated > ago(1d) and AdditionalFields.a == "b"',
      'DeviceEvents | evaluate bag_unpack(AdditionalFields) | where Learned == 1',
      'database("x").DeviceEvents | take 1',
    ]) {
      expect(faultsIn(text), text).toEqual([]);
    }
  });

  it('include what is refused before it is bound', () => {
    expect(faultsIn('.show tables')[0]?.message).toContain('management command');
    expect(faultsIn('DeviceEvents | where')).toHaveLength(1);
  });
});
