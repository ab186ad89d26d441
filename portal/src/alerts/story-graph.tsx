/** The processes of a story as a graph that can be moved and made larger. The list beside it says the same to those who do not see it. */
import '@xyflow/react/dist/style.css';
import { makeStyles, mergeClasses, shorthands, tokens } from '@fluentui/react-components';
import type { AlertEvidence } from '@merlon/contract';
import { Background, Controls, Handle, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react';
import { useMemo } from 'react';
import { useDark } from '../preferences.ts';
import { Time } from '../ui/time.tsx';
import type { ProcessNode } from './evidence-tree.ts';
import { processGraph, ROW_PX } from './graph-layout.ts';

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  process: {
    width: '220px',
    height: '64px',
    boxSizing: 'border-box',
    padding: '6px 10px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    fontSize: tokens.fontSizeBase200,
    overflow: 'hidden',
  },
  detected: { borderLeft: `4px solid ${tokens.colorPaletteDarkOrangeForeground1}` },
  chosen: { outline: `2px solid ${tokens.colorBrandForeground1}` },
  context: { ...shorthands.borderStyle('dashed'), color: tokens.colorNeutralForeground3 },
  name: { fontWeight: tokens.fontWeightSemibold, display: 'flex', gap: '6px' },
  grow: { flexGrow: 1, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  line: {
    display: 'block',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontFamily: tokens.fontFamilyMonospace,
  },
});

type FlowNode = Node<{ process: ProcessNode; chosen: boolean }, 'process'>;

function ProcessBox({ data: { process, chosen } }: NodeProps<FlowNode>) {
  const styles = useStyles();
  const { evidence, name, processId, startedAt } = process;
  return (
    <div
      className={mergeClasses(
        styles.process,
        evidence === null && styles.context,
        evidence?.detectionStatus != null && styles.detected,
        chosen && styles.chosen,
      )}
    >
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <span className={styles.name}>
        <span className={styles.grow}>
          {name} {processId ?? ''}
        </span>
      </span>
      <span className={styles.line}>{evidence?.processCommandLine ?? ''}</span>
      <Time value={startedAt} fine />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

const nodeTypes = { process: ProcessBox };

export function StoryGraph({
  roots,
  chosen,
  onChoose,
}: {
  readonly roots: readonly ProcessNode[];
  readonly chosen: AlertEvidence | null;
  onChoose(evidence: AlertEvidence): void;
}) {
  const styles = useStyles();
  const dark = useDark();
  const graph = useMemo(() => processGraph(roots), [roots]);
  const rows = Math.max(...graph.nodes.map(({ y }) => y / ROW_PX)) + 1;
  const nodes = graph.nodes.map(
    ({ node, x, y }): FlowNode => ({
      id: node.key,
      type: 'process',
      position: { x, y },
      data: { process: node, chosen: node.evidence !== null && node.evidence === chosen },
      ariaLabel: `${node.name} ${node.processId ?? ''}`,
    }),
  );
  const edges = graph.edges.map(({ from, to }) => ({ id: `${from} ${to}`, source: from, target: to }));
  return (
    <div className={styles.frame} style={{ height: Math.min(520, Math.max(220, rows * ROW_PX + 60)) }}>
      <ReactFlow
        aria-label="Processes"
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        colorMode={dark ? 'dark' : 'light'}
        fitView
        fitViewOptions={{ minZoom: 0.7, maxZoom: 1, padding: 0.08 }}
        minZoom={0.2}
        preventScrolling={false}
        zoomOnScroll={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_event, { data }) => {
          if (data.process.evidence) onChoose(data.process.evidence);
        }}
        onSelectionChange={({ nodes: [node] }) => {
          const evidence = (node as FlowNode | undefined)?.data.process.evidence;
          if (evidence) onChoose(evidence);
        }}
      >
        <Background />
        <Controls position="bottom-right" orientation="horizontal" showInteractive={false} />
      </ReactFlow>
    </div>
  );
}
