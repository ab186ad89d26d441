/**
 * Worker thread: reads requests of collectors one after another. What is remembered of processes and of events told before is held here, so the requests of a
 * collector always come to the same thread.
 */
import { parentPort } from 'node:worker_threads';
import { TelemetryMapper } from '@merlon/telemetry';
import {
  CollectBatch,
  type Collected,
  type CollectRequest,
  type HostDecision,
  type HostSeen,
} from './collect-batch.ts';
import type { BodyRefusal } from './read-body.ts';
import { RecentReports } from './recent-reports.ts';

export type ToWorker =
  | { readonly kind: 'map'; readonly id: number; readonly tenantId: string; readonly request: CollectRequest }
  | {
      readonly kind: 'shape';
      readonly id: number;
      readonly decisions: readonly HostDecision[];
      readonly retentionDays: number;
    }
  /** The log has its records, or they could not be kept. */
  | { readonly kind: 'done'; readonly id: number; readonly kept: boolean };

export type FromWorker =
  | { readonly kind: 'mapped'; readonly id: number; readonly hosts: readonly HostSeen[] }
  | { readonly kind: 'refused'; readonly id: number; readonly refusal: BodyRefusal }
  | { readonly kind: 'shaped'; readonly id: number; readonly collected: Collected };

/** Tenants whose memory is kept apart; the one unused longest goes first. */
const MOST_TENANTS = 200;
/** Processes remembered for each. */
const PROCESSES_OF_TENANT = 100_000;

const tenants = new Map<string, { readonly mapper: TelemetryMapper; readonly recent: RecentReports }>();
const batches = new Map<number, CollectBatch>();

function memoryOf(tenantId: string) {
  const memory = tenants.get(tenantId) ?? {
    mapper: new TelemetryMapper({ now: Date.now, mostProcesses: PROCESSES_OF_TENANT }),
    recent: new RecentReports(),
  };
  tenants.delete(tenantId);
  tenants.set(tenantId, memory);
  const [oldest] = tenants.keys();
  if (tenants.size > MOST_TENANTS && oldest !== undefined) tenants.delete(oldest);
  return memory;
}

function answer(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, [...transfer]);
}

parentPort?.on('message', (message: ToWorker) => {
  const { id } = message;
  switch (message.kind) {
    case 'map': {
      const { mapper, recent } = memoryOf(message.tenantId);
      const batch = CollectBatch.map(message.request, mapper, recent);
      if ('code' in batch) return answer({ kind: 'refused', id, refusal: batch });
      batches.set(id, batch);
      return answer({ kind: 'mapped', id, hosts: batch.hosts });
    }
    case 'shape': {
      const batch = batches.get(id);
      if (!batch) throw new Error(`there is no batch ${id}`);
      const collected = batch.shape(message.decisions, message.retentionDays);
      return answer(
        { kind: 'shaped', id, collected },
        collected.records.map(({ payload }) => payload.buffer),
      );
    }
    case 'done':
      if (message.kept) batches.get(id)?.kept();
      batches.delete(id);
  }
});
