/** The evidence of an alert as a story: processes as a tree in time order, and what else belongs to it. Pure. */
import type { AlertEvidence, EvidenceEntityType } from '@merlon/contract';

export interface ProcessNode {
  readonly key: string;
  /** Null for a process known only as the parent of another. */
  readonly evidence: AlertEvidence | null;
  readonly name: string;
  readonly processId: number | null;
  readonly startedAt: string | null;
  /** In order of their start. */
  readonly children: readonly ProcessNode[];
}

export interface Story {
  readonly roots: readonly ProcessNode[];
  /** Evidence other than processes, grouped; groups without any are left out. */
  readonly related: readonly {
    readonly type: EvidenceEntityType;
    readonly items: readonly AlertEvidence[];
  }[];
}

interface Growing extends ProcessNode {
  readonly children: Growing[];
  parent: Growing | null;
}

export function storyOf(evidence: readonly AlertEvidence[]): Story {
  const nodes = new Map<string, Growing>();
  for (const one of evidence) {
    if (one.entityType !== 'Process') continue;
    const key = processKey(one.processId, one.processCreationTime, one.fileName);
    if (nodes.has(key)) continue;
    nodes.set(key, {
      key,
      evidence: one,
      name: one.fileName ?? 'unknown process',
      processId: one.processId,
      startedAt: one.processCreationTime,
      children: [],
      parent: null,
    });
  }
  for (const node of [...nodes.values()]) adopt(node, nodes);
  const all = [...nodes.values()];
  for (const node of all) node.children.sort(byStart);
  return { roots: all.filter(({ parent }) => parent === null).sort(byStart), related: relatedOf(evidence) };
}

function adopt(node: Growing, nodes: Map<string, Growing>): void {
  const { evidence } = node;
  if (!evidence || evidence.parentProcessId === null) return;
  const parent =
    find(nodes, evidence.parentProcessId, evidence.parentProcessCreationTime, node) ??
    implied(evidence, nodes);
  // Evidence is what devices said: a process that claims to descend from itself stays a root.
  if (!parent || descendsFrom(parent, node)) return;
  node.parent = parent;
  parent.children.push(node);
}

/** By id and start; where the start of the parent is not known, the last process of that id that had begun before the child. */
function find(
  nodes: Map<string, Growing>,
  processId: number,
  startedAt: string | null,
  child: Growing,
): Growing | undefined {
  const same = [...nodes.values()].filter((node) => node.processId === processId && node !== child);
  if (startedAt !== null)
    return same.find((node) => node.startedAt === null || sameTime(node.startedAt, startedAt));
  return same
    .filter(({ startedAt: own }) => own === null || child.startedAt === null || own <= child.startedAt)
    .sort(byStart)
    .at(-1);
}

function implied(child: AlertEvidence, nodes: Map<string, Growing>): Growing | undefined {
  if (child.parentProcessFileName === null) return undefined;
  const key = processKey(child.parentProcessId, child.parentProcessCreationTime, child.parentProcessFileName);
  const known = nodes.get(key);
  if (known) return known;
  const node: Growing = {
    key,
    evidence: null,
    name: child.parentProcessFileName,
    processId: child.parentProcessId,
    startedAt: child.parentProcessCreationTime,
    children: [],
    parent: null,
  };
  nodes.set(key, node);
  return node;
}

function descendsFrom(node: Growing, ancestor: Growing): boolean {
  for (let at: Growing | null = node; at; at = at.parent) if (at === ancestor) return true;
  return false;
}

function processKey(processId: number | null, startedAt: string | null, name: string | null): string {
  return `${processId} ${startedAt} ${name}`;
}

/** Devices may give a start with less precision in one place than in another. */
function sameTime(a: string, b: string): boolean {
  return a === b || Date.parse(a) === Date.parse(b);
}

function byStart(a: ProcessNode, b: ProcessNode): number {
  return (a.startedAt ?? '') < (b.startedAt ?? '') ? -1 : (a.startedAt ?? '') > (b.startedAt ?? '') ? 1 : 0;
}

const relatedTypes = ['File', 'Ip', 'Url', 'User', 'Registry'] as const;

function relatedOf(evidence: readonly AlertEvidence[]): Story['related'] {
  return relatedTypes
    .map((type) => ({ type, items: evidence.filter(({ entityType }) => entityType === type) }))
    .filter(({ items }) => items.length > 0);
}
