/** Where the processes of a story stand in its graph: a column a generation, rows in time order. Pure. */
import type { ProcessNode } from './evidence-tree.ts';

export interface PlacedProcess {
  readonly node: ProcessNode;
  readonly x: number;
  readonly y: number;
}

export interface ProcessGraph {
  readonly nodes: readonly PlacedProcess[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export const COLUMN_PX = 260;
export const ROW_PX = 84;

/** A process stands beside the first of its children; leaves follow one another. */
export function processGraph(roots: readonly ProcessNode[]): ProcessGraph {
  const nodes: PlacedProcess[] = [];
  const edges: { from: string; to: string }[] = [];
  let row = 0;
  const place = (node: ProcessNode, depth: number): void => {
    nodes.push({ node, x: depth * COLUMN_PX, y: row * ROW_PX });
    for (const [index, child] of node.children.entries()) {
      if (index > 0) row += 1;
      edges.push({ from: node.key, to: child.key });
      place(child, depth + 1);
    }
  };
  for (const [index, root] of roots.entries()) {
    if (index > 0) row += 1;
    place(root, 0);
  }
  return { nodes, edges };
}
