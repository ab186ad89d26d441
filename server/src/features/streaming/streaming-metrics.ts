/** What streaming tells in `/metrics`. */
import type { Metrics } from '../../telemetry/metrics.ts';
import { type PumpState, pumpStates } from './pump-state.ts';

type Outcome = 'delivered' | 'left_out' | 'refused' | 'dropped';

export interface StreamingMetrics {
  rows(by: Readonly<Record<Outcome, number>>): void;
  bytes(count: number): void;
}

export interface SettingGauges {
  readonly id: string;
  readonly state: PumpState;
  readonly lagSeconds: number;
  readonly lagBytes: number;
  readonly nearLoss: boolean;
}

export function streamingMetrics(
  metrics: Metrics,
  settings: () => readonly SettingGauges[],
): StreamingMetrics {
  const rows = metrics.counter('merlon_export_rows_total', 'Rows of exports, by what became of them.');
  const bytes = metrics.counter('merlon_export_bytes_total', 'Bytes that exports sent, before compression.');
  const lagSeconds = metrics.gauge(
    'merlon_export_lag_seconds',
    'Age of the oldest row that waits, by setting.',
  );
  const lagBytes = metrics.gauge('merlon_export_lag_bytes', 'Bytes of the event log that wait, by setting.');
  const nearLoss = metrics.gauge(
    'merlon_export_near_loss',
    '1 when more than half of what the event log keeps for a setting waits.',
  );
  const state = metrics.gauge('merlon_export_state', '1 for the state that a setting is in.');
  for (const outcome of ['delivered', 'left_out', 'refused', 'dropped'] as const) rows.inc({ outcome }, 0);
  let shown = new Set<string>();
  metrics.collect(() => {
    const present = settings();
    const ids = new Set(present.map(({ id }) => id));
    for (const id of shown) {
      if (ids.has(id)) continue;
      for (const gauge of [lagSeconds, lagBytes, nearLoss]) gauge.set(0, { setting: id });
      for (const one of pumpStates) state.set(0, { setting: id, state: one });
    }
    shown = ids;
    for (const setting of present) {
      const labels = { setting: setting.id };
      lagSeconds.set(setting.lagSeconds, labels);
      lagBytes.set(setting.lagBytes, labels);
      nearLoss.set(setting.nearLoss ? 1 : 0, labels);
      for (const one of pumpStates) state.set(setting.state === one ? 1 : 0, { ...labels, state: one });
    }
  });
  return {
    rows(by) {
      for (const [outcome, count] of Object.entries(by)) if (count > 0) rows.inc({ outcome }, count);
    },
    bytes: (count) => bytes.inc({}, count),
  };
}
