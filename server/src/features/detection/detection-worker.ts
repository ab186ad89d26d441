/** Worker thread: runs the detector, one job after another. */
import { parentPort } from 'node:worker_threads';
import type { WatchedIndicator } from '../indicators/index.ts';
import {
  type Detected,
  Detector,
  type DeviceBatch,
  type RuleSource,
  type TenantRules,
  type UnusableRule,
} from './detector.ts';

export type DetectionJob =
  | { readonly kind: 'builtin'; readonly sources: readonly RuleSource[] }
  | { readonly kind: 'tenant'; readonly tenantId: string; readonly rules: TenantRules }
  | { readonly kind: 'forget'; readonly tenantId: string }
  | {
      readonly kind: 'indicators';
      readonly tenantId: string;
      readonly indicators: readonly WatchedIndicator[];
    }
  | { readonly kind: 'detect'; readonly batches: readonly DeviceBatch[] };

export type DetectionAnswer =
  | { readonly kind: 'unusable'; readonly tenantId: string | null; readonly rules: readonly UnusableRule[] }
  | { readonly kind: 'detected'; readonly detected: Detected };

const detector = new Detector();
const answer = (message: DetectionAnswer) => parentPort?.postMessage(message);

parentPort?.on('message', (job: DetectionJob) => {
  switch (job.kind) {
    case 'builtin':
      answer({ kind: 'unusable', tenantId: null, rules: detector.setBuiltin(job.sources) });
      return;
    case 'tenant':
      answer({
        kind: 'unusable',
        tenantId: job.tenantId,
        rules: detector.setTenant(job.tenantId, job.rules),
      });
      return;
    case 'forget':
      detector.forgetTenant(job.tenantId);
      return;
    case 'indicators':
      detector.setIndicators(job.tenantId, job.indicators);
      return;
    case 'detect':
      answer({ kind: 'detected', detected: detector.detect(job.batches) });
  }
});
