/**
 * Carries out CollectInvestigationPackage: collects, packs, hands the zip over.
 *
 * What was packed before the agent was stopped is not collected again: the zip waits under the order's id until it is handed over.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_RESULT } from '@merlon/contract';
import { codeOf } from '../agent-error.ts';
import type { ExecutionOrder } from '../channel/order-desk.ts';
import { COLLECTOR_BOUNDS, type CollectorBounds, collect, type ItemReport } from './collector.ts';
import { type Archive, packFolder } from './package-archive.ts';
import { type PackageItem, packageItems } from './package-contents.ts';

export interface InvestigationPackageOptions {
  readonly home: string;
  readonly now: () => Date;
  readonly items?: readonly PackageItem[];
  readonly bounds?: CollectorBounds;
  /** Resolves when the server has the whole file. */
  readonly handOver: (orderId: string, name: string, path: string, signal: AbortSignal) => Promise<void>;
}

export async function collectInvestigationPackage(
  order: ExecutionOrder<'CollectInvestigationPackage'>,
  options: InvestigationPackageOptions,
): Promise<Record<string, unknown>> {
  const { orderId, signal } = order;
  const work = join(options.home, 'packages');
  await mkdir(work, { recursive: true, mode: 0o700 });
  await removeOthers(work, orderId);
  const zip = join(work, `${orderId}.zip`);
  const reports: ItemReport[] = [];
  try {
    const archive = (await alreadyPacked(zip)) ?? (await make(order, options, zip, reports));
    await options.handOver(orderId, PACKAGE_RESULT, zip, signal);
    await rm(zip, { force: true });
    return { file: PACKAGE_RESULT, ...archive, ...summary(reports) };
  } catch (error) {
    // A cancelled or failed collection leaves nothing; one that was only broken off by a stop goes on with the zip it has.
    if (signal.reason !== 'stopping') await rm(zip, { force: true });
    throw error;
  }
}

async function make(
  order: ExecutionOrder<'CollectInvestigationPackage'>,
  options: InvestigationPackageOptions,
  zip: string,
  reports: ItemReport[],
): Promise<Archive> {
  const { orderId, params, signal, progress } = order;
  const items = options.items ?? packageItems;
  const bounds = options.bounds ?? COLLECTOR_BOUNDS;
  const folder = join(options.home, 'packages', orderId);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const startedAt = options.now();
  try {
    await collect(items, folder, {
      bounds,
      signal,
      done: (report) => {
        reports.push(report);
        progress({ collected: reports.length, of: items.length });
      },
    });
    await writeFile(
      join(folder, 'CollectionSummaryReport.txt'),
      summaryReport(reports, startedAt, options.now()),
      { mode: 0o600 },
    );
    // Under its own name only when it is whole.
    const archive = await packFolder(folder, `${zip}.partial`, params.maxBytes, signal);
    await rename(`${zip}.partial`, zip);
    return archive;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(`${zip}.partial`, { force: true });
  }
}

async function alreadyPacked(zip: string): Promise<Archive | null> {
  try {
    const { size } = await stat(zip);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(zip)) hash.update(chunk as Buffer);
    return { bytes: size, sha256: hash.digest('hex') };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What an earlier order left when the agent was killed in the middle of it. */
async function removeOthers(work: string, orderId: string): Promise<void> {
  for (const name of await readdir(work))
    if (name !== `${orderId}.zip`) await rm(join(work, name), { recursive: true, force: true });
}

function summary(reports: readonly ItemReport[]): Record<string, unknown> {
  if (reports.length === 0) return {};
  const of = (result: ItemReport['result']) => reports.filter((report) => report.result === result);
  return {
    collected: of('Collected').length,
    partial: of('Partial').map(({ item, detail }) => `${item}: ${detail}`.slice(0, 300)),
    notAvailable: of('NotAvailable').length,
    failed: of('Failed').map(({ item, detail }) => `${item}: ${detail}`.slice(0, 300)),
  };
}

function summaryReport(reports: readonly ItemReport[], startedAt: Date, finishedAt: Date): string {
  const lines = reports.map(({ item, to, result, detail, milliseconds }) =>
    [result, to, `${milliseconds} ms`, detail, item].join('\t'),
  );
  return [
    `Device\t${hostname()}`,
    `Started\t${startedAt.toISOString()}`,
    `Finished\t${finishedAt.toISOString()}`,
    '',
    ['Result', 'Where', 'Time', 'Detail', 'What'].join('\t'),
    ...lines,
    '',
  ].join('\n');
}
