/** The detector in its own thread, with what it was told kept so that a new thread can be told again when one ends. */
import { Worker } from 'node:worker_threads';
import type { WatchedIndicator } from '../indicators/index.ts';
import type { DetectionAnswer, DetectionJob } from './detection-worker.ts';
import type { Detected, DeviceBatch, RuleSource, TenantRules, UnusableRule } from './detector.ts';

export interface DetectorThread {
  setBuiltin(sources: readonly RuleSource[]): void;
  setTenant(tenantId: string, rules: TenantRules): void;
  forgetTenant(tenantId: string): void;
  /** None: they are forgotten. */
  setIndicators(tenantId: string, indicators: readonly WatchedIndicator[]): void;
  /** One at a time. Rejects when the thread ends meanwhile; ask again. */
  detect(batches: readonly DeviceBatch[]): Promise<Detected>;
  close(): Promise<void>;
}

export function startDetectorThread(options: {
  workerUrl: URL;
  onUnusable: (tenantId: string | null, rules: readonly UnusableRule[]) => void;
}): DetectorThread {
  let builtin: readonly RuleSource[] = [];
  const tenants = new Map<string, TenantRules>();
  const watched = new Map<string, readonly WatchedIndicator[]>();
  let worker: Worker | null = null;
  let closed = false;
  let waiting: { resolve(detected: Detected): void; reject(error: Error): void } | null = null;

  const send = (target: Worker, job: DetectionJob, transfer: ArrayBuffer[] = []) =>
    target.postMessage(job, transfer);

  const running = (): Worker => {
    if (worker) return worker;
    const started = new Worker(options.workerUrl);
    started.unref();
    started.on('message', (message: DetectionAnswer) => {
      if (message.kind === 'detected') settle()?.resolve(message.detected);
      else if (message.rules.length > 0) options.onUnusable(message.tenantId, message.rules);
    });
    const ended = (error: Error) => {
      // An error is followed by the exit, by which time another thread may be at work.
      if (worker !== started) return;
      worker = null;
      settle()?.reject(error);
    };
    started.on('error', ended);
    started.on('exit', (code) => ended(new Error(`the detection thread ended with code ${code}`)));
    send(started, { kind: 'builtin', sources: builtin });
    for (const [tenantId, rules] of tenants) send(started, { kind: 'tenant', tenantId, rules });
    for (const [tenantId, indicators] of watched) send(started, { kind: 'indicators', tenantId, indicators });
    worker = started;
    return started;
  };

  const settle = () => {
    const settled = waiting;
    waiting = null;
    return settled;
  };

  return {
    setBuiltin(sources) {
      builtin = sources;
      if (worker) send(worker, { kind: 'builtin', sources });
    },
    setTenant(tenantId, rules) {
      tenants.set(tenantId, rules);
      if (worker) send(worker, { kind: 'tenant', tenantId, rules });
    },
    forgetTenant(tenantId) {
      tenants.delete(tenantId);
      if (worker) send(worker, { kind: 'forget', tenantId });
    },
    setIndicators(tenantId, indicators) {
      if (indicators.length === 0) watched.delete(tenantId);
      else watched.set(tenantId, indicators);
      if (worker) send(worker, { kind: 'indicators', tenantId, indicators });
    },
    detect(batches) {
      if (closed) return Promise.reject(new Error('the detector is closed'));
      if (waiting) return Promise.reject(new Error('the detection thread has a job'));
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        const { copies, memory } = movable(batches);
        send(running(), { kind: 'detect', batches: copies }, [memory]);
      });
    },
    async close() {
      closed = true;
      const ending = worker;
      worker = null;
      settle()?.reject(new Error('the server stops'));
      await ending?.terminate();
    },
  };
}

/** Rows are views of the log's memory, which must stay here: they are copied once, into memory that changes hands. */
function movable(batches: readonly DeviceBatch[]): { copies: DeviceBatch[]; memory: ArrayBuffer } {
  let size = 0;
  for (const { sections } of batches) for (const { block } of sections) size += block.byteLength;
  const memory = new ArrayBuffer(size);
  let at = 0;
  const copies = batches.map((batch) => ({
    ...batch,
    sections: batch.sections.map(({ table, block }) => {
      const copy = new Uint8Array(memory, at, block.byteLength);
      copy.set(block);
      at += block.byteLength;
      return { table, block: copy };
    }),
  }));
  return { copies, memory };
}
