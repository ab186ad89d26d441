/** What `merlon-agent health` shows: the device's own view, in the names that `mdatp health` made customary where both know the thing. */
import type { SensorSourceHealth } from '@merlon/contract';
import type { ChannelState } from './channel/channel.ts';
import type { IsolationKind } from './responder/isolation.ts';
import type { SpoolStats } from './spool/spool.ts';

export interface SessionView {
  readonly channelState: ChannelState;
  readonly channelSince: Date;
  readonly channelProblem: string | null;
  readonly sendProblem: string | null;
  readonly sensors: readonly SensorSourceHealth[];
  readonly spool: SpoolStats;
  readonly spoolMaxBytes: number;
  readonly clockOffsetMs: number;
  readonly lastOrderSeq: number;
}

export interface HealthFacts {
  readonly version: string;
  readonly onboarding: 'NotOnboarded' | 'KeyMade' | 'Enrolled' | 'Offboarded';
  readonly tenantId: string | null;
  readonly deviceId: string | null;
  readonly serverUrl: string | null;
  readonly tag: string | null;
  readonly isolation: IsolationKind;
  readonly isolationWanted: IsolationKind;
  readonly executionRestricted: boolean;
  readonly executionRestrictionWanted: boolean;
  /** Why the server sent this device away, while it does. */
  readonly dismissed: string | null;
  /** Null while nothing is sent: not onboarded, or dismissed. */
  readonly session: SessionView | null;
}

/** Flat, so that `--field` can name everything. Absent knowledge is null. */
export type AgentHealth = Record<string, unknown>;

export function agentHealth(facts: HealthFacts): AgentHealth {
  const { session } = facts;
  const issues = healthIssues(facts);
  return {
    healthy: issues.length === 0,
    health_issues: issues,
    onboarding_state: facts.onboarding,
    org_id: facts.tenantId,
    edr_machine_id: facts.deviceId,
    edr_device_tags: facts.tag === null ? [] : [{ key: 'GROUP', value: facts.tag }],
    app_version: facts.version,
    server_url: facts.serverUrl,
    isolation: facts.isolation,
    execution_restricted: facts.executionRestricted,
    channel_state: session?.channelState ?? null,
    channel_since: session?.channelSince.toISOString() ?? null,
    channel_problem: session?.channelProblem ?? null,
    send_problem: session?.sendProblem ?? null,
    clock_offset_ms: session?.clockOffsetMs ?? null,
    last_order_seq: session?.lastOrderSeq ?? null,
    spool_batches: session?.spool.batches ?? null,
    spool_bytes: session?.spool.bytes ?? null,
    spool_pending_rows: session?.spool.pendingRows ?? null,
    spool_dropped_rows: session?.spool.droppedRows ?? null,
    spool_rejected_rows: session?.spool.rejectedRows ?? null,
    sensors: session?.sensors ?? [],
  };
}

function healthIssues(facts: HealthFacts): string[] {
  const issues: string[] = [];
  const { session } = facts;
  if (facts.onboarding !== 'Enrolled') issues.push('the device is not onboarded');
  if (facts.dismissed !== null) issues.push(`the server sent this device away: ${facts.dismissed}`);
  if (facts.isolationWanted !== facts.isolation) {
    issues.push(`isolation ${facts.isolationWanted} is wanted but ${facts.isolation} is in force`);
  }
  if (facts.executionRestrictionWanted !== facts.executionRestricted) {
    issues.push('execution is to be restricted, but is not');
  }
  if (!session) return issues;
  if (session.channelState !== 'Open') {
    issues.push(`the command channel is not open: ${session.channelProblem ?? 'connecting'}`);
  }
  if (session.sendProblem !== null) issues.push(`events cannot be sent: ${session.sendProblem}`);
  if (session.spool.bytes > session.spoolMaxBytes * 0.9) issues.push('the spool is nearly full');
  for (const { source, state, reason } of session.sensors) {
    if (state !== 'Running')
      issues.push(`sensor ${source} is ${state.toLowerCase()}${reason ? `: ${reason}` : ''}`);
  }
  return issues;
}
