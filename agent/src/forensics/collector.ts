/** Collects the items of an investigation package into a folder, each within bounds; what could not be had is said, never fatal. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../agent-error.ts';
import { runBounded } from './bounded-command.ts';
import { type CopyBudget, copyFiles, newBudget } from './copied-files.ts';
import { writeListing } from './file-listing.ts';
import type { PackageItem } from './package-contents.ts';
import { writeProcesses } from './running-processes.ts';

export interface CollectorBounds {
  /** Of one command. */
  readonly commandMs: number;
  /** Of one command's output, and of one file. */
  readonly itemBytes: number;
  /** Of all that is collected, before it is packed. */
  readonly totalBytes: number;
}

export const COLLECTOR_BOUNDS: CollectorBounds = {
  commandMs: 60_000,
  itemBytes: 64 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
};

export interface ItemReport {
  /** What it is, as a person would say it: `ss -tuapnoe`, `copies of 12 paths`. */
  readonly item: string;
  readonly to: string;
  readonly result: 'Collected' | 'Partial' | 'NotAvailable' | 'Failed';
  readonly detail: string;
  readonly milliseconds: number;
}

/** Reports come in the order of the items. Rejects only when the signal is aborted. */
export async function collect(
  items: readonly PackageItem[],
  folder: string,
  options: {
    readonly bounds: CollectorBounds;
    readonly signal: AbortSignal;
    readonly done: (report: ItemReport) => void;
  },
): Promise<ItemReport[]> {
  const budget = newBudget(options.bounds.totalBytes);
  const reports: ItemReport[] = [];
  for (const item of items) {
    options.signal.throwIfAborted();
    const startedAt = performance.now();
    const outcome = await collectOne(item, folder, { ...options, budget }).catch((error: unknown) => {
      options.signal.throwIfAborted();
      return { result: 'Failed', detail: codeOf(error) ?? messageOf(error) } as const;
    });
    const report: ItemReport = {
      item: nameOf(item),
      to: item.to,
      ...outcome,
      milliseconds: Math.round(performance.now() - startedAt),
    };
    reports.push(report);
    options.done(report);
  }
  return reports;
}

type Outcome = Pick<ItemReport, 'result' | 'detail'>;

async function collectOne(
  item: PackageItem,
  folder: string,
  options: { readonly bounds: CollectorBounds; readonly signal: AbortSignal; readonly budget: CopyBudget },
): Promise<Outcome> {
  const { bounds, signal, budget } = options;
  const to = join(folder, item.to);
  await mkdir(item.kind === 'files' ? to : dirname(to), { recursive: true, mode: 0o700 });
  switch (item.kind) {
    case 'command': {
      const maxBytes = Math.min(bounds.itemBytes, budget.bytes);
      if (maxBytes <= 0) return { result: 'Failed', detail: 'the package is full' };
      const outcome = await runBounded({
        argv: item.argv,
        to,
        timeLimitMs: bounds.commandMs,
        maxBytes,
        signal,
      });
      return commandOutcome(outcome, bounds, budget);
    }
    case 'files': {
      const { copied, bytes, problems } = await copyFiles(item.from, to, {
        budget,
        maxFileBytes: bounds.itemBytes,
        signal,
      });
      const first = problems[0];
      return {
        result: problems.length > 0 ? 'Partial' : copied > 0 ? 'Collected' : 'NotAvailable',
        detail: `${copied} files, ${bytes} bytes${first ? `; ${problems.length} not whole, the first ${first.path}: ${first.reason}` : ''}`,
      };
    }
    case 'listing': {
      const { entries, whole } = await writeListing(item.below, to, signal);
      return { result: whole ? 'Collected' : 'Partial', detail: `${entries} entries` };
    }
    case 'processes':
      return { result: 'Collected', detail: `${await writeProcesses(to, signal)} processes` };
    default:
      throw new Error(`unknown item ${JSON.stringify(item satisfies never)}`);
  }
}

function commandOutcome(
  outcome: Awaited<ReturnType<typeof runBounded>>,
  bounds: CollectorBounds,
  budget: CopyBudget,
): Outcome {
  switch (outcome.kind) {
    case 'missing':
      return { result: 'NotAvailable', detail: 'this device has no such program' };
    case 'timeout':
      budget.bytes -= outcome.bytes;
      return { result: 'Partial', detail: `ended after ${bounds.commandMs} ms, ${outcome.bytes} bytes` };
    case 'done': {
      budget.bytes -= outcome.bytes;
      const { bytes, status, cut, stderr } = outcome;
      if (cut) return { result: 'Partial', detail: `cut at ${bytes} bytes` };
      if (status === 0) return { result: 'Collected', detail: `${bytes} bytes` };
      return {
        result: bytes > 0 ? 'Partial' : 'Failed',
        detail: `exit status ${status}, ${bytes} bytes${stderr ? `: ${stderr.trim()}` : ''}`,
      };
    }
    default:
      throw new Error(`unknown outcome ${JSON.stringify(outcome satisfies never)}`);
  }
}

function nameOf(item: PackageItem): string {
  switch (item.kind) {
    case 'command':
      return item.argv.join(' ');
    case 'files':
      return `copies of ${item.from.join(', ')}`;
    case 'listing':
      return `listing of ${item.below.join(', ')}`;
    case 'processes':
      return 'running processes';
    default:
      throw new Error(`unknown item ${JSON.stringify(item satisfies never)}`);
  }
}
