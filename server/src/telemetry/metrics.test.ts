import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('are written as Prometheus reads them', async () => {
    const metrics = createMetrics();
    const requests = metrics.counter('requests_total', 'All\nrequests.');
    requests.inc({ route: 'a"b' });
    requests.inc({ route: 'a"b' }, 2);
    metrics.gauge('depth', 'Depth.').set(1.5);
    const seconds = metrics.histogram('seconds', 'Time.', [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
    expect(await metrics.text()).toContain(`# HELP requests_total All\\nrequests.
# TYPE requests_total counter
requests_total{route="a\\"b"} 3
# HELP depth Depth.
# TYPE depth gauge
depth 1.5
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{le="0.1"} 2
seconds_bucket{le="1"} 3
seconds_bucket{le="+Inf"} 4
seconds_sum 7.65
seconds_count 4
`);
  });

  it('survive a collector that fails, and count it', async () => {
    const metrics = createMetrics();
    metrics.collect(() => {
      throw new Error('away');
    });
    await metrics.text();
    expect(await metrics.text()).toContain('merlon_metric_collector_failures_total 2');
  });

  it('have one owner each', () => {
    const metrics = createMetrics();
    metrics.gauge('x', 'X.');
    expect(() => metrics.counter('x', 'X.')).toThrow(/twice/);
  });
});
