import { isoToMs } from '@merlon/contract';
import type { Clock } from '../../telemetry/clock.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { DetectionCounts } from './detector.ts';

export interface DetectionMetrics {
  detected(counts: DetectionCounts): void;
  raised(outcome: 'raised' | 'folded', severity: string): void;
  /** What no rule saw, or no alert came of, for good. */
  lost(what: 'record' | 'range' | 'alert'): void;
  /** Everything received up to this moment has been seen. */
  readUpTo(receivedAt: string): void;
}

export function detectionMetrics(metrics: Metrics, clock: Clock): DetectionMetrics {
  const rows = metrics.counter('merlon_detection_rows_total', 'Events shown to the rules, by outcome.');
  const matches = metrics.counter('merlon_detection_matches_total', 'Times a rule matched an event.');
  const alerts = metrics.counter(
    'merlon_detection_alerts_total',
    'Findings, by whether they opened an alert or joined one, and severity.',
  );
  const lost = metrics.counter('merlon_detection_lost_total', 'What detection gave up on, by kind.');
  const lag = metrics.gauge(
    'merlon_detection_lag_seconds',
    'Time from arrival of the latest batch seen to the end of its detection.',
  );
  return {
    detected(counts) {
      rows.inc({ outcome: 'seen' }, counts.rows);
      if (counts.unreadable > 0) rows.inc({ outcome: 'unreadable' }, counts.unreadable);
      if (counts.matches > 0) matches.inc({}, counts.matches);
    },
    raised: (outcome, severity) => alerts.inc({ outcome, severity }),
    lost: (what) => lost.inc({ what }),
    readUpTo(receivedAt) {
      lag.set(Math.max(0, (clock.now().getTime() - isoToMs(receivedAt)) / 1000));
    },
  };
}
