import { describe, expect, it } from 'vitest';
import type { ProcessNode } from './evidence-tree.ts';
import { COLUMN_PX, processGraph, ROW_PX } from './graph-layout.ts';

const process = (key: string, ...children: ProcessNode[]): ProcessNode => ({
  key,
  evidence: null,
  name: key,
  processId: null,
  startedAt: null,
  children,
});

describe('the graph of processes', () => {
  it('gives each a place of its own, children to the right', () => {
    const { nodes, edges } = processGraph([
      process('a', process('b', process('c')), process('d')),
      process('e'),
    ]);
    expect(nodes.map(({ node, x, y }) => [node.key, x / COLUMN_PX, y / ROW_PX])).toEqual([
      ['a', 0, 0],
      ['b', 1, 0],
      ['c', 2, 0],
      ['d', 1, 1],
      ['e', 0, 2],
    ]);
    expect(edges).toEqual([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'a', to: 'd' },
    ]);
  });
});
