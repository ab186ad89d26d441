import type { AlertEvidence } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { type ProcessNode, storyOf } from './evidence-tree.ts';

const at = (second: number) => `2026-11-24T10:00:${String(second).padStart(2, '0')}.0000000Z`;

function process(
  name: string,
  processId: number,
  second: number,
  parent: { id: number; second?: number; name?: string } | null,
): AlertEvidence {
  return {
    entityType: 'Process',
    fileName: name,
    processId,
    processCreationTime: at(second),
    parentProcessId: parent?.id ?? null,
    parentProcessCreationTime: parent?.second === undefined ? null : at(parent.second),
    parentProcessFileName: parent?.name ?? null,
  } as AlertEvidence;
}

const outline = (nodes: readonly ProcessNode[]): unknown[] =>
  nodes.map(({ name, children }) => (children.length === 0 ? name : [name, ...outline(children)]));

describe('storyOf', () => {
  it('puts children under their parents in order of their start, whatever order the evidence has', () => {
    const { roots } = storyOf([
      process('chmod', 12, 5, { id: 10, second: 1 }),
      process('curl', 11, 3, { id: 10, second: 1 }),
      process('bash', 10, 1, null),
      process('sh', 13, 6, { id: 11, second: 3 }),
    ]);
    expect(outline(roots)).toEqual([['bash', ['curl', 'sh'], 'chmod']]);
  });

  it('shows a parent that is not evidence itself, once for all its children', () => {
    const { roots } = storyOf([
      process('curl', 11, 3, { id: 10, second: 1, name: 'bash' }),
      process('chmod', 12, 5, { id: 10, second: 1, name: 'bash' }),
    ]);
    expect(outline(roots)).toEqual([['bash', 'curl', 'chmod']]);
    expect(roots[0]?.evidence).toBeNull();
  });

  it('tells processes apart that had the same id one after the other', () => {
    const { roots } = storyOf([
      process('first', 10, 1, null),
      process('second', 10, 4, null),
      process('child', 11, 5, { id: 10, second: 4 }),
      process('orphan', 12, 2, { id: 10 }),
    ]);
    expect(outline(roots)).toEqual([
      ['first', 'orphan'],
      ['second', 'child'],
    ]);
  });

  it('takes a repeated process once', () => {
    expect(storyOf([process('a', 1, 1, null), process('a', 1, 1, null)]).roots).toHaveLength(1);
  });

  it('survives processes that claim to be their own ancestors', () => {
    const { roots } = storyOf([
      process('a', 1, 1, { id: 2, second: 2 }),
      process('b', 2, 2, { id: 1, second: 1 }),
      process('self', 3, 3, { id: 3, second: 3, name: 'self' }),
    ]);
    expect(outline(roots)).toEqual([['b', 'a'], 'self']);
  });

  it('groups the rest by what it is', () => {
    const { related } = storyOf([
      { entityType: 'Ip', ipAddress: '10.0.0.1' } as AlertEvidence,
      { entityType: 'File', fileName: 'x' } as AlertEvidence,
      { entityType: 'Ip', ipAddress: '10.0.0.2' } as AlertEvidence,
    ]);
    expect(related.map(({ type, items }) => [type, items.length])).toEqual([
      ['File', 1],
      ['Ip', 2],
    ]);
  });
});
