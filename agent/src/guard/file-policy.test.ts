import { type IndicatorItem, indicatorActions, isBlocking, rulingIndicator } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DigestList } from './digest-list.ts';
import { effectOf } from './effect.ts';
import { judgeFile } from './file-policy.ts';

const hashes = { sha256: 'a'.repeat(64), sha1: 'b'.repeat(40), md5: 'c'.repeat(32) };
const VALUES = { FileSha256: hashes.sha256, FileSha1: hashes.sha1, FileMd5: hashes.md5 } as const;
type Said = Partial<Record<keyof typeof VALUES, IndicatorItem['action']>>;

const judge = (said: Said, restriction: DigestList | null = null) => {
  const indicators = new Map(
    Object.entries(said).map(([type, action]) => [VALUES[type as keyof typeof VALUES], effectOf(action)]),
  );
  return judgeFile({ indicators, restriction }, hashes).kind;
};

describe('which files may be executed', () => {
  it('are those that nothing speaks of', () => {
    expect(judge({})).toBe('allow');
    expect(judgeFile({ indicators: new Map(), restriction: null }, null)).toEqual({ kind: 'allow' });
  });

  it.each([
    ['Block', 'deny'],
    ['BlockAndRemediate', 'deny'],
    ['AlertAndBlock', 'deny'],
    ['Warn', 'deny'],
    ['Audit', 'observe'],
    ['Alert', 'observe'],
    ['Allowed', 'allow'],
  ] as const)('carries out %s as %s', (action, kind) => {
    expect(judge({ FileSha1: action })).toBe(kind);
  });

  it('goes by the indicator that rules, whichever there are', () => {
    const action = fc.option(fc.constantFrom(...indicatorActions), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ FileSha256: action, FileSha1: action, FileMd5: action }), (maybe) => {
        const said = Object.fromEntries(Object.entries(maybe).filter(([, a]) => a !== undefined)) as Said;
        const items = Object.entries(said).map(([type, action]) => ({
          type: type as keyof typeof VALUES,
          value: VALUES[type as keyof typeof VALUES],
          action,
        }));
        const ruling = rulingIndicator(items);
        expect(judge(said) === 'deny').toBe(ruling !== null && isBlocking(ruling.action));
      }),
    );
  });

  it('are under a restriction what packages brought and what an indicator allows', () => {
    const known = DigestList.of({ md5: [hashes.md5] });
    const unknown = DigestList.of({ md5: ['1'.repeat(32)] });
    expect(judge({}, known)).toBe('allow');
    expect(judge({}, unknown)).toBe('deny');
    expect(judge({ FileSha256: 'Allowed' }, unknown)).toBe('allow');
    expect(judge({ FileSha256: 'Audit' }, unknown)).toBe('deny');
    expect(judge({ FileSha256: 'Audit' }, known)).toBe('observe');
    expect(judge({ FileSha256: 'Block' }, known)).toBe('deny');
    // What cannot be read is nothing that is known.
    expect(judgeFile({ indicators: new Map(), restriction: known }, null)).toEqual({
      kind: 'deny',
      ground: { kind: 'restriction' },
    });
  });
});
