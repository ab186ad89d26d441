import type { IndicatorItem } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { DigestList } from './digest-list.ts';
import { FileRules } from './file-policy.ts';

const hashes = { sha256: 'a'.repeat(64), sha1: 'b'.repeat(40), md5: 'c'.repeat(32) };
const indicator = (
  type: 'FileSha256' | 'FileSha1' | 'FileMd5',
  action: IndicatorItem['action'],
): IndicatorItem => ({
  id: type,
  type,
  value: { FileSha256: hashes.sha256, FileSha1: hashes.sha1, FileMd5: hashes.md5 }[type],
  action,
  title: '',
  severity: 'Low',
});
const judge = (indicators: IndicatorItem[], restriction: DigestList | null = null) =>
  new FileRules({ indicators, restriction }).judge(hashes).kind;

describe('FileRules', () => {
  it('lets run what nothing speaks of', () => {
    expect(judge([])).toBe('allow');
    expect(new FileRules({ indicators: [], restriction: null }).judge(null)).toEqual({ kind: 'allow' });
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
    expect(judge([indicator('FileSha1', action)])).toBe(kind);
  });

  it('goes by the stronger hash where indicators disagree', () => {
    expect(judge([indicator('FileSha256', 'Allowed'), indicator('FileMd5', 'Block')])).toBe('allow');
    expect(judge([indicator('FileSha256', 'Block'), indicator('FileSha1', 'Allowed')])).toBe('deny');
  });

  it('lets run under a restriction what packages brought and what an indicator allows', () => {
    const known = DigestList.of({ md5: [hashes.md5] });
    const unknown = DigestList.of({ md5: ['0'.repeat(32)] });
    expect(judge([], known)).toBe('allow');
    expect(judge([], unknown)).toBe('deny');
    expect(judge([indicator('FileSha256', 'Allowed')], unknown)).toBe('allow');
    expect(judge([indicator('FileSha256', 'Audit')], unknown)).toBe('deny');
    expect(judge([indicator('FileSha256', 'Audit')], known)).toBe('observe');
    expect(judge([indicator('FileSha256', 'Block')], known)).toBe('deny');
    // What cannot be read is nothing that is known.
    expect(new FileRules({ indicators: [], restriction: known }).judge(null)).toEqual({
      kind: 'deny',
      ground: { kind: 'restriction' },
    });
  });
});
