/** What the process itself costs, under the names Prometheus dashboards expect. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

export function collectProcessMetrics(metrics: Metrics): void {
  const resident = metrics.gauge('process_resident_memory_bytes', 'Resident memory.');
  const heap = metrics.gauge('nodejs_heap_size_used_bytes', 'Heap in use.');
  const cpu = metrics.gauge('process_cpu_seconds_total', 'User and system CPU time.');
  const start = metrics.gauge('process_start_time_seconds', 'Start of the process since the epoch.');
  const delay = metrics.gauge(
    'nodejs_eventloop_lag_seconds',
    'Delay of the event loop since the last scrape, by quantile.',
  );
  const histogram = monitorEventLoopDelay({ resolution: 20 });
  histogram.enable();
  start.set(Math.round(Date.now() / 1_000 - process.uptime()));
  metrics.collect(() => {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    resident.set(rss);
    heap.set(heapUsed);
    cpu.set((user + system) / 1e6);
    for (const quantile of [50, 99])
      delay.set(histogram.percentile(quantile) / 1e9, { quantile: String(quantile / 100) });
    histogram.reset();
  });
}
