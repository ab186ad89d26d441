/** A small Prometheus registry: counters, gauges and histograms with labels, text format 0.0.4. Labels must have few values. */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(labels?: Labels, by?: number): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  /** In the metric's own unit; by Prometheus custom seconds or bytes. */
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  histogram(name: string, help: string, buckets?: readonly number[]): Histogram;
  /** Called before each scrape, to set gauges that are read rather than pushed. A failing collector is skipped and counted. */
  collect(collector: () => void | Promise<void>): void;
  /** The exposition text. */
  text(): Promise<string>;
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Family = {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string>;
};

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const collectors: (() => void | Promise<void>)[] = [];

  const add = <T extends Family>(family: T): T => {
    if (families.has(family.name)) throw new Error(`metric ${family.name} is registered twice`);
    families.set(family.name, family);
    return family;
  };

  const values = (name: string, help: string, type: 'counter' | 'gauge') => {
    const byLabels = new Map<string, number>();
    const lines = function* () {
      for (const [labels, value] of byLabels) yield `${name}${labels} ${value}`;
    };
    add({ name, help, type, lines });
    return byLabels;
  };

  const metrics: Metrics = {
    counter(name, help) {
      const byLabels = values(name, help, 'counter');
      return {
        inc(labels, by = 1) {
          const key = labelText(labels);
          byLabels.set(key, (byLabels.get(key) ?? 0) + by);
        },
      };
    },
    gauge(name, help) {
      const byLabels = values(name, help, 'gauge');
      return { set: (value, labels) => void byLabels.set(labelText(labels), value) };
    },
    histogram(name, help, buckets = SECONDS) {
      const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();
      const lines = function* () {
        for (const { labels, counts, sum, count } of series.values()) {
          let below = 0;
          for (const [i, bound] of buckets.entries()) {
            below += counts[i] ?? 0;
            yield `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${below}`;
          }
          yield `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`;
          yield `${name}_sum${labelText(labels)} ${sum}`;
          yield `${name}_count${labelText(labels)} ${count}`;
        }
      };
      add({ name, help, type: 'histogram', lines });
      return {
        observe(value, labels = {}) {
          const key = labelText(labels);
          const entry = series.get(key) ?? { labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
          series.set(key, entry);
          const bucket = buckets.findIndex((bound) => value <= bound);
          if (bucket >= 0) entry.counts[bucket] = (entry.counts[bucket] ?? 0) + 1;
          entry.sum += value;
          entry.count += 1;
        },
      };
    },
    collect: (collector) => void collectors.push(collector),
    async text() {
      for (const collector of collectors) {
        try {
          await collector();
        } catch {
          failures.inc();
        }
      }
      const out: string[] = [];
      for (const family of families.values()) {
        out.push(
          `# HELP ${family.name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
          `# TYPE ${family.name} ${family.type}`,
        );
        out.push(...family.lines());
      }
      return `${out.join('\n')}\n`;
    },
  };
  const failures = metrics.counter(
    'merlon_metric_collector_failures_total',
    'Collectors that threw during a scrape.',
  );
  return metrics;
}

function labelText(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {});
  if (pairs.length === 0) return '';
  return `{${pairs.map(([k, v]) => `${k}="${v.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
}
