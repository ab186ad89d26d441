/** From rule matches to what the alerts feature takes: one candidate for what belongs together. Pure. */
import { type AlertEvidence, type AlertSeverity, isoToMs } from '@merlon/contract';
import { type AttackTactic, type RuleLevel, type SigmaRule, tacticsOf, techniquesOf } from '@merlon/sigma';
import type { AlertCandidate } from '../alerts/index.ts';
import { dedupKey } from './dedup-key.ts';
import { factsOf } from './event-facts.ts';
import { evidenceOf } from './evidence.ts';
import type { Lineage } from './lineage.ts';
import { numberOf, type Row, textOf } from './row-processes.ts';

const SEVERITY: Readonly<Record<RuleLevel, AlertSeverity>> = {
  informational: 'Informational',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'High',
};

const CATEGORY: Readonly<Record<AttackTactic, string>> = {
  reconnaissance: 'Reconnaissance',
  'resource-development': 'ResourceDevelopment',
  'initial-access': 'InitialAccess',
  execution: 'Execution',
  persistence: 'Persistence',
  'privilege-escalation': 'PrivilegeEscalation',
  'defense-evasion': 'DefenseEvasion',
  'credential-access': 'CredentialAccess',
  discovery: 'Discovery',
  'lateral-movement': 'LateralMovement',
  collection: 'Collection',
  'command-and-control': 'CommandAndControl',
  exfiltration: 'Exfiltration',
  impact: 'Impact',
};
/** Of what no tactic is known. */
export const NO_CATEGORY = 'SuspiciousActivity';

export interface EventOrigin {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deviceName: string;
}

export function candidateOf(
  rule: SigmaRule,
  table: string,
  row: Row,
  origin: EventOrigin,
  lineage: Lineage,
): AlertCandidate {
  const [tactic] = tacticsOf(rule.tags);
  const timestamp = textOf(row, 'Timestamp') ?? '';
  const found = evidenceOf(table, row, origin.deviceId, lineage);
  return {
    tenantId: origin.tenantId,
    deviceId: origin.deviceId,
    deviceName: origin.deviceName,
    dedupKey: dedupKey(rule.id, origin.deviceId, table, row),
    ruleId: rule.id,
    title: rule.title,
    description: rule.description,
    severity: SEVERITY[rule.level],
    category: tactic ? CATEGORY[tactic] : NO_CATEGORY,
    techniques: techniquesOf(rule.tags),
    recommendedAction: rule.recommendedAction,
    firstEventTime: timestamp,
    lastEventTime: timestamp,
    events: [{ table, reportId: numberOf(row, 'ReportId') ?? 0, timestamp, facts: factsOf(row, found) }],
    ...found,
  };
}

/** Events of one candidate lie at most this far apart: the alerts feature tells apart what is further. */
const MAX_SPAN_MS = 3_600_000;
const MAX_EVENTS = 200;
const MAX_EVIDENCE = 200;

/** Joins candidates of one key whose events are near, so that a burst is one call. */
export function mergeCandidates(candidates: readonly AlertCandidate[]): AlertCandidate[] {
  const inTime = candidates
    .map((candidate) => ({ candidate, ms: isoToMs(candidate.firstEventTime) }))
    .sort((a, b) => a.ms - b.ms);
  const merged: Merging[] = [];
  const open = new Map<string, Merging>();
  for (const { candidate, ms } of inTime) {
    const key = `${candidate.tenantId} ${candidate.dedupKey}`;
    const current = open.get(key);
    if (current && ms - current.startMs <= MAX_SPAN_MS && current.parts.length < MAX_EVENTS) {
      current.parts.push(candidate);
      continue;
    }
    const next: Merging = { startMs: ms, parts: [candidate] };
    open.set(key, next);
    merged.push(next);
  }
  return merged.flatMap(({ parts }) => joined(parts));
}

interface Merging {
  readonly startMs: number;
  readonly parts: AlertCandidate[];
}

/** In order of time; one, unless there is none. */
function joined(parts: readonly AlertCandidate[]): AlertCandidate[] {
  const first = parts[0];
  const last = parts.at(-1);
  if (!first || !last) return [];
  if (parts.length === 1) return [first];
  const evidence = new Map<string, AlertEvidence>();
  for (const part of parts) {
    for (const entity of part.evidence) {
      const { evidenceCreationTime: _, ...what } = entity;
      const key = JSON.stringify(what);
      if (!evidence.has(key) && evidence.size < MAX_EVIDENCE) evidence.set(key, entity);
    }
  }
  return [
    {
      ...first,
      lastEventTime: last.lastEventTime,
      events: parts.flatMap((part) => part.events),
      evidence: [...evidence.values()],
    },
  ];
}
